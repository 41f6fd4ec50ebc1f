/* SPDX-License-Identifier: MIT */
#include "server/socket_recovery.h"

#include <stdlib.h>

#include "base/mem.h"
#include "net/crypto.h"
#include "server/members.h"
#include "server/next.h"
#include "server/nsp_life.h"
#include "server/server_client_turn.h"
#include "server/session.h"
#include "server/socket_extra.h"
#include "wire/json.h"

static const peal_mem *mem_of(const peal_socket *socket) {
  return socket->local->worker->mem;
}

/* 22 characters of 6 bits: nobody can guess it. */
static peal_err new_pid(peal_socket_recovery *own) {
  char other[21];
  peal_err err = peal_crypto_id(own->pid);
  if (!err)
    err = peal_crypto_id(other);
  if (!err)
    memcpy(own->pid + 20, other, 2);
  own->pid[22] = '\0';
  return err;
}

bool peal_socket_is_recovered(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_socket_recovery *own =
      socket ? peal_socket_recovery_of(socket) : NULL;
  return own && own->is_recovered;
}

/* -- coming back ------------------------------------------------------------------- */

/* What a client says: {pid, offset}. */
typedef struct claim {
  peal_slice pid;
  uint64_t offset;
  bool has_offset, is_wrong;
} claim;

static claim claim_of(peal_val auth) {
  peal_val offset = peal_val_get(auth, "offset");
  claim it = {.pid = peal_val_str(peal_val_get(auth, "pid"))};
  it.has_offset = !peal_val_is(offset, PEAL_UNDEFINED);
  it.is_wrong = it.has_offset &&
                !peal_recovery_offset_get(peal_val_str(offset), &it.offset);
  return it;
}

/* An offset of the session before this one, or none, is as if all up to the
 * beginning of this one had come. */
static uint64_t later(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static bool is_reached(const peal_recovery *recovery,
                       const peal_recovery_session *session,
                       const claim *said) {
  return peal_recovery_log_reaches(&recovery->log,
                                   later(said->offset, session->own_after));
}

/* Each session is given to one, once. */
static peal_recovery_session *take(peal_recovery *recovery, const peal_nsp *nsp,
                                   const claim *said) {
  uv_mutex_lock(&recovery->lanes.lock);
  peal_recovery_session *session = peal_recovery_sessions_find(
      &recovery->sessions, nsp, said->pid, peal_recovery_now_ms());
  if (session && is_reached(recovery, session, said))
    peal_recovery_sessions_take(&recovery->sessions, session);
  else
    session = NULL;
  uv_mutex_unlock(&recovery->lanes.lock);
  return session;
}

/* The application's value, which was kept as JSON. */
static peal_err restore_data(peal_socket *socket, peal_slice json) {
  peal_doc *doc = NULL;
  if (!json.ptr)
    return PEAL_OK;
  peal_err err = peal_doc_from_json(&doc, json, NULL);
  if (!err)
    err = peal_socket_set_data(socket, peal_doc_val(doc));
  peal_doc_free(doc);
  return err;
}

static peal_err restore(peal_candidate *candidate, const claim *said) {
  peal_socket *socket = candidate->socket;
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  const peal_recovery_session *session = candidate->held.session;
  if (!own)
    return PEAL_ERR_USAGE; /* only one that has a part in it is restored */
  memcpy(socket->id, session->sid, sizeof socket->id);
  memcpy(own->pid, session->pid, sizeof own->pid);
  own->own_after = session->own_after;
  own->after = session->after;
  own->is_recovered = true;
  candidate->held.offset = said->offset;
  return restore_data(socket, session->data);
}

/* "1692345678901-0", as Redis names entries. */
static bool is_entry(peal_slice text) {
  size_t i = 0, digits = 0, dash = 0;
  for (; i < text.len; i++) {
    bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
    if (!is_digit && (text.ptr[i] != '-' || dash++ || !digits))
      return false;
    digits = is_digit ? digits + 1 : 0;
  }
  return dash == 1 && digits && text.len < PEAL_RECOVERY_STORE_OFFSET;
}

/* What a store is to be asked for is kept until then. */
static peal_err note_claim(peal_socket_recovery *own, peal_val auth) {
  peal_slice pid = peal_val_str(peal_val_get(auth, "pid"));
  peal_val offset = peal_val_get(auth, "offset");
  peal_slice text = peal_val_str(offset);
  own->has_offset = !peal_val_is(offset, PEAL_UNDEFINED);
  own->asks = pid.len && pid.len < sizeof own->pid &&
              !memchr(pid.ptr, 0, pid.len) &&
              (!own->has_offset || is_entry(text));
  if (!own->asks)
    return new_pid(own);
  memcpy(own->pid, pid.ptr, pid.len);
  if (own->has_offset)
    memcpy(own->since, text.ptr, text.len);
  return PEAL_OK;
}

/* A client of Socket.IO 2 has no words for it. */
static bool has_part(const peal_socket *socket) {
  return (peal_socket_recovery_server(socket) ||
          peal_socket_recovery_store(socket)) &&
         !peal_sio_conn_is_sio2(&socket->client->sio);
}

peal_err peal_socket_recovery_ask(peal_candidate *candidate, peal_val auth) {
  peal_socket *socket = candidate->socket;
  peal_recovery *recovery = peal_socket_recovery_server(socket);
  if (!has_part(socket))
    return PEAL_OK;
  socket->extra->recovery =
      peal_mem_zalloc(mem_of(socket), sizeof(peal_socket_recovery));
  if (!socket->extra->recovery)
    return PEAL_ERR_NOMEM;
  if (!recovery)
    return note_claim(socket->extra->recovery, auth);
  claim said = claim_of(auth);
  /* In the middle of what is being delivered nobody can come back. */
  if (said.pid.len && !said.is_wrong &&
      !peal_lanes_are_running(&recovery->lanes, socket->local->worker))
    candidate->held.session = take(recovery, socket->local->nsp, &said);
  if (!candidate->held.session)
    return new_pid(socket->extra->recovery);
  return restore(candidate, &said);
}

bool peal_socket_recovery_skips(const peal_candidate *candidate) {
  const peal_recovery *recovery =
      peal_socket_recovery_server(candidate->socket);
  return candidate->held.session && (!recovery || !recovery->run_middlewares);
}

/* -- asking a store ------------------------------------------------------------------ */

typedef struct store_asker {
  peal_recovery_asker base;
  peal_recovery_store *store;
  const peal_mem *mem;
  peal_next *next;
  void (*then)(peal_candidate *candidate);
} store_asker;

static void drop_found(peal_recovery_store *store,
                       const peal_recovery_found *found) {
  for (size_t i = 0; i < found->count; i++)
    peal_message_unref(found->items[i].message);
  if (found->session)
    store->verbs->save(store, found->session);
}

/* It is who it was; or somebody new, with a new word. */
static peal_err take_found(peal_candidate *candidate,
                           const peal_recovery_found *found) {
  peal_socket *socket = candidate->socket;
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  const peal_recovery_session *session = found->session;
  own->asks = false;
  memset(own->since, 0, sizeof own->since);
  if (!session)
    return new_pid(own);
  candidate->held.session = found->session;
  candidate->held.missed = found->items;
  candidate->held.missed_count = found->count;
  memcpy(socket->id, session->sid, sizeof socket->id);
  memcpy(own->pid, session->pid, sizeof own->pid);
  memcpy(own->since, session->since, sizeof own->since);
  own->is_recovered = true;
  return restore_data(socket, session->data);
}

static void on_found(peal_recovery_asker *asker,
                     const peal_recovery_found *found) {
  store_asker it = *(store_asker *)asker;
  peal_mem_free(it.mem, asker);
  peal_candidate *candidate = peal_next_answer(it.next);
  bool is_there = candidate && candidate->socket->client;
  /* The server has not seen yet that its connection is lost. */
  bool is_double = is_there && found->session &&
                   peal_members_find(candidate->socket->local,
                                     peal_slice_of(found->session->sid));
  static const peal_recovery_found nothing;
  if (!is_there || is_double)
    drop_found(it.store, found);
  if (is_double)
    found = &nothing;
  if (candidate && !is_there)
    peal_candidate_bury(candidate);
  if (!is_there)
    return;
  if (take_found(candidate, found))
    peal_server_client_turn_fail(candidate->socket->client, PEAL_ERR_NOMEM);
  it.then(candidate);
}

bool peal_socket_recovery_look(peal_candidate *candidate, bool at_start,
                               void (*then)(peal_candidate *candidate)) {
  peal_socket *socket = candidate->socket;
  peal_recovery_store *store = peal_socket_recovery_store(socket);
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  if (!store || !own || !own->asks || at_start == store->run_middlewares)
    return false;
  own->asks = false;
  const peal_mem *mem = mem_of(socket);
  peal_next *next = peal_next_open(candidate);
  store_asker *it = next ? peal_mem_alloc(mem, sizeof *it) : NULL;
  peal_err err = it ? PEAL_OK : PEAL_ERR_NOMEM;
  if (it) {
    *it = (store_asker){.base = {on_found, socket->local->worker},
                        .store = store,
                        .mem = mem,
                        .next = next,
                        .then = then};
    peal_slice offset = peal_slice_of(own->since);
    err = store->verbs->take(store, socket->local->nsp, peal_slice_of(own->pid),
                             own->has_offset ? offset : (peal_slice){0},
                             &it->base);
  }
  if (!err)
    return true;
  peal_mem_free(mem, it);
  if (next)
    (void)peal_next_answer(next);
  memset(own->since, 0, sizeof own->since);
  if (new_pid(own))
    peal_server_client_turn_fail(socket->client, PEAL_ERR_SYSTEM);
  return false;
}

peal_err peal_socket_recovery_begin(const peal_candidate *candidate) {
  peal_socket *socket = candidate->socket;
  peal_recovery *recovery = peal_socket_recovery_server(socket);
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  const peal_recovery_session *session = candidate->held.session;
  if (recovery && own && !session) {
    uv_mutex_lock(&recovery->lanes.lock);
    own->own_after = peal_recovery_log_head(&recovery->log);
    uv_mutex_unlock(&recovery->lanes.lock);
  }
  if (recovery && candidate->held.session) {
    peal_err err = peal_session_restore(socket, candidate->held.session,
                                        recovery->sessions.account);
    if (err)
      return err;
  }
  for (size_t i = 0; session && i < session->room_count; i++) {
    peal_err err = peal_join_n(socket, session->rooms[i]);
    if (err)
      return err;
  }
  return PEAL_OK;
}

/* Under the lock. */
static bool find_missed(peal_candidate *candidate, peal_socket_missed *out) {
  const peal_socket *socket = candidate->socket;
  const peal_recovery *recovery = peal_socket_recovery_server(socket);
  const peal_recovery_session *session = candidate->held.session;
  uint64_t offset = candidate->held.offset;
  peal_recovery_who who = {.scope = socket->local->nsp,
                           .sid = peal_slice_of(socket->id),
                           .rooms = session->rooms,
                           .room_count = session->room_count,
                           .after = later(offset, session->after),
                           .own_after = later(offset, session->own_after)};
  return peal_recovery_log_reaches(&recovery->log, who.own_after) &&
         !peal_recovery_log_missed(
             &recovery->log, &who, recovery->max_missed_bytes,
             &socket->local->worker->turn, &out->items, &out->count);
}

/* What came up to this turn is among what was missed, what comes now comes to a
 * member. */
static void finish_stored(peal_candidate *candidate, peal_socket_missed *out) {
  peal_socket_recovery *own = peal_socket_recovery_of(candidate->socket);
  if (own->is_recovered)
    *out = (peal_socket_missed){candidate->held.missed,
                                candidate->held.missed_count};
  else
    memcpy(own->since, candidate->socket->local->offset, sizeof own->since);
  candidate->held.missed_count = 0;
  peal_recovery_held_drop(candidate->socket->local->nsp->server,
                          &candidate->held);
}

/* What is numbered is in the log, and in our lane unless we have run it: so what
 * is missed and what comes are told apart under the lock, and what was in the
 * lane is run before this is a member. */
peal_err peal_socket_recovery_finish(peal_candidate *candidate,
                                     peal_socket_missed *out) {
  peal_socket *socket = candidate->socket;
  peal_recovery *recovery = peal_socket_recovery_server(socket);
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  *out = (peal_socket_missed){0};
  if (!own) { /* it has missed nothing, and never will */
    peal_socket_recovery_settle(socket);
    return PEAL_OK;
  }
  if (peal_socket_recovery_store(socket))
    finish_stored(candidate, out);
  if (!recovery)
    return PEAL_OK;
  peal_lanes_begin(&recovery->lanes);
  if (own->is_recovered)
    own->is_recovered = find_missed(candidate, out);
  bool is_new = !own->is_recovered;
  if (is_new)
    own->after = peal_recovery_log_head(&recovery->log);
  bool was_to_be = is_new && candidate->held.session;
  if (was_to_be)
    own->own_after = own->after;
  peal_lanes_end(&recovery->lanes, socket->local->worker);
  peal_recovery_held_drop(candidate->socket->local->nsp->server,
                          &candidate->held);
  return was_to_be ? new_pid(own) : PEAL_OK;
}

bool peal_socket_recovery_has(const peal_socket_missed *missed,
                              const peal_message *message) {
  /* It was emitted by the connect handlers: it is among the last ones. */
  for (size_t i = missed->count; i--;)
    if (missed->items[i].message == message)
      return true;
  return false;
}

void peal_socket_recovery_release(peal_socket_missed *missed) {
  for (size_t i = 0; i < missed->count; i++)
    peal_message_unref(missed->items[i].message);
  missed->count = 0;
}

peal_err peal_socket_recovery_resume(peal_socket *socket, peal_slice pid) {
  peal_recovery *recovery = peal_socket_recovery_server(socket);
  if (!has_part(socket))
    return PEAL_OK;
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  peal_socket_recovery *own =
      extra ? peal_mem_zalloc(mem_of(socket), sizeof *own) : NULL;
  if (!own)
    return PEAL_ERR_NOMEM;
  extra->recovery = own;
  if (pid.len == sizeof own->pid - 1)
    memcpy(own->pid, pid.ptr, pid.len);
  else if (new_pid(own))
    return PEAL_ERR_SYSTEM;
  memcpy(own->since, socket->local->offset, sizeof own->since);
  if (recovery) {
    peal_lanes_begin(&recovery->lanes);
    own->after = own->own_after = peal_recovery_log_head(&recovery->log);
    peal_lanes_end(&recovery->lanes, socket->local->worker);
  }
  return PEAL_OK;
}

/* -- going ------------------------------------------------------------------------- */

void peal_socket_recovery_settle(const peal_socket *socket) {
  peal_recovery *recovery = peal_socket_recovery_server(socket);
  if (recovery)
    peal_lanes_catch_up(&recovery->lanes, socket->local->worker);
}

/* Who left, was told to go, or broke the protocol does not come back (reference
 * 1.8); who was too slow does. */
static bool is_lost(peal_reason reason) {
  switch (reason) {
  case PEAL_REASON_SHUTDOWN:
  case PEAL_REASON_PING_TIMEOUT:
  case PEAL_REASON_TRANSPORT_CLOSE:
  case PEAL_REASON_TRANSPORT_ERROR:
  case PEAL_REASON_FORCED_CLOSE:
  case PEAL_REASON_FORCED_SERVER:
  case PEAL_REASON_SLOW_CONSUMER:
    return true;
  case PEAL_REASON_CLIENT_DISCONNECT:
  case PEAL_REASON_SERVER_DISCONNECT:
  case PEAL_REASON_PARSE_ERROR:
    break;
  }
  return false;
}

static size_t name_bytes(const peal_socket *socket, size_t rooms) {
  size_t bytes = 0;
  for (size_t i = 1; i <= rooms; i++)
    bytes += peal_socket_room_n(socket, i).len;
  return bytes;
}

static void copy_rooms(peal_recovery_session *session,
                       const peal_socket *socket) {
  char *at = peal_recovery_sessions_names(session);
  for (size_t i = 0; i < session->room_count; i++) {
    peal_slice name = peal_socket_room_n(socket, i + 1);
    if (name.len)
      memcpy(at, name.ptr, name.len);
    session->rooms[i] = (peal_slice){at, name.len};
    at += name.len;
  }
  if (session->room_count)
    qsort(session->rooms, session->room_count, sizeof *session->rooms,
          peal_recovery_log_compare);
}

/* As JSON in the scratch; {0}: there is none. False: no memory. */
static bool read_data(const peal_socket *socket, peal_slice *out) {
  peal_val data = peal_socket_data(socket);
  peal_buf *buf =
      &peal_server_local_of(socket->local->nsp->server, socket->local->worker)
           ->encode;
  *out = (peal_slice){0};
  if (peal_val_is(data, PEAL_UNDEFINED))
    return true;
  peal_buf_reset(buf);
  peal_json_encode(buf, data, NULL);
  *out = peal_buf_slice(buf);
  return !buf->err;
}

static peal_recovery_session *session_of(peal_recovery_sessions *sessions,
                                         const peal_socket *socket) {
  const peal_socket_recovery *own = peal_socket_recovery_of(socket);
  size_t rooms = peal_socket_room_count(socket) - 1; /* its own is the first */
  peal_slice data;
  if (!read_data(socket, &data))
    return NULL;
  peal_recovery_session *session = peal_recovery_sessions_new(
      sessions, rooms, name_bytes(socket, rooms), data);
  if (!session)
    return NULL;
  peal_nsp_life_use(socket->local->nsp);
  session->scope = socket->local->nsp;
  session->left_ms = peal_recovery_now_ms();
  session->own_after = own->own_after;
  session->after = own->after;
  memcpy(session->since, own->since, sizeof session->since);
  memcpy(session->pid, own->pid, sizeof session->pid);
  memcpy(session->sid, socket->id, sizeof session->sid);
  copy_rooms(session, socket);
  return session;
}

static void keep(peal_recovery *recovery, peal_recovery_session *session) {
  uv_mutex_lock(&recovery->lanes.lock);
  peal_recovery_sessions_save(&recovery->sessions, session);
  peal_recovery_sweep_later(recovery);
  uv_mutex_unlock(&recovery->lanes.lock);
}

void peal_socket_recovery_save(peal_socket *socket, peal_reason reason,
                               bool was_in) {
  peal_recovery *recovery = peal_socket_recovery_server(socket);
  peal_recovery_store *store = peal_socket_recovery_store(socket);
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  bool lost = was_in && is_lost(reason);
  if (!own)
    return;
  if (store)
    peal_live_sessions_end(&own->live);
  if (!store && (!recovery || !lost))
    return;
  peal_recovery_session *session =
      session_of(store ? &store->sessions : &recovery->sessions, socket);
  if (!session)
    return;
  session->is_over = !lost;
  if (!store &&
      !peal_session_keep(socket, session, recovery->sessions.account)) {
    peal_recovery_sessions_drop(&recovery->sessions, session);
    return;
  }
  if (store)
    store->verbs->save(store, session);
  else
    keep(recovery, session);
}

void peal_socket_recovery_live(peal_socket *socket) {
  peal_recovery_store *store = peal_socket_recovery_store(socket);
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  if (store && own && socket->state == PEAL_SOCKET_CONNECTED)
    peal_live_sessions_begin(
        &peal_server_local_of(socket->local->nsp->server, socket->local->worker)
             ->live,
        &own->live, socket, store->live_ms);
}

void peal_socket_recovery_save_live(peal_socket *socket, bool first) {
  peal_recovery_store *store = peal_socket_recovery_store(socket);
  peal_recovery_session *session =
      store ? session_of(&store->sessions, socket) : NULL;
  if (!session)
    return;
  session->is_live = true;
  session->is_first = first;
  store->verbs->save(store, session);
}

void peal_socket_recovery_give_back(peal_candidate *candidate) {
  peal_recovery_store *store = peal_socket_recovery_store(candidate->socket);
  if (candidate->held.session && store)
    store->verbs->save(store, candidate->held.session);
  else if (candidate->held.session)
    keep(peal_socket_recovery_server(candidate->socket),
         candidate->held.session);
  candidate->held.session = NULL;
}
