/* SPDX-License-Identifier: MIT */
#pragma once
/* load_sys: what the load generator asks of the system: the clock, the CPU
 * time and the memory of the server under test, and a way out on error. */
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

/* Print "peal-bench-load: <message>" and end with status 1. A wrong answer, a
 * lost connection or a stalled server ends the run: there is no figure then. */
_Noreturn void load_sys_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Memory that ends the run when there is none. */
void *load_sys_alloc(size_t size);
void *load_sys_realloc(void *ptr, size_t size);

/* The monotonic clock. */
uint64_t load_sys_now_ns(void);

/* User and system time of all threads of `pid`, also of those that ended;
 * 0 for pid 0. Exact to the nanosecond, unlike the ticks of /proc/PID/stat. */
uint64_t load_sys_cpu_ns(pid_t pid);

/* Memory that only `pid` holds, in bytes. */
typedef struct load_sys_memory {
  uint64_t private_dirty;
  uint64_t anonymous;
} load_sys_memory;

load_sys_memory load_sys_memory_get(pid_t pid);

/* Let this process open as many files as the system allows. */
void load_sys_raise_files(uint32_t wanted);
