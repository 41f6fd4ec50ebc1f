/* SPDX-License-Identifier: MIT */
#include "engine/away.h"

#include <string.h>

#include "base/mem.h"
#include "engine/away_ask.h"
#include "engine/away_home.h"
#include "engine/away_poll.h"
#include "engine/away_send.h"
#include "engine/away_socket.h"
#include "engine/engine_limits.h"

typedef enum news_kind { UP, DOWN, GONE, MESSAGE } news_kind;

/* What happens on the bus, on its way to a worker. */
typedef struct news {
  peal_mail mail;
  peal_engine *engine;
  news_kind kind;
  char name[PEAL_EIO_AWAY_NODE + 1];
  size_t len;
  char payload[];
} news;

/* -- on a worker --------------------------------------------------------------------- */

/* Behind the UPGRADE's answer the WebSocket is the session's way, before it the
 * GET. What is for neither has been given up here. */
static void drain(peal_away *away, const peal_eio_away *msg) {
  peal_away_entry *socket = peal_map_get(&away->sockets, msg->sid);
  peal_away_entry *get = peal_map_get(&away->gets, msg->sid);
  if (socket && socket->state == PEAL_AWAY_OPEN)
    peal_away_socket_drain(socket, msg);
  else if (get)
    peal_away_poll_drain(get, msg);
  else if (!socket)
    peal_away_send_close_to(away, msg->sender, msg->sid, "transport close");
}

static void hear(peal_away *away, peal_slice payload) {
  peal_eio_away msg;
  if (peal_eio_away_decode(&msg, payload, &away->local->worker->turn))
    return;
  switch ((peal_eio_away_type)msg.type) {
  case PEAL_EIO_AWAY_LOCK_ANSWER:
  case PEAL_EIO_AWAY_UPGRADE_ANSWER:
    peal_away_ask_feed(away, &msg);
    break;
  case PEAL_EIO_AWAY_DRAIN:
    drain(away, &msg);
    break;
  case PEAL_EIO_AWAY_LOCK:
  case PEAL_EIO_AWAY_PACKET:
  case PEAL_EIO_AWAY_UPGRADE:
  case PEAL_EIO_AWAY_CLOSE:
  case PEAL_EIO_AWAY_CREDIT:
    peal_away_home_feed(away, &msg);
    break;
  }
}

/* None is added in here; the one that is looked at may go. */
static void end_entries(const peal_away *away, const char *node) {
  peal_list *at = away->entries.next;
  while (at != &away->entries) {
    peal_away_entry *entry = PEAL_LIST_OF(at, peal_away_entry, node);
    at = at->next;
    if (!node || !strcmp(node, entry->home))
      peal_away_ask_lost(entry);
  }
}

static void lose(peal_away *away, const char *node) {
  end_entries(away, node);
  peal_away_home_lost(away, node);
}

static void take(peal_away *away, const news *it) {
  switch (it->kind) {
  case UP:
    memcpy(away->name, it->name, sizeof it->name);
    break;
  case DOWN:
    away->name[0] = 0;
    lose(away, NULL);
    break;
  case GONE:
    lose(away, it->name);
    break;
  case MESSAGE:
    if (*away->name)
      hear(away, (peal_slice){it->payload, it->len});
    break;
  }
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  news *it = PEAL_LIST_OF(mail, news, mail);
  peal_engine *engine = it->engine;
  if (!peal_worker_impl_is_ending(worker))
    take(peal_engine_local_of(engine, worker)->away, it);
  atomic_fetch_sub_explicit(&engine->away_bytes, sizeof *it + it->len,
                            memory_order_relaxed);
  peal_mem_free(engine->mem, it);
}

/* -- to the workers -------------------------------------------------------------------- */

static peal_err tell(peal_engine *engine, unsigned worker, news_kind kind,
                     const char *name, peal_slice payload) {
  size_t bytes = sizeof(news) + payload.len;
  size_t before = atomic_fetch_add_explicit(&engine->away_bytes, bytes,
                                            memory_order_relaxed);
  bool fits = kind != MESSAGE || before + bytes <= PEAL_LIMIT_AWAY_MAIL_BYTES;
  news *it = fits ? peal_mem_zalloc(engine->mem, bytes) : NULL;
  if (!it) {
    atomic_fetch_sub_explicit(&engine->away_bytes, bytes, memory_order_relaxed);
    return fits ? PEAL_ERR_NOMEM : PEAL_ERR_LIMIT;
  }
  it->mail.fn = on_mail;
  it->engine = engine;
  it->kind = kind;
  if (name)
    memcpy(it->name, name, PEAL_EIO_AWAY_NODE);
  it->len = payload.len;
  if (payload.len)
    memcpy(it->payload, payload.ptr, payload.len);
  peal_worker_impl_send(peal_workers_get(engine->workers, worker), &it->mail);
  return PEAL_OK;
}

/* Without memory a worker does not learn of it: its deadlines tell. */
static void tell_all(peal_engine *engine, news_kind kind, const char *name) {
  for (unsigned i = 0; i < engine->worker_count; i++)
    (void)!tell(engine, i, kind, name, (peal_slice){0});
}

void peal_away_up(peal_engine *engine, const char *name) {
  tell_all(engine, UP, name);
}

void peal_away_down(peal_engine *engine) {
  tell_all(engine, DOWN, NULL);
}

void peal_away_gone(peal_engine *engine, const char *name) {
  tell_all(engine, GONE, name);
}

/* Answers come to the worker whose request has this number. */
static unsigned worker_for(const peal_engine *engine,
                           const peal_eio_away *msg) {
  if (msg->type == PEAL_EIO_AWAY_LOCK_ANSWER ||
      msg->type == PEAL_EIO_AWAY_UPGRADE_ANSWER)
    return (unsigned)(msg->request % engine->worker_count);
  int named = peal_sid_worker(msg->sid, engine->worker_count);
  return named >= 0 ? (unsigned)named
                    : peal_sid_any_worker(msg->sid, engine->worker_count);
}

peal_err peal_away_feed(peal_engine *engine, peal_slice payload,
                        peal_arena *arena) {
  peal_eio_away msg;
  peal_err err = peal_eio_away_decode(&msg, payload, arena);
  return err ? err
             : tell(engine, worker_for(engine, &msg), MESSAGE, NULL, payload);
}

/* -- life -------------------------------------------------------------------------------- */

static peal_away *away_new(peal_engine_local *local, peal_away_bus *bus,
                           uint32_t seed) {
  const peal_mem *mem = local->worker->mem;
  peal_away *away = peal_mem_zalloc(local->engine->mem, sizeof *away);
  if (!away)
    return NULL;
  away->local = local;
  away->bus = bus;
  peal_list_init(&away->entries);
  peal_map_init(&away->numbers, mem, seed);
  peal_map_init(&away->gets, mem, seed);
  peal_map_init(&away->sockets, mem, seed);
  peal_map_init(&away->homes, mem, seed);
  return away;
}

peal_err peal_away_open(peal_engine *engine, peal_away_bus *bus) {
  for (unsigned i = 0; i < engine->worker_count; i++) {
    peal_engine_local *local = engine->locals[i];
    local->away = away_new(local, bus, local->heads.seed);
    if (!local->away)
      return PEAL_ERR_NOMEM;
  }
  engine->far = &peal_away_home_far;
  return PEAL_OK;
}
