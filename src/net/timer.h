/* SPDX-License-Identifier: MIT */
#pragma once
/* timer: what a timer of <peal/worker.h> takes, for who charges it. */
#include <stddef.h>

/* Bytes of one. */
size_t peal_timer_bytes(void);
