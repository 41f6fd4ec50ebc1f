/* SPDX-License-Identifier: MIT */
#include "net/stream_core.h"

#include <errno.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/socket_queue.h"
#include "net/tally.h"

#define WATCH_MASK (PEAL_POLL_IN | PEAL_POLL_OUT | PEAL_POLL_END)

_Static_assert(WATCH_MASK << PEAL_STREAM_WATCH_SHIFT <= UINT16_MAX,
               "what is watched fits above the flags");

#define has peal_stream_core_has
#define set peal_stream_core_set
#define unset peal_stream_core_unset

peal_stream_extra *peal_stream_core_extra(peal_stream *stream) {
  if (stream->extra)
    return stream->extra;
  peal_stream_extra *extra =
      peal_mem_zalloc(stream->worker->mem, sizeof(*extra));
  if (!extra)
    return NULL;
  extra->stream = stream;
  peal_wheel_timer_init(&extra->timer, NULL); /* until it finishes */
  stream->extra = extra;
  return extra;
}

/* -- what to wait for ------------------------------------------------------ */

/* Errors are told whatever we ask for. */
static unsigned wanted(const peal_stream *stream) {
  unsigned events = 0;
  if (!has(stream, PEAL_STREAM_READ_ENDED)) {
    if (!has(stream, PEAL_STREAM_PAUSED))
      events = PEAL_POLL_IN;
    else if (!has(stream, PEAL_STREAM_GONE_SEEN))
      events = PEAL_POLL_END;
  }
  if (has(stream, PEAL_STREAM_BLOCKED | PEAL_STREAM_MORE))
    events |= PEAL_POLL_OUT;
  return peal_stream_core_verbs(stream)->wants(peal_stream_core_state(stream),
                                               events);
}

static void set_watched(peal_stream *stream, unsigned events) {
  unset(stream, WATCH_MASK << PEAL_STREAM_WATCH_SHIFT);
  set(stream, events << PEAL_STREAM_WATCH_SHIFT);
}

void peal_stream_core_watch(peal_stream *stream) {
  if (has(stream, PEAL_STREAM_CLOSING))
    return;
  unsigned events = wanted(stream);
  if (events == peal_stream_core_watched(stream))
    return;
  set_watched(stream, events);
  if (stream->fd < 0) /* in memory: it finds out by itself */
    return;
  if (peal_poller_watch(stream->worker->poller, stream->fd, events,
                        &stream->item, has(stream, PEAL_STREAM_WATCHED)))
    set(stream, PEAL_STREAM_WATCHED);
  else
    peal_stream_close(stream, PEAL_ERR_SYSTEM);
}

void peal_stream_core_unwatch(peal_stream *stream) {
  if (has(stream, PEAL_STREAM_WATCHED))
    peal_poller_forget(stream->worker->poller, stream->fd);
  unset(stream, PEAL_STREAM_WATCHED);
  set_watched(stream, 0);
}

void peal_stream_core_queue(peal_stream *stream) {
  if (has(stream, PEAL_STREAM_QUEUED))
    return;
  set(stream, PEAL_STREAM_QUEUED);
  peal_turn_end_later(stream->worker, &stream->item);
}

void peal_stream_flush(peal_stream *stream) {
  if (has(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_BLOCKED | PEAL_STREAM_MORE |
                      PEAL_STREAM_FIN_SENT))
    return;
  set(stream, PEAL_STREAM_ASKED);
  peal_stream_core_queue(stream);
}

void peal_stream_core_progress(peal_stream *stream) {
  stream->progress_ms = (uint32_t)stream->worker->now_ms;
}

uint64_t peal_stream_last_progress_ms(const peal_stream *stream) {
  uint64_t now_ms = stream->worker->now_ms;
  return now_ms - ((uint32_t)now_ms - stream->progress_ms);
}

size_t peal_stream_core_unacked(const peal_stream *stream) {
  return peal_stream_core_held(stream) + peal_socket_queue_unacked(stream->fd);
}

/* -- closing --------------------------------------------------------------- */

void peal_stream_core_leave(peal_stream *stream) {
  peal_worker *worker = stream->worker;
  if (stream->extra) {
    peal_wheel_stop(&worker->wheel, &stream->extra->timer);
    peal_mem_free(worker->mem, stream->extra);
    stream->extra = NULL;
  }
  peal_list_remove(&stream->node);
  peal_tally_add(&worker->stats.connections, UINT64_MAX);
}

void peal_stream_parcel_close(const peal_stream_parcel *parcel) {
  if (parcel->verbs)
    parcel->verbs->drop(parcel->state);
  if (parcel->fd >= 0)
    close(parcel->fd);
}

peal_stream_parcel peal_stream_core_parcel(peal_stream *stream) {
  const peal_stream_verbs *verbs = peal_stream_core_verbs(stream);
  const peal_stream_parcel parcel = {.verbs = verbs,
                                     .state = peal_stream_core_state(stream),
                                     .fd = stream->fd,
                                     .tag = stream->tag};
  verbs->detach(parcel.state);
  if (stream->extra)
    stream->extra->state = NULL;
  stream->fd = -1;
  return parcel;
}

void peal_stream_close(peal_stream *stream, peal_err err) {
  if (has(stream, PEAL_STREAM_CLOSING))
    return;
  peal_stream_core_unwatch(stream);
  set(stream, PEAL_STREAM_CLOSING);
  stream->err = (int16_t)err;
  peal_stream_parcel parcel = peal_stream_core_parcel(stream);
  peal_stream_parcel_close(&parcel);
  peal_stream_core_queue(stream);
}

void peal_stream_reset(peal_stream *stream, peal_err err) {
  if (has(stream, PEAL_STREAM_CLOSING))
    return;
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  peal_stream_close(stream, err);
}

void peal_stream_close_all(peal_worker *worker, peal_err err) {
  /* A closed one stays in the list until its owner has been told. */
  for (peal_list *node = worker->conns.next; node != &worker->conns;
       node = node->next)
    peal_stream_close(PEAL_LIST_OF(node, peal_stream, node), err);
}

peal_err peal_stream_core_err(ptrdiff_t failed) {
  switch (-failed) {
  case ENOMEM:
  case ENOBUFS:
    return PEAL_ERR_NOMEM;
  case EBADF:
  case EFAULT:
  case EINVAL:
  case ENOTSOCK:
    return PEAL_ERR_SYSTEM;
  case EPROTO: /* of TLS */
    return PEAL_ERR_TLS_PEER;
  default: /* ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETDOWN … */
    return PEAL_ERR_CLOSED;
  }
}
