// Processor time as the kernel accounts it: of processes, from the scheduler's run time of each thread, and of a core.
#pragma once

enum { MOST_PROCESSES = 64 };

struct process_list {
  int count;
  int ids[MOST_PROCESSES];
};

// What a core did since the machine started, in seconds. Counted in ticks of 10 ms.
struct core_time {
  double busy;   // everything but idle, waiting for a disk and stolen time
  double stolen; // wanted to run, but the host ran something else
};

// Reads "12,34" into the list. What is no number, or does not fit, is left out.
void read_process_list(char *text, struct process_list *list);

// Seconds that all threads of these processes have run. Threads that ended are not in it.
double run_time(const struct process_list *list);

struct core_time core_time(int core);
