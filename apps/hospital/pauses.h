/* SPDX-License-Identifier: MIT */
#pragma once
/* pauses: how long to wait: for what is due, and before something is tried
 * again. Pure. */
#include <stdint.h>

/* Until `due_ms`: at most a minute, as clocks may be set, and at least a
 * moment. Thread: pure. */
uint64_t pauses_until(int64_t due_ms, int64_t now_ms);
/* Before try number `tries` + 1: 1 s doubling to 5 min. Thread: pure. */
int64_t pauses_before(int64_t tries);
