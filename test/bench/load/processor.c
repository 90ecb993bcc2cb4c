#include "processor.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double TICKS_PER_SECOND = 100; // USER_HZ, the unit of /proc/stat on every architecture in use

void read_process_list(char *text, struct process_list *list) {
  list->count = 0;
  for (char *part = strtok(text, ","); part != NULL; part = strtok(NULL, ",")) {
    int id = atoi(part);
    if (id > 0 && list->count < MOST_PROCESSES) list->ids[list->count++] = id;
  }
}

// The first field of schedstat: nanoseconds on a core.
static double run_time_of_thread(int process, const char *thread) {
  char path[320];
  snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", process, thread);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  unsigned long long nanoseconds = 0;
  if (fscanf(file, "%llu", &nanoseconds) != 1) nanoseconds = 0;
  fclose(file);
  return (double)nanoseconds / 1e9;
}

static double run_time_of_process(int process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", process);
  DIR *threads = opendir(path);
  if (threads == NULL) return 0;
  double sum = 0;
  for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
    if (entry->d_name[0] != '.') sum += run_time_of_thread(process, entry->d_name);
  }
  closedir(threads);
  return sum;
}

double run_time(const struct process_list *list) {
  double sum = 0;
  for (int i = 0; i < list->count; i += 1) sum += run_time_of_process(list->ids[i]);
  return sum;
}

struct core_time core_time(int core) {
  struct core_time time = {0, 0};
  char line[512], name[16];
  int length = snprintf(name, sizeof name, "cpu%d ", core);
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) return time;
  while (fgets(line, sizeof line, file) != NULL) {
    unsigned long long user, nice, system, idle, waiting, irq, softirq, stolen;
    if (strncmp(line, name, (size_t)length) != 0) continue;
    if (sscanf(line + length, "%llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &waiting,
               &irq, &softirq, &stolen) != 8)
      break;
    time.busy = (double)(user + nice + system + irq + softirq) / TICKS_PER_SECOND;
    time.stolen = (double)stolen / TICKS_PER_SECOND;
    break;
  }
  fclose(file);
  return time;
}
