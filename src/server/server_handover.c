/* SPDX-License-Identifier: MIT */
#include "server/server_handover.h"

#include <string.h>

#include <peal/handover.h>

#include "engine/handover.h"
#include "proto/sio_resume.h"
#include "server/acks.h"
#include "server/auth.h"
#include "server/dispatch.h"
#include "server/handlers.h"
#include "server/members.h"
#include "server/nsp.h"
#include "server/nsp_life.h"
#include "server/nsp_table.h"
#include "server/rooms.h"
#include "server/server_client_turn.h"
#include "server/session.h"
#include "server/socket.h"
#include "server/socket_recovery.h"

/* -- functions ------------------------------------------------------------- */

static peal_err change(peal_nsp *nsp, bool removes, peal_hook_kind kind,
                       peal_handover_fn fn, void *user) {
  const peal_hook like = {.kind = (uint8_t)kind, .fn.socket = fn, .user = user};
  if (!nsp || !fn)
    return PEAL_ERR_USAGE;
  return removes ? peal_handlers_remove(nsp, &like, (peal_slice){0})
                 : peal_handlers_add(nsp, &like, (peal_slice){0});
}

peal_err peal_on_handover(peal_nsp *nsp, peal_handover_fn fn, void *user) {
  return change(nsp, false, PEAL_HOOK_HANDOVER, fn, user);
}

peal_err peal_off_handover(peal_nsp *nsp, peal_handover_fn fn, void *user) {
  return change(nsp, true, PEAL_HOOK_HANDOVER, fn, user);
}

peal_err peal_on_adopted(peal_nsp *nsp, peal_handover_fn fn, void *user) {
  return change(nsp, false, PEAL_HOOK_ADOPTED, fn, user);
}

peal_err peal_off_adopted(peal_nsp *nsp, peal_handover_fn fn, void *user) {
  return change(nsp, true, PEAL_HOOK_ADOPTED, fn, user);
}

static void tell(peal_socket *socket, peal_hook_kind kind) {
  const peal_hooks *hooks = &socket->local->hooks;
  uint64_t age = hooks->age;
  for (peal_hook *hook = peal_hook_live(hooks->chains[kind], age);
       hook && socket->state == PEAL_SOCKET_CONNECTED;
       hook = peal_hook_live(hook->next, age))
    hook->fn.socket(socket, hook->user);
}

static void tell_all(const peal_server_client *client, peal_hook_kind kind) {
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (socket)
      tell(socket, kind);
  }
}

/* -- going ----------------------------------------------------------------- */

void peal_server_handover_on_look(peal_worker *worker, void *user) {
  peal_server *server = user;
  peal_dispatch_mark_owed(server, worker);
}

static bool is_at_rest(const peal_socket *socket) {
  const peal_socket_extra *extra = socket->extra;
  return socket->state == PEAL_SOCKET_CONNECTED && socket->is_member &&
         (!extra || (!extra->candidate && !extra->acks.first));
}

bool peal_server_handover_may_leave(peal_engine_conn *conn, void *user) {
  const peal_server_client *client = peal_engine_conn_user(conn);
  const peal_server_local *local =
      peal_server_local_of(user, peal_engine_conn_worker(conn));
  if (client->failure || client->close_asked || client->is_reading ||
      client->read_asked || client->owed_at == local->owed_at ||
      !peal_sio_resume_may(&client->sio))
    return false;
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    const peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (!socket || !is_at_rest(socket))
      return false;
  }
  return true;
}

void peal_server_handover_on_leaving(peal_engine_conn *conn, void *user) {
  (void)user;
  tell_all(peal_engine_conn_user(conn), PEAL_HOOK_HANDOVER);
}

static peal_err save_rooms(const peal_socket *socket, peal_handover_socket *out,
                           peal_arena *arena) {
  size_t count = peal_socket_room_count(socket) - 1; /* its own is the first */
  peal_slice *rooms = peal_arena_alloc(arena, (count + 1) * sizeof *rooms);
  if (!rooms)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++)
    rooms[i] = peal_socket_room_n(socket, i + 1);
  out->rooms = rooms;
  out->room_count = count;
  return PEAL_OK;
}

/* The values that outlive the socket, as one object. */
static peal_err save_session(const peal_socket *socket,
                             peal_handover_socket *out, peal_arena *arena) {
  size_t count = peal_session_count(socket);
  if (!count)
    return PEAL_OK;
  peal_pair *pairs = peal_arena_alloc(arena, count * sizeof *pairs);
  if (!pairs)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++) {
    peal_val value;
    const char *name = peal_session_at(socket, i, &value);
    pairs[i] = (peal_pair){.key = name, .value = value};
  }
  out->session = peal_object(pairs, count);
  return PEAL_OK;
}

static peal_err save_socket(const peal_server_client *client,
                            peal_sio_link link, peal_handover_socket *out,
                            peal_arena *arena) {
  const peal_socket *socket = peal_sio_link_user(&client->sio, link);
  const peal_socket_recovery *own = peal_socket_recovery_of(socket);
  *out = (peal_handover_socket){.nsp = peal_sio_link_nsp(&client->sio, link),
                                .id = peal_slice_of(socket->id),
                                .pid = peal_slice_of(own ? own->pid : ""),
                                .auth = peal_auth_text(socket),
                                .data = peal_socket_data(socket)};
  peal_err err = save_session(socket, out, arena);
  return err ? err : save_rooms(socket, out, arena);
}

static size_t socket_count(const peal_server_client *client) {
  size_t count = 0;
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link))
    count++;
  return count;
}

peal_err peal_server_handover_save(peal_engine_conn *conn,
                                   peal_handover_record *record,
                                   peal_arena *arena, void *user) {
  const peal_server_client *client = peal_engine_conn_user(conn);
  peal_err err = PEAL_OK;
  (void)user;
  peal_handover_socket *sockets =
      peal_arena_alloc(arena, (socket_count(client) + 1) * sizeof *sockets);
  if (!sockets)
    return PEAL_ERR_NOMEM;
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; !err && link; link = peal_sio_link_next(&client->sio, link))
    err = save_socket(client, link, &sockets[record->socket_count++], arena);
  record->sockets = sockets;
  return err;
}

/* No handler hears of it: it is connected as before. */
static void leave(peal_socket *socket) {
  peal_socket_recovery *own = peal_socket_recovery_of(socket);
  socket->state = PEAL_SOCKET_GONE;
  peal_figures_add(&peal_figures_of(socket)->sockets, UINT64_MAX);
  if (own && peal_socket_recovery_store(socket))
    peal_live_sessions_end(&own->live);
  peal_rooms_leave_all(socket);
  peal_members_remove(socket);
  peal_acks_close(socket);
  peal_socket_free(socket);
}

void peal_server_handover_on_left(peal_engine_conn *conn, void *user) {
  peal_server_client *client = peal_engine_conn_user(conn);
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (socket)
      leave(socket);
  }
  peal_session_end(client, user);
  peal_sio_conn_deinit(&client->sio);
}

/* -- coming ---------------------------------------------------------------- */

static peal_err restore_auth(peal_socket *socket, peal_slice json) {
  peal_doc *doc = NULL;
  if (!json.ptr)
    return PEAL_OK;
  peal_err err = peal_doc_from_json(&doc, json, NULL);
  if (!err)
    err = peal_auth_keep(socket, peal_doc_val(doc));
  peal_doc_free(doc);
  return err;
}

static peal_err restore_session(peal_socket *socket, peal_val session) {
  peal_err err = PEAL_OK;
  size_t count = peal_val_is(session, PEAL_OBJECT) ? session.len : 0;
  for (size_t i = 0; !err && i < count; i++) {
    peal_slice name = peal_val_key(session, i);
    char *key = peal_arena_str(&socket->local->worker->turn, name);
    err = key ? peal_session_set(socket, key, peal_val_get_n(session, name))
              : PEAL_ERR_NOMEM;
  }
  return err;
}

static peal_err enter(peal_socket *socket, const peal_handover_socket *from) {
  peal_err err = peal_socket_recovery_resume(socket, from->pid);
  if (!err)
    err = peal_members_add(socket);
  if (err)
    return err;
  peal_rooms_enter_own(socket);
  socket->state = PEAL_SOCKET_CONNECTED;
  peal_figures_add(&peal_figures_of(socket)->sockets, 1);
  for (size_t i = 0; !err && i < from->room_count; i++)
    err = peal_join_n(socket, from->rooms[i]);
  if (!err)
    err = restore_auth(socket, from->auth);
  if (!err && !peal_val_is(from->data, PEAL_UNDEFINED))
    err = peal_socket_set_data(socket, from->data);
  if (!err)
    err = restore_session(socket, from->session);
  if (!err)
    peal_socket_recovery_live(socket);
  return err;
}

/* A child that a client has made before is made anew: what allowed it has been
 * asked there. */
static peal_nsp *enter_nsp(peal_server *server, peal_slice name) {
  peal_nsp *nsp = peal_nsp_table_enter(server, name);
  peal_parent *parent =
      nsp ? NULL : peal_parent_next(server, NULL, name, false);
  if (parent && peal_nsp_table_child(parent, name, &nsp))
    return NULL;
  return nsp;
}

/* On errors it is among the links if it has been made a member: it leaves with
 * them. */
static peal_err restore_socket(peal_server_client *client,
                               const peal_handover_socket *from, void *user) {
  peal_sio_link link = 0;
  peal_nsp *nsp = enter_nsp(user, from->nsp);
  peal_worker *worker = peal_engine_conn_worker(client->conn);
  if (!nsp)
    return PEAL_ERR_SIO_STATE;
  bool is_double = peal_members_find(peal_nsp_local_of(nsp, worker), from->id);
  peal_socket *socket = is_double ? NULL : peal_socket_new(client, nsp);
  if (!socket) {
    peal_nsp_life_leave(nsp);
    return is_double ? PEAL_ERR_SIO_STATE : PEAL_ERR_NOMEM;
  }
  memcpy(socket->id, from->id.ptr, sizeof socket->id - 1);
  peal_err err = peal_sio_resume_add(&client->sio, from->nsp, socket, &link);
  if (!err)
    err = enter(socket, from);
  if (err && !socket->is_member) {
    if (link)
      peal_sio_link_set_user(&client->sio, link, NULL);
    peal_socket_free(socket);
  }
  return err;
}

peal_err peal_server_handover_restore(peal_engine_conn *conn,
                                      const peal_handover_record *record,
                                      void *user) {
  peal_server *server = user;
  peal_worker *worker = peal_engine_conn_worker(conn);
  peal_server_client *client = peal_engine_conn_user(conn);
  peal_err err = PEAL_OK;
  client->conn = conn;
  peal_sio_conn_init(&client->sio, &peal_server_local_of(server, worker)->sio,
                     peal_engine_conn_account(conn), worker->now_ms);
  if (record->is_eio3)
    peal_sio_conn_speak_sio2(&client->sio);
  for (size_t i = 0; !err && i < record->socket_count; i++)
    err = restore_socket(client, &record->sockets[i], user);
  if (!err && !record->socket_count)
    err = PEAL_ERR_SIO_STATE;
  if (err)
    peal_server_handover_on_left(conn, user);
  return err;
}

void peal_server_handover_on_arrived(peal_engine_conn *conn, void *user) {
  peal_server_client *client = peal_engine_conn_user(conn);
  (void)user;
  tell_all(client, PEAL_HOOK_ADOPTED);
  peal_server_client_turn_rearm(client);
}

/* -- numbers of recovery --------------------------------------------------- */

uint64_t peal_server_handover_counted(void *user) {
  peal_server *server = user;
  return server->recovery ? peal_recovery_counted(server->recovery) : 0;
}

void peal_server_handover_count_on(uint64_t counted, void *user) {
  peal_server *server = user;
  if (server->recovery)
    peal_recovery_count_on(server->recovery, counted);
}

/* -- figures --------------------------------------------------------------- */

void peal_handover_stats_get(peal_server *server, peal_handover_stats *out) {
  if (!out)
    return;
  *out = (peal_handover_stats){0};
  if (!server || !server->handover)
    return;
  const peal_handover_figures *f = peal_handover_figures_of(server->handover);
  out->has_taken = peal_handover_has_taken(server->handover);
  out->sessions_taken = atomic_load(&f->sessions_taken);
  out->sessions_refused = atomic_load(&f->sessions_refused);
  out->links_taken = atomic_load(&f->links_taken);
  out->sessions_given = atomic_load(&f->sessions_given);
  out->sessions_kept = atomic_load(&f->sessions_kept);
  out->links_given = atomic_load(&f->links_given);
}
