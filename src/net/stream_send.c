/* SPDX-License-Identifier: MIT */
#include "net/stream_send.h"

#include <errno.h>

#include "net/net_limits.h"
#include "net/socket_queue.h"
#include "net/stream_finish.h"
#include "net/tally.h"

/* The share of one connection in one turn, so that a fast peer does not keep
 * the others waiting. */
#define SEND_ROUNDS 16
#define SEND_BYTES (256u << 10)

#define has peal_stream_core_has
#define set peal_stream_core_set
#define unset peal_stream_core_unset

/* -- how much -------------------------------------------------------------- */

/* What may be handed to the kernel now. */
static size_t room(const peal_stream *stream) {
  uint32_t lowat = stream->extra ? stream->extra->lowat : 0;
  if (!lowat)
    return SIZE_MAX;
  size_t unsent = peal_socket_queue_unsent(stream->fd);
  return unsent < lowat ? lowat - unsent : 0;
}

static void cut(peal_iovs *iovs, size_t max) {
  if (iovs->bytes <= max)
    return;
  iovs->bytes = max;
  iovs->is_all = false;
  size_t i = 0;
  for (; max > iovs->items[i].len; i++)
    max -= iovs->items[i].len;
  iovs->items[i].len = max;
  iovs->count = max ? i + 1 : i;
}

bool peal_stream_set_lowat(peal_stream *stream, uint32_t bytes) {
  if (has(stream, PEAL_STREAM_CLOSING))
    return false;
  if (!bytes && (!stream->extra || !stream->extra->lowat))
    return true;
  peal_stream_extra *extra = peal_stream_core_extra(stream);
  if (!extra || !peal_socket_queue_set_lowat(stream->fd, bytes))
    return false;
  extra->lowat = bytes;
  return true;
}

/* -- sending --------------------------------------------------------------- */

/* One system call. Returns what left; 0 with BLOCKED set or closed. */
static size_t send_once(peal_stream *stream, const peal_iovs *iovs) {
  ptrdiff_t sent = peal_stream_core_verbs(stream)->send(
      stream->fd, peal_stream_core_state(stream), iovs);
  if (sent >= 0)
    return (size_t)sent;
  /* ENOBUFS is the moment's; the write deadline of the owner bounds it. */
  if (sent == -EAGAIN || sent == -EWOULDBLOCK || sent == -ENOBUFS)
    set(stream, PEAL_STREAM_BLOCKED);
  else
    peal_stream_close(stream, peal_stream_core_err(sent));
  return 0;
}

static void pull(peal_stream *stream, peal_iovs *iovs) {
  peal_worker *worker = stream->worker;
  peal_iovs_init(iovs, worker->scratch, PEAL_LIMIT_SCRATCH_BYTES);
  worker->pulling = true;
  stream->callbacks->on_pull(stream, iovs, stream->user);
  worker->pulling = false;
}

static void count_sent(peal_stream *stream, size_t sent) {
  peal_stream_core_progress(stream);
  peal_tally_add(&stream->worker->stats.bytes_out, sent);
  if (has(stream, PEAL_STREAM_FINISHING))
    peal_stream_finish_sent(stream, sent);
}

/* Something may wait behind what has left. An owner that has said that nothing
 * does is asked again only if it finishes, or has asked itself since. */
static bool may_follow(const peal_stream *stream, const peal_iovs *sent) {
  if (has(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_BLOCKED))
    return false;
  return !sent->is_all ||
         has(stream, PEAL_STREAM_FINISHING | PEAL_STREAM_ASKED);
}

/* What the transport holds goes first. Returns false if some of it stays. */
static bool send_held(peal_stream *stream) {
  static const peal_iovs none; /* a kilobyte: not made for each write */
  if (!peal_stream_core_held(stream))
    return true;
  (void)send_once(stream, &none);
  return !has(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_BLOCKED);
}

/* Pull and send once; *left counts down. Returns true if more may follow. */
static bool send_round(peal_stream *stream, size_t *left) {
  peal_iovs iovs;
  pull(stream, &iovs);
  if (has(stream, PEAL_STREAM_CLOSING))
    return false;
  if (iovs.count == 0) {
    if (has(stream, PEAL_STREAM_FINISHING))
      peal_stream_finish_fin(stream);
    return false;
  }
  cut(&iovs, room(stream));
  size_t sent = 0;
  if (iovs.bytes == 0)
    set(stream, PEAL_STREAM_BLOCKED);
  else
    sent = send_once(stream, &iovs);
  if (sent == 0)
    return false;
  /* The rest would be refused: wait for room without asking. */
  if (sent < iovs.bytes)
    set(stream, PEAL_STREAM_BLOCKED);
  *left -= sent < *left ? sent : *left;
  count_sent(stream, sent);
  stream->callbacks->on_sent(stream, sent, stream->user);
  return may_follow(stream, &iovs);
}

void peal_stream_send_waiting(peal_stream *stream) {
  if (has(stream,
          PEAL_STREAM_CLOSING | PEAL_STREAM_FIN_SENT | PEAL_STREAM_SENDING))
    return;
  /* Before: the owner may change in between and ask again. */
  unset(stream, PEAL_STREAM_BLOCKED | PEAL_STREAM_MORE | PEAL_STREAM_ASKED);
  set(stream, PEAL_STREAM_SENDING);
  int rounds = SEND_ROUNDS;
  size_t left = SEND_BYTES;
  bool more = send_held(stream);
  while (more && rounds-- > 0 && left > 0)
    more = send_round(stream, &left);
  unset(stream, PEAL_STREAM_SENDING);
  if (has(stream, PEAL_STREAM_CLOSING))
    return;
  if (more)
    set(stream, PEAL_STREAM_MORE);
  if (has(stream, PEAL_STREAM_BLOCKED | PEAL_STREAM_MORE))
    unset(stream, PEAL_STREAM_ASKED);
  peal_stream_core_watch(stream);
}

void peal_stream_flush_now(peal_stream *stream) {
  if (has(stream,
          PEAL_STREAM_CLOSING | PEAL_STREAM_BLOCKED | PEAL_STREAM_FIN_SENT))
    return;
  /* Inside its own pull or sent, and while somebody else fills the scratch, it
   * has to wait. */
  if (has(stream, PEAL_STREAM_SENDING) || stream->worker->pulling)
    peal_stream_flush(stream);
  else
    peal_stream_send_waiting(stream);
}

bool peal_stream_is_blocked(const peal_stream *stream) {
  return has(stream, PEAL_STREAM_BLOCKED);
}

size_t peal_stream_unacked(const peal_stream *stream) {
  return peal_stream_core_held(stream) + peal_socket_queue_unacked(stream->fd);
}

uint32_t peal_stream_acked(const peal_stream *stream) {
  return peal_socket_queue_acked(stream->fd);
}
