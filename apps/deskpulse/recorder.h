/* SPDX-License-Identifier: MIT */
#pragma once
/* recorder: keeps pictures, if that was asked for (--record): one in a while,
 * in a folder that is bounded. */
#include "desk.h"

typedef struct recorder recorder;

/* NULL after logging why. Blocks: before the run. */
recorder *recorder_new(desk *app);
void recorder_free(recorder *r);
/* Keep it if its time has come; a reference is taken. On worker 0. */
void recorder_keep(recorder *r, peal_bytes *jpeg, uint64_t now_ms);
