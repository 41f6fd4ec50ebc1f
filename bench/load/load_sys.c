/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "load_sys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/resource.h>

_Noreturn void load_sys_die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("peal-bench-load: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(1);
}

void *load_sys_alloc(size_t size) {
  void *ptr = calloc(1, size);
  if (ptr == NULL)
    load_sys_die("no memory for %zu bytes", size);
  return ptr;
}

void *load_sys_realloc(void *ptr, size_t size) {
  void *moved = realloc(ptr, size);
  if (moved == NULL)
    load_sys_die("no memory for %zu bytes", size);
  return moved;
}

static uint64_t clock_ns(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0)
    load_sys_die("clock_gettime: %s", strerror(errno));
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t load_sys_now_ns(void) {
  return clock_ns(CLOCK_MONOTONIC);
}

uint64_t load_sys_cpu_ns(pid_t pid) {
  if (pid == 0)
    return 0;
  clockid_t clock;
  int err = clock_getcpuclockid(pid, &clock);
  if (err != 0)
    load_sys_die("no CPU clock of process %d: %s", (int)pid, strerror(err));
  return clock_ns(clock);
}

/* A line of smaps_rollup: "Anonymous:          1234 kB". */
static void memory_line(load_sys_memory *memory, const char *line) {
  uint64_t kib = 0;
  if (sscanf(line, "Private_Dirty: %" SCNu64 " kB", &kib) == 1)
    memory->private_dirty = kib * 1024;
  else if (sscanf(line, "Anonymous: %" SCNu64 " kB", &kib) == 1)
    memory->anonymous = kib * 1024;
}

load_sys_memory load_sys_memory_get(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
  FILE *file = fopen(path, "r");
  if (file == NULL)
    load_sys_die("%s: %s", path, strerror(errno));
  load_sys_memory memory = {0};
  char line[256];
  while (fgets(line, sizeof line, file) != NULL)
    memory_line(&memory, line);
  fclose(file);
  return memory;
}

void load_sys_raise_files(uint32_t wanted) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    load_sys_die("getrlimit: %s", strerror(errno));
  if (limit.rlim_max < wanted)
    load_sys_die("%" PRIu32 " open files wanted, the limit is %ju", wanted,
                 (uintmax_t)limit.rlim_max);
  if (limit.rlim_cur >= wanted)
    return;
  limit.rlim_cur = wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    load_sys_die("setrlimit: %s", strerror(errno));
}
