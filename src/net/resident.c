/* SPDX-License-Identifier: MIT */
#include "net/resident.h"

#include <stdio.h>

#include <unistd.h>

/* proc(5): /proc/self/statm. */
uint64_t peal_resident_bytes(void) {
  unsigned long long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file)
    return 0;
  int read = fscanf(file, "%*u %llu", &pages);
  fclose(file);
  return read == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
