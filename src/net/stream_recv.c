/* SPDX-License-Identifier: MIT */
#include "net/stream_recv.h"

#include <errno.h>

#include <sys/socket.h>

#include "net/net_limits.h"
#include "net/stream_finish.h"
#include "net/tally.h"

/* The share of one connection in one turn, in reads of
 * PEAL_LIMIT_READ_BYTES. */
#define READ_ROUNDS 4

#define has peal_stream_core_has
#define set peal_stream_core_set

static void read_end(peal_stream *stream) {
  set(stream, PEAL_STREAM_READ_ENDED);
  if (has(stream, PEAL_STREAM_FIN_SENT)) {
    peal_stream_close(stream, PEAL_OK);
    return;
  }
  if (has(stream, PEAL_STREAM_FINISHING))
    return;
  if (stream->callbacks->on_end)
    stream->callbacks->on_end(stream, stream->user);
  else
    peal_stream_close(stream, PEAL_ERR_CLOSED);
}

static void tell(peal_stream *stream, size_t len) {
  peal_worker *worker = stream->worker;
  peal_stream_core_progress(stream);
  peal_tally_add(&worker->stats.bytes_in, len);
  if (has(stream, PEAL_STREAM_FINISHING))
    peal_stream_finish_drained(stream, len);
  else
    stream->callbacks->on_read(stream, worker->read_buf, len, stream->user);
}

/* A transport that deciphers needs all of the room. */
static size_t room_for(const peal_stream *stream) {
  uint32_t most = stream->callbacks->turn_bytes;
  return most && !peal_stream_core_state(stream) ? most : PEAL_LIMIT_READ_BYTES;
}

/* Returns what has come: 0 if nothing, or no more. */
static size_t read_once(peal_stream *stream) {
  ptrdiff_t got = peal_stream_core_verbs(stream)->recv(
      stream->fd, peal_stream_core_state(stream), stream->worker->read_buf,
      room_for(stream));
  if (got == -EAGAIN || got == -EWOULDBLOCK)
    return 0;
  if (got < 0)
    peal_stream_close(stream, peal_stream_core_err(got));
  else if (got == 0)
    read_end(stream);
  else
    tell(stream, (size_t)got);
  return got > 0 ? (size_t)got : 0;
}

static bool may_read(const peal_stream *stream) {
  return !has(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_READ_ENDED |
                          PEAL_STREAM_PAUSED);
}

void peal_stream_recv_waiting(peal_stream *stream) {
  int rounds = READ_ROUNDS;
  bool more = true;
  while (more && rounds-- > 0 && may_read(stream))
    more = (read_once(stream) == PEAL_LIMIT_READ_BYTES &&
            !stream->callbacks->turn_bytes) ||
           (may_read(stream) && peal_stream_core_more(stream));
}

void peal_stream_recv_end_while_paused(peal_stream *stream) {
  int got = peal_stream_core_verbs(stream)->peek(
      stream->fd, peal_stream_core_state(stream));
  if (got > 0)
    set(stream, PEAL_STREAM_GONE_SEEN);
  else if (got == 0)
    read_end(stream);
  else if (got != -EAGAIN && got != -EWOULDBLOCK)
    peal_stream_close(stream, peal_stream_core_err(got));
}

void peal_stream_recv_error(peal_stream *stream) {
  /* What came before a reset is delivered, the read behind it fails. The poller
   * tells of it until then. */
  while (may_read(stream) && read_once(stream))
    if (stream->callbacks->turn_bytes)
      return;
  if (has(stream, PEAL_STREAM_CLOSING))
    return;
  int number = 0;
  socklen_t len = sizeof(number);
  (void)getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &number, &len);
  peal_stream_close(stream,
                    number ? peal_stream_core_err(-number) : PEAL_ERR_CLOSED);
}
