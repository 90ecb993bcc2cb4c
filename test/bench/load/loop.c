#define _GNU_SOURCE
#include "loop.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 512, BACKLOG = 4096 };

static int poll_descriptor;

uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void give_up(const char *what) {
  perror(what);
  exit(1);
}

void loop_open(void) {
  poll_descriptor = epoll_create1(0);
  if (poll_descriptor < 0) give_up("epoll");
}

void loop_add(struct source *source) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
  if (epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, source->socket, &event) != 0) give_up("epoll");
}

void loop_watch_writing(struct source *source, bool watch) {
  struct epoll_event event = {.events = watch ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = source};
  if (epoll_ctl(poll_descriptor, EPOLL_CTL_MOD, source->socket, &event) != 0) give_up("epoll");
}

void loop_turn(uint64_t longest_wait) {
  struct epoll_event events[EVENTS_PER_TURN];
  struct timespec wait = {.tv_sec = 0, .tv_nsec = (long)longest_wait};
  int count = epoll_pwait2(poll_descriptor, events, EVENTS_PER_TURN, &wait, NULL);
  for (int i = 0; i < count; i += 1) {
    struct source *source = events[i].data.ptr;
    source->ready(source, events[i].events);
  }
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return address;
}

static int prepare(int socket) {
  int on = 1;
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  struct sockaddr_in address = loopback(port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) give_up("the backend's port");
  if (listen(listener, BACKLOG) != 0) give_up("the backend's port");
  return prepare(listener);
}

int connect_to(int port) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = loopback(port);
  if (connection >= 0 && connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
    return prepare(connection);
  if (connection >= 0) close(connection);
  return -1;
}

int accept_next(int listener) {
  int connection = accept(listener, NULL, NULL);
  return connection < 0 ? -1 : prepare(connection);
}
