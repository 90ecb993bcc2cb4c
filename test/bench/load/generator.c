#define _GNU_SOURCE
#include "generator.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "histogram.h"
#include "loop.h"

enum { LONGEST_HEAD = 8192, READ_AT_ONCE = 256 * 1024 };

static const uint64_t SECOND = 1000000000u;
static const uint64_t LONGEST_WAIT = 100000000u;

static const char REQUEST[] =
    "GET /orders/4711?expand=items HTTP/1.1\r\n"
    "host: catalog.shop.example\r\n"
    "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
    "accept: application/json, text/plain, */*\r\n"
    "accept-encoding: gzip, deflate, br\r\n"
    "accept-language: en-US,en;q=0.9\r\n"
    "cookie: session=4b1c9d2e7f6a4c3d8e5f0a1b2c3d4e5f\r\n"
    "x-request-id: 7f9c24e8b3d64a1f9d7e0c5b8a6f1234\r\n"
    "\r\n";

struct caller {
  struct source source;
  bool busy;
  bool in_body;
  uint64_t intended; // when the request in flight should have started
  uint64_t asked;    // when it did
  size_t body_left;
  size_t head_length;
  char head[LONGEST_HEAD + 1];
};

struct generator_counts generator_counts;
static struct generator_options options;
static bool measuring;
static struct caller *callers;
static struct caller **idle; // a stack: the connection used last is taken first
static int idle_count;
static uint64_t started;
static uint64_t sent; // open loop: requests taken from the schedule
static char read_buffer[READ_AT_ONCE];

__attribute__((format(printf, 1, 2))) static void count_error(const char *format, ...) {
  generator_counts.errors += 1;
  if (generator_counts.errors > 1) return;
  va_list values;
  va_start(values, format);
  vsnprintf(generator_counts.first_error, sizeof generator_counts.first_error, format, values);
  va_end(values);
}

static void caller_ready(struct source *source, uint32_t events);

static void dial(struct caller *caller) {
  caller->source = (struct source){connect_to(options.port), caller_ready};
  if (caller->source.socket < 0) give_up("the port under test");
  loop_add(&caller->source);
}

static void ask(struct caller *caller, uint64_t intended, uint64_t time) {
  caller->busy = true;
  caller->in_body = false;
  caller->head_length = 0;
  caller->intended = intended;
  caller->asked = time;
  ssize_t written = write(caller->source.socket, REQUEST, sizeof REQUEST - 1);
  if (written != (ssize_t)sizeof REQUEST - 1) count_error("a request could not be written");
}

static void go_on(struct caller *caller, uint64_t time) {
  caller->busy = false;
  if (options.rate == 0) ask(caller, time, time);
  else idle[idle_count++] = caller;
}

static void finish(struct caller *caller) {
  uint64_t time = now();
  if (measuring) {
    histogram_record(time - caller->intended);
    generator_counts.requests += 1;
    generator_counts.bytes += options.body_size;
  }
  go_on(caller, time);
}

static void leave_idle(const struct caller *caller) {
  for (int i = 0; i < idle_count; i += 1) {
    if (idle[i] != caller) continue;
    idle[i] = idle[--idle_count];
    return;
  }
}

static void replace(struct caller *caller, const char *why) {
  count_error("%s", why);
  close(caller->source.socket);
  leave_idle(caller);
  dial(caller);
  go_on(caller, now());
}

// The status and the length in a whole head; counts what is not as it must be.
static void check_head(struct caller *caller) {
  caller->head[caller->head_length] = '\0';
  if (strncmp(caller->head, "HTTP/1.1 200 ", 13) != 0) count_error("status line: %.60s", caller->head);
  const char *field = strcasestr(caller->head, "\r\ncontent-length:");
  caller->body_left = field == NULL ? 0 : strtoull(field + 17, NULL, 10);
  if (caller->body_left != options.body_size)
    count_error("expected a content-length of %zu, got %zu", options.body_size, caller->body_left);
}

// Takes bytes of the head; returns how many. The head is whole when `in_body` is set.
static size_t take_head(struct caller *caller, const char *bytes, size_t length) {
  size_t room = LONGEST_HEAD - caller->head_length;
  size_t taken = length < room ? length : room;
  memcpy(caller->head + caller->head_length, bytes, taken);
  size_t before = caller->head_length;
  size_t from = before < 3 ? 0 : before - 3;
  char *end = memmem(caller->head + from, before + taken - from, "\r\n\r\n", 4);
  if (end == NULL) {
    caller->head_length += taken;
    return taken;
  }
  caller->head_length = (size_t)(end + 4 - caller->head);
  caller->in_body = true;
  check_head(caller);
  return caller->head_length - before;
}

static void take(struct caller *caller, const char *bytes, size_t length) {
  if (!caller->busy) return count_error("bytes that nobody asked for");
  size_t used = caller->in_body ? 0 : take_head(caller, bytes, length);
  if (!caller->in_body) {
    if (caller->head_length == LONGEST_HEAD) replace(caller, "a head without an end");
    return;
  }
  size_t rest = length - used;
  if (rest > caller->body_left) {
    count_error("%zu bytes after the end of a body", rest - caller->body_left);
    rest = caller->body_left;
  }
  caller->body_left -= rest;
  if (caller->body_left == 0) finish(caller);
}

static void caller_ready(struct source *source, uint32_t events) {
  (void)events;
  struct caller *caller = (struct caller *)source;
  ssize_t count = read(source->socket, read_buffer, sizeof read_buffer);
  if (count > 0) take(caller, read_buffer, (size_t)count);
  else if (count == 0 || errno != EAGAIN) replace(caller, "a connection was closed");
}

void generator_open(const struct generator_options *chosen) {
  options = *chosen;
  callers = calloc((size_t)options.connections, sizeof *callers);
  idle = calloc((size_t)options.connections, sizeof *idle);
  if (callers == NULL || idle == NULL) give_up("memory for the connections");
  for (int i = 0; i < options.connections; i += 1) dial(&callers[i]);
  started = now();
  for (int i = 0; i < options.connections; i += 1) go_on(&callers[i], started);
}

uint64_t generator_send_due(void) {
  if (options.rate == 0) return LONGEST_WAIT;
  double gap = (double)SECOND / options.rate;
  uint64_t time = now();
  for (;;) {
    uint64_t intended = started + (uint64_t)((double)sent * gap);
    if (intended > time) return intended - time < LONGEST_WAIT ? intended - time : LONGEST_WAIT;
    if (idle_count == 0) return LONGEST_WAIT; // the next answer frees a connection
    sent += 1;
    ask(idle[--idle_count], intended, time);
  }
}

void generator_start_measuring(void) {
  histogram_clear();
  measuring = true;
}

void generator_count_unanswered(void) {
  uint64_t time = now();
  for (int i = 0; i < options.connections; i += 1) {
    if (callers[i].busy && time - callers[i].asked > SECOND) count_error("no answer for more than a second");
  }
}
