/* SPDX-License-Identifier: MIT */
#pragma once
/* halt: SIGTERM and SIGINT end the program, between two steps of its loop. */
#include <stdbool.h>
#include <stdint.h>

/* Before any thread. */
bool halt_watch(void);
bool halt_is_asked(void);
/* Wait until something is to be read from `fd` (-1: nothing), the program is to
 * end, or the time is over. */
void halt_wait(int fd, int timeout_ms);
/* Milliseconds of a clock that is never set. */
int64_t halt_now_ms(void);
