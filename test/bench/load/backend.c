#define _GNU_SOURCE
#include "backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"

enum { LONGEST_REQUEST = 16384, LONGEST_HEAD = 600 };

struct exchange {
  struct source source;
  bool first_seen;
  bool watching_writing;
  const char *unsent;
  size_t unsent_length;
  size_t length;
  char request[LONGEST_REQUEST];
};

struct backend_counts backend_counts;
static char *response;
static size_t response_length;

static void prepare_response(size_t body_size) {
  response = malloc(LONGEST_HEAD + body_size);
  if (response == NULL) give_up("memory for the response");
  int head = snprintf(response, LONGEST_HEAD,
                      "HTTP/1.1 200 OK\r\n"
                      "server: shop\r\n"
                      "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                      "content-type: application/json; charset=utf-8\r\n"
                      "content-length: %zu\r\n"
                      "cache-control: no-store\r\n"
                      "x-request-id: 7f9c24e8b3d64a1f9d7e0c5b8a6f1234\r\n"
                      "\r\n",
                      body_size);
  for (size_t i = 0; i < body_size; i += 1) response[(size_t)head + i] = (char)('a' + i % 26);
  response_length = (size_t)head + body_size;
}

static void drop(struct exchange *exchange) {
  close(exchange->source.socket);
  free(exchange);
}

// Sends what is left of the response; false when the connection is broken.
static bool flush(struct exchange *exchange) {
  while (exchange->unsent_length > 0) {
    ssize_t sent = write(exchange->source.socket, exchange->unsent, exchange->unsent_length);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) break;
    exchange->unsent += sent;
    exchange->unsent_length -= (size_t)sent;
  }
  bool blocked = exchange->unsent_length > 0;
  if (blocked != exchange->watching_writing) {
    exchange->watching_writing = blocked;
    loop_watch_writing(&exchange->source, blocked);
  }
  return true;
}

static void look_at_first(struct exchange *exchange, char *end) {
  exchange->first_seen = true;
  *end = '\0';
  if (strcasestr(exchange->request, "\r\nx-forwarded-") != NULL) backend_counts.forwarded += 1;
  *end = '\r';
}

// Answers every whole request that has arrived, one after the other. None of them has a body.
static bool answer(struct exchange *exchange) {
  while (exchange->unsent_length == 0) {
    char *end = memmem(exchange->request, exchange->length, "\r\n\r\n", 4);
    if (end == NULL) return exchange->length < LONGEST_REQUEST;
    if (!exchange->first_seen) look_at_first(exchange, end);
    size_t used = (size_t)(end + 4 - exchange->request);
    exchange->length -= used;
    memmove(exchange->request, exchange->request + used, exchange->length);
    backend_counts.requests += 1;
    exchange->unsent = response;
    exchange->unsent_length = response_length;
    if (!flush(exchange)) return false;
  }
  return true;
}

static bool receive(struct exchange *exchange) {
  ssize_t count = read(exchange->source.socket, exchange->request + exchange->length, LONGEST_REQUEST - exchange->length);
  if (count < 0 && errno == EAGAIN) return true;
  if (count <= 0) return false;
  exchange->length += (size_t)count;
  return answer(exchange);
}

static void exchange_ready(struct source *source, uint32_t events) {
  struct exchange *exchange = (struct exchange *)source;
  bool well = true;
  if (events & EPOLLOUT) well = flush(exchange) && answer(exchange);
  if (well && (events & ~(uint32_t)EPOLLOUT)) well = receive(exchange);
  if (!well) drop(exchange);
}

static void listener_ready(struct source *source, uint32_t events) {
  (void)events;
  for (int socket; (socket = accept_next(source->socket)) >= 0;) {
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) give_up("memory for a connection");
    exchange->source = (struct source){socket, exchange_ready};
    backend_counts.connections += 1;
    loop_add(&exchange->source);
  }
}

void backend_open(int port, size_t body_size) {
  static struct source listener;
  prepare_response(body_size);
  listener = (struct source){listen_on(port), listener_ready};
  loop_add(&listener);
}
