/* SPDX-License-Identifier: MIT */
#include "engine/handover_take.h"

#include <string.h>

#include <unistd.h>

#include "base/mem.h"
#include "engine/arrivals.h"
#include "engine/engine_conn.h"
#include "engine/engine_conn_impl.h"
#include "engine/handover_link.h"
#include "engine/sid.h"
#include "engine/transport_websocket.h"
#include "http/http_give.h"
#include "proto/handover_record.h"

/* On its way to its worker. */
typedef struct peal_handover_parcel {
  peal_mail mail; /* of the first of a list */
  struct peal_handover_parcel *next, *last;
  peal_handover *handover;
  int fd;
  uint8_t type;
  size_t len;
  char body[];
} parcel;

static void parcel_free(const peal_handover *handover, parcel *it) {
  if (it->fd >= 0)
    close(it->fd);
  peal_mem_free(handover->mem, it);
}

/* -- one session ----------------------------------------------------------- */

static peal_message *message_of(const peal_handover_message *from,
                                const peal_mem *mem) {
  return from->is_binary ? peal_message_new_binary(from->data, mem)
                         : peal_message_new(from->data, NULL, 0, mem);
}

/* What waited there waits here; a part of what belongs together is not dropped
 * for others. */
static peal_err restore_queue(peal_engine_conn *conn,
                              const peal_handover_record *record) {
  peal_err err = PEAL_OK;
  for (size_t i = 0; !err && i < record->message_count; i++) {
    peal_eio_item item = {
        .message = message_of(&record->messages[i], conn->local->worker->mem),
        .no_compress = record->messages[i].no_compress,
        .keep = true};
    err = item.message ? peal_engine_conn_send(conn, &item) : PEAL_ERR_NOMEM;
    peal_message_unref(item.message);
  }
  return err;
}

/* Its way and its queue; `*fd` is taken. */
static peal_err restore_way(peal_engine_conn *conn,
                            const peal_handover_record *record, int *fd) {
  peal_err err = PEAL_OK;
  if (record->is_websocket) {
    err = peal_transport_websocket_resume(conn, *fd, &record->deflate,
                                          record->window);
    *fd = -1;
  }
  return err ? err : restore_queue(conn, record);
}

static void drop(peal_engine_conn *conn) {
  peal_engine *engine = conn->local->engine;
  if (conn->stream)
    peal_transport_websocket_leave(conn);
  engine->callbacks->on_left(conn, engine->user);
  peal_engine_conn_leave(conn);
}

static peal_err open_conn(peal_engine_conn **out, peal_engine_local *local,
                          const peal_handover_record *record) {
  const peal_eio_resume how = {.sid = record->sid.ptr,
                               .via = record->is_websocket ? PEAL_EIO_WEBSOCKET
                                                           : PEAL_EIO_POLLING,
                               .is_eio3 = record->is_eio3,
                               .is_pinged = record->is_pinged,
                               .beat_ms = record->beat_ms,
                               .max_queue_bytes = record->queue_bytes};
  peal_engine_handshake *handshake = peal_engine_handshake_restore(
      record, &local->heads, &local->worker->turn);
  if (!handshake)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_engine_conn_resume(out, local, handshake, &how);
  if (err) {
    peal_engine_handshake_free(handshake, &local->heads);
    return err;
  }
  (*out)->base64 = record->wants_base64;
  (*out)->policy = record->policy & 3u;
  return PEAL_OK;
}

static peal_err restore(peal_engine_local *local,
                        const peal_handover_record *record, int *fd) {
  peal_engine *engine = local->engine;
  peal_engine_conn *conn;
  if (local->stopping || record->is_websocket != (*fd >= 0))
    return PEAL_ERR_CLOSED;
  peal_err err = open_conn(&conn, local, record);
  if (err)
    return err;
  err = engine->callbacks->restore(conn, record, engine->user);
  if (err) {
    peal_engine_conn_leave(conn);
    return err;
  }
  err = restore_way(conn, record, fd);
  if (err) {
    drop(conn);
    return err;
  }
  engine->callbacks->on_arrived(conn, engine->user);
  peal_engine_conn_react(conn);
  peal_arrivals_came(local, record->sid);
  return PEAL_OK;
}

/* -- on its worker --------------------------------------------------------- */

static void take_session(peal_engine_local *local, parcel *it) {
  peal_handover_figures *figures = &it->handover->figures;
  peal_handover_record record;
  peal_arena *turn = &local->worker->turn;
  peal_arena_mark mark = peal_arena_mark_get(turn);
  peal_err err = peal_handover_record_decode(
      &record, (peal_slice){it->body, it->len}, turn);
  if (!err)
    err = restore(local, &record, &it->fd);
  peal_arena_mark_set(turn, mark);
  atomic_fetch_add(err ? &figures->sessions_refused : &figures->sessions_taken,
                   1);
  if (err)
    peal_logger_write(it->handover->log, PEAL_LOG_WARN, "handover",
                      (peal_slice){0}, (peal_slice){0},
                      "a session of the process before could not go on: %s",
                      peal_err_message(err));
}

static void take_link(const peal_engine_local *local, parcel *it) {
  peal_http_link_offer offer;
  if (it->fd < 0 ||
      !peal_handover_link_decode(&offer, (peal_slice){it->body, it->len}))
    return;
  offer.fd = it->fd;
  it->fd = -1;
  peal_http_give_take_link(it->handover->http, local->worker, &offer);
  atomic_fetch_add(&it->handover->figures.links_taken, 1);
}

/* Sessions first: requests ask for them. */
static void on_parcels(peal_worker *worker, peal_mail *mail) {
  parcel *first = PEAL_LIST_OF(mail, parcel, mail);
  peal_handover *handover = first->handover;
  peal_engine_local *local = peal_engine_local_of(handover->engine, worker);
  for (parcel *it = first; it; it = it->next)
    if (it->type == PEAL_HANDOVER_SESSION)
      take_session(local, it);
  for (parcel *it = first, *next; it; it = next) {
    next = it->next;
    if (it->type == PEAL_HANDOVER_LINK)
      take_link(local, it);
    parcel_free(handover, it);
  }
}

static void on_end(peal_worker *worker, void *user) {
  peal_handover *handover = user;
  peal_handover_figures *figures = &handover->figures;
  peal_arrivals_end(peal_engine_local_of(handover->engine, worker));
  if (atomic_fetch_sub(&handover->ending, 1) == 1)
    peal_logger_write(
        handover->log, PEAL_LOG_INFO, "handover", (peal_slice){0},
        (peal_slice){0},
        "%llu sessions and %llu connections have come, %llu could not go on",
        (unsigned long long)atomic_load(&figures->sessions_taken),
        (unsigned long long)atomic_load(&figures->links_taken),
        (unsigned long long)atomic_load(&figures->sessions_refused));
}

void peal_handover_take_end(peal_handover *handover) {
  atomic_store(&handover->ending, handover->worker_count);
  for (unsigned i = 0; i < handover->worker_count; i++) {
    peal_worker *worker = peal_workers_get(handover->workers, i);
    if (peal_worker_post(worker, on_end, handover) == PEAL_ERR_NOMEM)
      peal_logger_write(handover->log, PEAL_LOG_ERROR, "handover",
                        (peal_slice){0}, (peal_slice){0}, "out of memory");
  }
}

/* -- until then ------------------------------------------------------------ */

peal_err peal_handover_batch_init(peal_handover_batch *batch,
                                  const peal_handover *handover) {
  batch->first = peal_mem_zalloc(handover->mem,
                                 handover->worker_count * sizeof *batch->first);
  return batch->first ? PEAL_OK : PEAL_ERR_NOMEM;
}

void peal_handover_batch_deinit(peal_handover_batch *batch,
                                const peal_handover *handover) {
  for (unsigned i = 0; batch->first && i < handover->worker_count; i++)
    for (parcel *it = batch->first[i]; it;) {
      parcel *next = it->next;
      parcel_free(handover, it);
      it = next;
    }
  peal_mem_free(handover->mem, batch->first);
  batch->first = NULL;
}

/* The worker that its requests will go to (engine_request). */
static int worker_of(const peal_handover *handover, peal_arena *arena) {
  const peal_handover_reader *reader = &handover->reader;
  peal_handover_record record;
  unsigned count = handover->worker_count;
  if (reader->type == PEAL_HANDOVER_LINK)
    return (int)((unsigned)reader->fd % count);
  if (count == 1)
    return 0;
  if (peal_handover_record_decode(&record, peal_buf_slice(&reader->body),
                                  arena))
    return -1;
  int worker = peal_sid_worker(record.sid, count);
  return worker < 0 ? (int)peal_sid_any_worker(record.sid, count) : worker;
}

static void append(parcel **first, parcel *it) {
  if (*first)
    (*first)->last->next = it;
  else
    *first = it;
  (*first)->last = it;
}

void peal_handover_batch_add(peal_handover_batch *batch,
                             peal_handover *handover) {
  peal_handover_reader *reader = &handover->reader;
  peal_arena *turn = &peal_workers_get(handover->workers, 0)->turn;
  peal_arena_mark mark = peal_arena_mark_get(turn);
  int worker = worker_of(handover, turn);
  peal_arena_mark_set(turn, mark);
  parcel *it =
      worker < 0 ? NULL
                 : peal_mem_alloc(handover->mem, sizeof *it + reader->body.len);
  if (!it) {
    atomic_fetch_add(&handover->figures.sessions_refused, 1);
    return; /* the reader closes the descriptor */
  }
  *it = (parcel){.mail.fn = on_parcels,
                 .handover = handover,
                 .fd = reader->fd,
                 .type = reader->type,
                 .len = reader->body.len};
  memcpy(it->body, reader->body.ptr, reader->body.len);
  reader->fd = -1;
  append(&batch->first[worker], it);
}

void peal_handover_batch_run(peal_handover_batch *batch,
                             peal_handover *handover) {
  for (unsigned i = 0; i < handover->worker_count; i++) {
    parcel *first = batch->first[i];
    batch->first[i] = NULL;
    if (first)
      peal_mail_send(peal_workers_get(handover->workers, i), &first->mail);
  }
}
