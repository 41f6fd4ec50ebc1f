/* SPDX-License-Identifier: MIT */
/* stream_life: a stream begins, is told what has come, and goes. */
#include <assert.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/stream_core.h"
#include "net/stream_memory.h"
#include "net/stream_plain.h"
#include "net/stream_recv.h"
#include "net/stream_send.h"
#include "net/stream_tls.h"
#include "net/tally.h"
#include "net/tls_peer.h"

#define has peal_stream_core_has
#define set peal_stream_core_set
#define unset peal_stream_core_unset

static peal_stream *stream_of(peal_polled *item) {
  return PEAL_LIST_OF(item, peal_stream, item);
}

/* -- what the worker tells ------------------------------------------------- */

/* Both directions are over. Where something is waited for, doing it finds out
 * how; where unread bytes are in front of it, it is told behind them. */
static unsigned on_hang_up(peal_stream *stream, unsigned watched) {
  if (watched)
    return watched;
  if (has(stream, PEAL_STREAM_GONE_SEEN))
    peal_stream_core_unwatch(stream);
  else
    peal_stream_recv_error(stream);
  return 0;
}

static void read_what_came(peal_stream *stream, unsigned events) {
  if (events & PEAL_POLL_ERR)
    peal_stream_recv_error(stream);
  else if (events & PEAL_POLL_IN)
    peal_stream_recv_waiting(stream);
  if (events & PEAL_POLL_END && !has(stream, PEAL_STREAM_CLOSING))
    peal_stream_recv_end_while_paused(stream);
}

static void on_ready(peal_polled *item, unsigned events) {
  peal_stream *stream = stream_of(item);
  if (has(stream, PEAL_STREAM_CLOSING)) /* by an event told before this one */
    return;
  unsigned watched = peal_stream_core_watched(stream);
  unsigned told = events & (watched | PEAL_POLL_ERR);
  if (events & PEAL_POLL_HUP && !told)
    told = on_hang_up(stream, watched);
  read_what_came(stream, told);
  if (!has(stream, PEAL_STREAM_CLOSING) &&
      (told & PEAL_POLL_OUT || has(stream, PEAL_STREAM_ASKED)))
    peal_stream_send_waiting(stream);
  peal_stream_core_watch(stream);
  peal_arena_reset(&stream->worker->turn);
}

static void on_turn_end(peal_polled *item) {
  peal_stream *stream = stream_of(item);
  peal_worker *worker = stream->worker;
  unset(stream, PEAL_STREAM_QUEUED);
  if (!has(stream, PEAL_STREAM_CLOSING)) {
    if (has(stream, PEAL_STREAM_ASKED) && !has(stream, PEAL_STREAM_BLOCKED))
      peal_stream_send_waiting(stream);
    return;
  }
  if (!has(stream, PEAL_STREAM_GIVEN)) {
    peal_stream_core_leave(stream);
    stream->callbacks->on_close(stream, (peal_err)stream->err, stream->user);
  }
  peal_mem_free(worker->mem, stream);
}

/* -- reading, as the owner likes ------------------------------------------- */

void peal_stream_pause(peal_stream *stream) {
  if (has(stream,
          PEAL_STREAM_CLOSING | PEAL_STREAM_PAUSED | PEAL_STREAM_FINISHING))
    return;
  set(stream, PEAL_STREAM_PAUSED);
  peal_stream_core_watch(stream);
}

void peal_stream_resume(peal_stream *stream) {
  if (has(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_FINISHING) ||
      !has(stream, PEAL_STREAM_PAUSED))
    return;
  unset(stream, PEAL_STREAM_PAUSED | PEAL_STREAM_GONE_SEEN);
  peal_stream_core_watch(stream);
}

/* -- life ------------------------------------------------------------------ */

static const peal_stream_kind plain = {{on_ready, on_turn_end},
                                       &peal_stream_plain};
static const peal_stream_kind tls = {{on_ready, on_turn_end}, &peal_stream_tls};
static const peal_stream_kind memory = {{on_ready, on_turn_end},
                                        &peal_stream_memory_verbs};

static const peal_stream_kind *kind_of(const peal_stream_parcel *parcel) {
  if (parcel->verbs == &peal_stream_tls)
    return &tls;
  return parcel->verbs == &peal_stream_memory_verbs ? &memory : &plain;
}

static void begin(peal_stream *stream, peal_worker *worker,
                  const peal_stream_parcel *parcel) {
  *stream = (peal_stream){.item.kind = &kind_of(parcel)->polled,
                          .worker = worker,
                          .fd = parcel->fd,
                          .tag = parcel->tag,
                          .err = PEAL_OK};
  peal_stream_core_progress(stream);
  peal_list_push(&worker->conns, &stream->node);
  peal_tally_add(&worker->stats.connections, 1);
}

/* Returns false if memory is out. */
static bool attach(peal_stream *stream, void *state,
                   peal_account_worker *account) {
  if (!state)
    return true;
  peal_stream_extra *extra = peal_stream_core_extra(stream);
  if (!extra || peal_stream_core_verbs(stream)->attach(state, stream->worker,
                                                       account) != PEAL_OK)
    return false;
  extra->state = state;
  if (stream->item.kind == &memory.polled)
    peal_stream_memory_bind(state, &stream->item);
  return true;
}

peal_stream *peal_stream_adopt_parcel(peal_worker *worker,
                                      const peal_stream_parcel *parcel,
                                      peal_account_worker *account,
                                      const peal_stream_callbacks *callbacks,
                                      void *user) {
  peal_stream *stream =
      worker->ending ? NULL : peal_mem_alloc(worker->mem, sizeof(*stream));
  if (!stream) {
    peal_stream_parcel_close(parcel);
    return NULL;
  }
  begin(stream, worker, parcel);
  if (!attach(stream, parcel->state, account)) {
    peal_stream_core_leave(stream);
    peal_mem_free(worker->mem, stream);
    peal_stream_parcel_close(parcel);
    return NULL;
  }
  peal_stream_set_owner(stream, callbacks, user);
  peal_stream_core_watch(stream);
  return stream;
}

peal_stream *peal_stream_adopt(peal_worker *worker, int fd,
                               const peal_stream_callbacks *callbacks,
                               void *user) {
  const peal_stream_parcel parcel = {.fd = fd};
  return peal_stream_adopt_parcel(worker, &parcel, NULL, callbacks, user);
}

void peal_stream_set_owner(peal_stream *stream,
                           const peal_stream_callbacks *callbacks, void *user) {
  stream->callbacks = callbacks;
  stream->user = user;
}

peal_stream_parcel peal_stream_detach(peal_stream *stream) {
  assert(!has(stream, PEAL_STREAM_CLOSING));
  peal_stream_core_unwatch(stream);
  peal_stream_parcel parcel = peal_stream_core_parcel(stream);
  set(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_GIVEN);
  peal_stream_core_leave(stream);
  /* An event may still be told for it in this turn. */
  peal_stream_core_queue(stream);
  return parcel;
}

bool peal_stream_is_closing(const peal_stream *stream) {
  return has(stream, PEAL_STREAM_CLOSING | PEAL_STREAM_FINISHING);
}

bool peal_stream_is_encrypted(const peal_stream *stream) {
  return stream->item.kind == &tls.polled;
}

static SSL *ssl_of(const peal_stream *stream) {
  const peal_stream_parcel parcel = {.verbs = peal_stream_core_verbs(stream),
                                     .state = peal_stream_core_state(stream)};
  return peal_stream_is_encrypted(stream) && parcel.state
             ? peal_stream_tls_ssl(&parcel)
             : NULL;
}

bool peal_stream_is_unfinished(const peal_stream *stream) {
  const SSL *ssl = ssl_of(stream);
  return ssl && !(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
}

bool peal_stream_certificate(const peal_stream *stream, peal_tls_peer *out) {
  SSL *ssl = ssl_of(stream);
  *out = (peal_tls_peer){.subject = ""};
  return ssl && peal_tls_peer_of(ssl, out);
}

int peal_stream_fd(const peal_stream *stream) {
  return stream->fd;
}

peal_worker *peal_stream_worker(const peal_stream *stream) {
  return stream->worker;
}

void peal_stream_set_tag(peal_stream *stream, uint32_t tag) {
  stream->tag = tag;
}

uint32_t peal_stream_tag(const peal_stream *stream) {
  return stream->tag;
}

size_t peal_stream_peer(const peal_stream *stream, char *out, uint16_t *port) {
  struct sockaddr_storage from;
  socklen_t len = sizeof(from);
  peal_address address = {.known = false};
  if (getpeername(stream->fd, (struct sockaddr *)&from, &len) == 0)
    address = peal_address_of((struct sockaddr *)&from);
  if (port)
    *port = address.port;
  return peal_address_text(&address, out);
}
