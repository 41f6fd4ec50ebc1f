/* SPDX-License-Identifier: MIT */
/* web_process: the process's own figures: memory, CPU time, files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <peal/web.h>

#include "net/resident.h"

/* proc(5): /proc/self/stat; the name in parentheses may hold blanks. */
static void read_stat(peal_web_process *out) {
  char text[1024];
  unsigned long long virtual_bytes = 0, start = 0;
  long threads = 0;
  FILE *file = fopen("/proc/self/stat", "re");
  if (!file)
    return;
  size_t len = fread(text, 1, sizeof(text) - 1, file);
  fclose(file);
  text[len] = 0;
  const char *rest = strrchr(text, ')');
  if (!rest ||
      sscanf(rest + 1,
             " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
             "%*d %ld %*d %llu %llu",
             &threads, &start, &virtual_bytes) != 3)
    return;
  out->threads = (uint64_t)threads;
  out->virtual_bytes = virtual_bytes;
  struct timespec now;
  if (clock_gettime(CLOCK_BOOTTIME, &now) == 0)
    out->uptime_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
                    (double)start / (double)sysconf(_SC_CLK_TCK);
}

static void count_files(peal_web_process *out) {
  DIR *folder = opendir("/proc/self/fd");
  if (!folder)
    return;
  while (readdir(folder))
    out->files_open++;
  closedir(folder);
  /* ".", ".." and the folder itself */
  out->files_open = out->files_open > 3 ? out->files_open - 3 : 0;
}

void peal_web_process_get(peal_web_process *out) {
  struct rusage usage;
  struct rlimit limit;
  *out = (peal_web_process){0};
  read_stat(out);
  out->rss_bytes = peal_resident_bytes();
  count_files(out);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out->files_max = (uint64_t)limit.rlim_cur;
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    out->cpu_s =
        (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

size_t peal_web_process_threads(char (*names)[16], size_t cap) {
  size_t count = 0;
  DIR *folder = opendir("/proc/self/task");
  if (!folder)
    return 0;
  const struct dirent *entry;
  while (count < cap && (entry = readdir(folder)) != NULL) {
    char path[300];
    if (entry->d_name[0] == '.')
      continue;
    snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
    FILE *file = fopen(path, "re");
    if (!file)
      continue;
    if (fgets(names[count], 16, file)) {
      names[count][strcspn(names[count], "\n")] = 0;
      count++;
    }
    fclose(file);
  }
  closedir(folder);
  return count;
}
