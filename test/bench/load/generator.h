// The callers: a number of connections, each with one request at a time, and every answer looked at.
// Closed loop: a connection asks again as soon as it has its answer. Open loop: requests have intended start times at a
// fixed rate, wait when all connections are busy, and their latency counts from the intended time.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct generator_options {
  int port;
  int connections;
  size_t body_size; // what every response must have
  double rate;      // requests a second; 0 is the closed loop
};

struct generator_counts {
  uint64_t requests;
  uint64_t bytes; // of bodies
  uint64_t errors;
  char first_error[200];
};

extern struct generator_counts generator_counts;

void generator_open(const struct generator_options *options);
// Sends what is due; returns the nanoseconds until the next is, at most a tenth of a second.
uint64_t generator_send_due(void);
// From here on requests and latencies count. Errors count from the start.
void generator_start_measuring(void);
// Counts as an error each request that has waited for longer than a second.
void generator_count_unanswered(void);
