/* SPDX-License-Identifier: MIT */
#include "net/stream_finish.h"

#include <errno.h>

#define has peal_stream_core_has
#define set peal_stream_core_set
#define unset peal_stream_core_unset

static void begin_window(peal_stream *stream, uint64_t now_ms) {
  peal_stream_extra *extra = stream->extra;
  extra->sent = 0;
  extra->unacked = peal_stream_core_unacked(stream);
  peal_wheel_set(&stream->worker->wheel, &extra->timer,
                 now_ms + PEAL_STREAM_FINISH_WINDOW_MS);
}

/* What the peer has taken since the window began. */
static uint64_t taken(const peal_stream *stream) {
  uint64_t could = stream->extra->sent + stream->extra->unacked;
  size_t unacked = peal_stream_core_unacked(stream);
  return could > unacked ? could - unacked : 0;
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_stream *stream = PEAL_LIST_OF(timer, peal_stream_extra, timer)->stream;
  const uint64_t least =
      (uint64_t)PEAL_STREAM_FINISH_PACE * PEAL_STREAM_FINISH_WINDOW_MS / 1000;
  if (has(stream, PEAL_STREAM_FIN_SENT))
    peal_stream_close(stream, PEAL_OK);
  else if (taken(stream) < least)
    peal_stream_reset(stream, PEAL_ERR_TIMEOUT);
  else
    begin_window(stream, now_ms);
}

void peal_stream_finish(peal_stream *stream) {
  if (has(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_FINISHING))
    return;
  set(stream, PEAL_STREAM_FINISHING);
  if (!peal_stream_core_extra(stream)) {
    peal_stream_close(stream, PEAL_ERR_NOMEM);
    return;
  }
  peal_wheel_timer_init(&stream->extra->timer, on_timer);
  begin_window(stream, stream->worker->now_ms);
  peal_stream_flush(stream);
}

/* To a peer that has ended a plain socket has nothing more to say. */
static int say_end(peal_stream *stream) {
  void *state = peal_stream_core_state(stream);
  if (has(stream, PEAL_STREAM_READ_ENDED) && !state)
    return 0;
  return peal_stream_core_verbs(stream)->shutdown(stream->fd, state);
}

void peal_stream_finish_fin(peal_stream *stream) {
  if (has(stream, PEAL_STREAM_FIN_SENT))
    return;
  int failed = say_end(stream);
  if (failed == -EAGAIN) {
    set(stream, PEAL_STREAM_BLOCKED);
    return;
  }
  if (failed || has(stream, PEAL_STREAM_READ_ENDED)) {
    peal_stream_close(stream, PEAL_OK);
    return;
  }
  set(stream, PEAL_STREAM_FIN_SENT);
  unset(stream, PEAL_STREAM_BLOCKED | PEAL_STREAM_MORE);
  if (stream->extra->drained < PEAL_STREAM_FINISH_DRAIN_BYTES)
    unset(stream, PEAL_STREAM_PAUSED);
  peal_wheel_set(&stream->worker->wheel, &stream->extra->timer,
                 stream->worker->now_ms + PEAL_STREAM_FINISH_LINGER_MS);
  peal_stream_core_watch(stream);
}

void peal_stream_finish_sent(peal_stream *stream, size_t len) {
  stream->extra->sent += len;
}

void peal_stream_finish_drained(peal_stream *stream, size_t len) {
  uint32_t left = PEAL_STREAM_FINISH_DRAIN_BYTES - stream->extra->drained;
  stream->extra->drained += len < left ? (uint32_t)len : left;
  if (len >= left)
    set(stream, PEAL_STREAM_PAUSED);
}
