/* SPDX-License-Identifier: MIT */
#pragma once
/* lag: whose fault it is that a turn took long. On an overloaded machine a
 * thread waits for a processor; a callback that blocks is another thing, and
 * only that is worth a line in the log. */
#include <stdint.h>

typedef struct peal_lag {
  int fd;           /* the kernel's figures of this thread, or -1 */
  uint64_t base_ms; /* when they were read last */
  uint64_t base_waited_ns;
  uint64_t log_ms; /* the last line; 0: none yet */
} peal_lag;

/* On the thread that is to be watched. */
void peal_lag_init(peal_lag *lag, uint64_t now_ms);
void peal_lag_deinit(peal_lag *lag);
/* A turn of `spent_ms` has ended. Returns how much of it its callbacks had to
 * themselves, if that is `warn_ms` or more and no other was told within a
 * second; otherwise 0. Costs a system call each second, and each time that
 * the limit was passed. */
uint64_t peal_lag_blame(peal_lag *lag, uint64_t spent_ms, uint64_t warn_ms,
                        uint64_t now_ms);
/* The figures' second number: nanoseconds in which a thread could run and had
 * no processor ("cpu_ns waited_ns slices"). */
uint64_t peal_lag_waited_ns(const char *text);
