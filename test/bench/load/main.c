// Puts load on a proxy and is the backend behind it, in one process and one thread: it takes one core, the proxies take
// another. Prints one JSON object. Ends after --warm and --seconds; 1 when it could not measure.
//
//   load --port 8080 --backend 9000 --connections 32 --body 100 --rate 0 --warm 1 --seconds 4 --pids 12,34 --core 0
//
// --rate 0 is the closed loop. --pids are the proxies whose processor time counts, --core is where they run.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "backend.h"
#include "generator.h"
#include "histogram.h"
#include "loop.h"
#include "processor.h"

struct options {
  struct generator_options generator;
  int backend;
  int core;
  double warm;
  double seconds;
  struct process_list proxies;
};

// Everything that is compared between the start and the end of the measurement.
struct reading {
  uint64_t time;
  double proxies;
  double own;
  struct core_time core;
  struct backend_counts backend;
};

static const struct option NAMES[] = {
    {"port", required_argument, NULL, 'p'}, {"backend", required_argument, NULL, 'b'},
    {"connections", required_argument, NULL, 'c'}, {"body", required_argument, NULL, 's'},
    {"rate", required_argument, NULL, 'r'}, {"warm", required_argument, NULL, 'w'},
    {"seconds", required_argument, NULL, 't'}, {"pids", required_argument, NULL, 'i'},
    {"core", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};

static struct options read_options(int count, char **values) {
  struct options options = {.generator = {.connections = 32, .body_size = 100}, .warm = 1, .seconds = 4};
  for (int name; (name = getopt_long(count, values, "", NAMES, NULL)) != -1;) {
    switch (name) {
      case 'p': options.generator.port = atoi(optarg); break;
      case 'b': options.backend = atoi(optarg); break;
      case 'c': options.generator.connections = atoi(optarg); break;
      case 's': options.generator.body_size = (size_t)atol(optarg); break;
      case 'r': options.generator.rate = atof(optarg); break;
      case 'w': options.warm = atof(optarg); break;
      case 't': options.seconds = atof(optarg); break;
      case 'i': read_process_list(optarg, &options.proxies); break;
      case 'k': options.core = atoi(optarg); break;
      default: exit(2);
    }
  }
  return options;
}

static struct reading take_reading(const struct options *options) {
  struct process_list own = {1, {getpid()}};
  struct reading reading = {
      .proxies = run_time(&options->proxies), .own = run_time(&own), .core = core_time(options->core)};
  reading.backend = backend_counts;
  reading.time = now();
  return reading;
}

static void run_until(uint64_t end) {
  while (now() < end) loop_turn(generator_send_due());
}

static double per_second(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

static void print_text(const char *name, const char *text) {
  printf("\"%s\":\"", name);
  for (; *text != '\0'; text += 1) {
    if (*text < ' ' || *text == '"' || *text == '\\') putchar(' ');
    else putchar(*text);
  }
  putchar('"');
}

static void print_result(const struct reading *start, const struct reading *end) {
  double seconds = (double)(end->time - start->time) / 1e9;
  double proxies = end->proxies - start->proxies;
  double requests = (double)generator_counts.requests;
  printf("{\"seconds\":%.3f,\"requests\":%.0f,", seconds, requests);
  printf("\"requestsPerSecond\":%.1f,", per_second(requests, seconds));
  printf("\"megabytesPerSecond\":%.2f,", per_second((double)generator_counts.bytes / 1e6, seconds));
  printf("\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,", histogram_quantile(0.5), histogram_quantile(0.99),
         histogram_quantile(0.999));
  printf("\"largest\":%.1f,", histogram_largest());
  printf("\"processorPerRequest\":%.3f,", requests > 0 ? proxies * 1e6 / requests : 0);
  printf("\"proxyShare\":%.4f,", per_second(proxies, seconds));
  printf("\"loadShare\":%.4f,", per_second(end->own - start->own, seconds));
  printf("\"foreignShare\":%.4f,", per_second(end->core.busy - start->core.busy - proxies, seconds));
  printf("\"stolenShare\":%.4f,", per_second(end->core.stolen - start->core.stolen, seconds));
  printf("\"backendConnections\":%ld,", end->backend.connections);
  printf("\"newBackendConnections\":%ld,", end->backend.connections - start->backend.connections);
  printf("\"forwardedConnections\":%ld,", end->backend.forwarded);
  printf("\"errors\":%llu,", (unsigned long long)generator_counts.errors);
  print_text("firstError", generator_counts.first_error);
  printf("}\n");
}

int main(int count, char **values) {
  struct options options = read_options(count, values);
  prctl(PR_SET_TIMERSLACK, 1);
  loop_open();
  backend_open(options.backend, options.generator.body_size);
  generator_open(&options.generator);
  run_until(now() + (uint64_t)(options.warm * 1e9));
  generator_start_measuring();
  struct reading start = take_reading(&options);
  run_until(start.time + (uint64_t)(options.seconds * 1e9));
  struct reading end = take_reading(&options);
  generator_count_unanswered();
  print_result(&start, &end);
  return 0;
}
