/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_memory: a connection inside of the process, between two streams of one
 * worker, or one and somebody who is none: no descriptor, no system call. Each
 * end takes as much ahead of its reader as a kernel would. For tests. */
#include "net/stream_verbs.h"

/* One end. */
typedef struct peal_stream_memory peal_stream_memory;

extern const peal_stream_verbs peal_stream_memory_verbs;

/* Two ends, connected. False if memory is out. */
PEAL_MUST_CHECK bool peal_stream_memory_open(peal_stream_memory *ends[2]);
/* To be adopted, or closed as a parcel: it takes the end. */
peal_stream_parcel peal_stream_memory_parcel(peal_stream_memory *end);
/* Whose it is, for who looks for it among a worker's streams. */
void peal_stream_memory_set_owner(peal_stream_memory *end, const void *owner);
const void *peal_stream_memory_owner(const peal_stream_memory *end);
/* Nothing of what comes is told until it is let go again. */
void peal_stream_memory_hold(peal_stream_memory *end, bool holds);
/* For net/stream_life: whom to tell of what comes. */
void peal_stream_memory_bind(peal_stream_memory *end, peal_polled *item);

/* An end that no stream has: */
/* Bytes for the other end (copied), however many; nothing behind its end. */
void peal_stream_memory_write(peal_stream_memory *end, peal_slice data);
/* What came and was not taken; borrowed until the next call. */
peal_slice peal_stream_memory_look(const peal_stream_memory *end);
void peal_stream_memory_take(peal_stream_memory *end, size_t len);
/* Does nothing more come behind what _look shows? */
bool peal_stream_memory_has_ended(const peal_stream_memory *end);
/* It goes; `reset`: the other end hears of an error, not of an orderly end. */
void peal_stream_memory_close(peal_stream_memory *end, bool reset);
