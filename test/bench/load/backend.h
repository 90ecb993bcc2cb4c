// The application behind the proxies: answers every request with one fixed response of a given body size.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct backend_counts {
  long connections; // accepted
  long requests;
  long forwarded; // connections whose first request says for whom it was forwarded (x-forwarded-for or -client-cert)
};

extern struct backend_counts backend_counts;

void backend_open(int port, size_t body_size);
