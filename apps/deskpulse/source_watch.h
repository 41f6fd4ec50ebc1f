/* SPDX-License-Identifier: MIT */
#pragma once
/* source_watch: how a source is: connected, degraded, disconnected, and when it
 * is tried again. A machine without a clock: the thread of a source tells it what
 * happens and when. Thread: pure. */
#include "source.h"

enum { SOURCE_REASON = 160 };

typedef struct source_watch {
  uint32_t stall_ms, first_ms, next_ms;
  bool reopens; /* a stalled camera is closed and opened again; a push is not */
  source_state state;
  char reason[SOURCE_REASON];
  uint32_t retry_ms; /* until the next try, as told; 0: none is due */
  bool changed;      /* state or reason, since source_watch_take */
  bool open;
  bool any;          /* a frame has come since it was opened */
  uint32_t failures; /* in a row, without a frame in between */
  uint64_t retry_at_ms, frame_ms;
} source_watch;

/* Begin disconnected, to be opened at once. Times of `opts` are set (no 0). */
void source_watch_init(source_watch *w, const source_opts *opts);
/* The driver is open; the first frame is awaited. */
void source_watch_opened(source_watch *w, uint64_t now_ms);
/* It could not be opened, or is gone: closed now. */
void source_watch_lost(source_watch *w, const char *reason, uint64_t now_ms);
/* A frame that can be shown. */
void source_watch_frame(source_watch *w, uint64_t now_ms);
/* Something came that is no frame. */
void source_watch_broken(source_watch *w, const char *reason, uint64_t now_ms);
void source_watch_paused(source_watch *w);
/* Not paused any more: to be opened at once. */
void source_watch_resumed(source_watch *w);
/* Time has passed. Returns true if the driver is to be closed: it has stalled,
 * and is tried again as if it were lost. */
bool source_watch_tick(source_watch *w, uint64_t now_ms);
/* Is it to be opened now? */
bool source_watch_wants_open(const source_watch *w, uint64_t now_ms);
/* When the next tick, or try, is due; UINT64_MAX: nothing is. */
uint64_t source_watch_deadline(const source_watch *w);
/* Has it changed since the last call? */
bool source_watch_take(source_watch *w);
