// The one event loop that generator and backend share, and what both need to know of sockets.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A socket in the loop: the first member of the struct that owns it, so that `ready` gets its owner back by a cast.
struct source {
  int socket;
  void (*ready)(struct source *source, uint32_t events);
};

// The clock of all times here: nanoseconds, monotonic.
uint64_t now(void);

void loop_open(void);
void loop_add(struct source *source);
// Asks to be told also when the socket takes more, or no longer.
void loop_watch_writing(struct source *source, bool watch);
// Handles what is ready, waiting at most that many nanoseconds for something to be.
void loop_turn(uint64_t longest_wait);

// A listening socket on 127.0.0.1, or the end of the program.
int listen_on(int port);
// A connected socket that does not block and sends at once, or -1.
int connect_to(int port);
// The next connection waiting at a listening socket, prepared likewise, or -1.
int accept_next(int listener);

// Ends the program with a message on standard error.
__attribute__((noreturn)) void give_up(const char *what);
