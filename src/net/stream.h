/* SPDX-License-Identifier: MIT */
#pragma once
/* stream: one accepted or connected stream of bytes on a worker. Reads go into
 * the worker's one buffer; writes are pulled from the owner once per turn and
 * leave in one system call.
 * In the flow: the kernel -> [stream] -> http/, engine/ transports. */
#include <peal/base.h>
#include <peal/tls.h>

#include "base/iovs.h"
#include "net/address.h"
#include "net/stream_verbs.h"
#include "net/worker_impl.h" /* for the layers above */

typedef struct peal_stream peal_stream;

typedef struct peal_stream_callbacks {
  /* `data` lies in the worker's buffer: it may be written to, and is gone
   * when the callback returns. */
  void (*on_read)(peal_stream *stream, char *data, size_t len, void *user);
  /* The peer has closed its direction; what we still have may be written.
   * NULL: the connection is closed with PEAL_ERR_CLOSED. */
  void (*on_end)(peal_stream *stream, void *user);
  /* Fill `out` with what waits; nothing added means nothing waits, as does
   * out->is_all behind what was added: whoever queues more asks again. */
  void (*on_pull)(peal_stream *stream, peal_iovs *out, void *user);
  /* `len` bytes of what was pulled have left (0 is never told). May queue
   * more and may close. */
  void (*on_sent)(peal_stream *stream, size_t len, void *user);
  /* Exactly once and last, never from inside a function called by the owner
   * (it comes when the current callback has returned, or at the end of the
   * turn). `err` is why: PEAL_OK if finished or closed by us without error. */
  void (*on_close)(peal_stream *stream, peal_err err, void *user);
  /* As much is read in a turn, for an owner whom bytes cost far more than they
   * are long; over TLS one read. 0: a few reads of the worker's buffer. */
  uint32_t turn_bytes;
} peal_stream_callbacks;

/* Take an open, non-blocking socket (taken; closed on failure). Reading
 * starts. Returns NULL if memory is out, the loop refuses or the worker is
 * ending. */
PEAL_MUST_CHECK peal_stream *peal_stream_adopt(
    peal_worker *worker, int fd, const peal_stream_callbacks *callbacks,
    void *user);
/* Another owner from now on (protocol upgrade). */
void peal_stream_set_owner(peal_stream *stream,
                           const peal_stream_callbacks *callbacks, void *user);
/* Give the connection up without closing it: the stream is gone (no on_close),
 * and another worker can take the parcel. Nothing may be waiting to be sent. */
peal_stream_parcel peal_stream_detach(peal_stream *stream);
/* As peal_stream_adopt; `account` (borrowed for the life of the stream; NULL:
 * nobody counts) is charged for what the transport holds. */
PEAL_MUST_CHECK peal_stream *peal_stream_adopt_parcel(
    peal_worker *worker, const peal_stream_parcel *parcel,
    peal_account_worker *account, const peal_stream_callbacks *callbacks,
    void *user);
/* There is something to pull: it leaves at the end of the turn. */
void peal_stream_flush(peal_stream *stream);
/* Write what waits at once, in mid-turn (a queue is full): pull and sent are
 * called before it returns, unless it is called from inside them (then it is
 * peal_stream_flush). The stream may be closing afterwards; on_close comes
 * later all the same. */
void peal_stream_flush_now(peal_stream *stream);
/* Hand to the kernel only what can leave soon: at most `bytes` may wait there
 * unsent (TCP_NOTSENT_LOWAT; 0: no such limit). Until less does, the stream is
 * blocked, and what the owner holds can still be replaced. Costs one more
 * system call for each write, and smaller writes: to a peer that reads as fast
 * as it can a byte costs about the same with 16 KiB, twice as much with 8 and
 * four times as much with 4. Returns false if this is no TCP socket or memory
 * is out. */
bool peal_stream_set_lowat(peal_stream *stream, uint32_t bytes);
/* Stop and start reading (backpressure). A peer that goes away is noticed
 * all the same. */
void peal_stream_pause(peal_stream *stream);
void peal_stream_resume(peal_stream *stream);
/* Write what waits, then send FIN, read and drop what comes for up to 1 s and
 * 64 KiB (so that no reset overtakes our last bytes), then close with PEAL_OK.
 * A peer that takes less than 1 KiB a second of what waits is reset after 30 s
 * (PEAL_ERR_TIMEOUT); see net/stream_finish.h. */
void peal_stream_finish(peal_stream *stream);
/* Close now; what waits is lost. */
void peal_stream_close(peal_stream *stream, peal_err err);
/* Close now with a reset (hostile peers). */
void peal_stream_reset(peal_stream *stream, peal_err err);
bool peal_stream_is_closing(const peal_stream *stream);
/* True while the kernel does not take more, or is to take no more (lowat). */
bool peal_stream_is_blocked(const peal_stream *stream);
/* Over TLS? */
bool peal_stream_is_encrypted(const peal_stream *stream);
/* Over TLS, and the peer has not said that nothing more comes: at the end of the
 * stream, anybody on the way may have cut it there (RFC8446 6.1). */
bool peal_stream_is_unfinished(const peal_stream *stream);
/* Which certificate has the peer shown? False: none. */
bool peal_stream_certificate(const peal_stream *stream, peal_tls_peer *out);
/* Its descriptor, which stays its own. */
int peal_stream_fd(const peal_stream *stream);
peal_worker *peal_stream_worker(const peal_stream *stream);
/* "127.0.0.1" / "::1" / "unix", as peal_address_text; returns its length.
 * `out` has PEAL_ADDRESS_MAX bytes. Asked from the kernel. */
size_t peal_stream_peer(const peal_stream *stream, char *out, uint16_t *port);
/* Milliseconds (worker's now) of the last byte in or out. */
uint64_t peal_stream_last_progress_ms(const peal_stream *stream);
/* Bytes that transport and kernel have taken and the peer has not acknowledged:
 * they shrink while a slow peer reads, long before the kernel takes more. */
size_t peal_stream_unacked(const peal_stream *stream);
/* A count that changes when the peer acknowledges bytes (modulo 2^32): kept and
 * compared later, it says whether the peer has taken anything in between. One
 * system call. */
uint32_t peal_stream_acked(const peal_stream *stream);
/* A number of the owner's that stays with the connection when the owner
 * changes (http/ keeps its account of the address there). */
void peal_stream_set_tag(peal_stream *stream, uint32_t tag);
uint32_t peal_stream_tag(const peal_stream *stream);
/* Close all connections of a worker. */
void peal_stream_close_all(peal_worker *worker, peal_err err);
