/* SPDX-License-Identifier: MIT */
#include "server/socket.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "net/crypto.h"
#include "server/acks.h"
#include "server/adapter.h"
#include "server/client.h"
#include "server/packet.h"

/* -- middleware ------------------------------------------------------------------------- */

/* What a socket needs only until it is accepted. */
struct peal_next {
  peal_socket *socket;
  peal_sio_link *link;
  const peal_hook *hook; /* the one that has been called */
  peal_eio_queue hold;   /* what is sent behind CONNECT */
  peal_doc *refusal;     /* of a connect handler */
  bool called;           /* it has answered */
  bool looping;          /* run_chain is on the stack */
};

static void accept_socket(peal_socket *socket);
static void refuse_socket(peal_socket *socket, peal_val data);

static void free_next(peal_socket *socket) {
  peal_next *next = socket->next;
  if (!next)
    return;
  peal_eio_queue_clear(&next->hold);
  peal_doc_free(next->refusal);
  peal_mem_free(socket->worker->mem, next);
  socket->next = NULL;
}

static void free_socket(peal_socket *socket) {
  free_next(socket);
  peal_doc_free(socket->auth);
  peal_mem_free(socket->worker->mem, socket);
}

/* One function after the other; those that answer at once do not nest. */
static void run_chain(peal_next *next) {
  peal_socket *socket = next->socket;
  next->looping = true;
  while (next->called) {
    next->hook = next->hook ? next->hook->next : socket->nsp->use;
    next->called = false;
    if (!next->hook)
      break;
    next->hook->fn.use(socket, next, next->hook->user);
    if (socket->state == PEAL_SOCKET_GONE) {
      free_socket(socket); /* refused */
      return;
    }
  }
  next->looping = false;
  if (!next->hook)
    accept_socket(socket);
}

/* The client went away while the middleware was running. */
static bool is_orphan(const peal_socket *socket) {
  return !socket->client;
}

void peal_next_ok(peal_next *next) {
  if (next->called)
    return;
  next->called = true;
  if (is_orphan(next->socket))
    free_socket(next->socket);
  else if (!next->looping)
    run_chain(next);
}

static peal_val refusal_data(const char *message, peal_val data,
                             peal_pair pairs[2]) {
  pairs[0] = (peal_pair){.key = "message", .value = peal_str(message)};
  pairs[1] = (peal_pair){.key = "data", .value = data};
  return peal_object(pairs, peal_val_is(data, PEAL_UNDEFINED) ? 1 : 2);
}

void peal_next_refuse(peal_next *next, const char *message, peal_val data) {
  peal_pair pairs[2];
  if (next->called)
    return;
  next->called = true;
  if (is_orphan(next->socket))
    free_socket(next->socket);
  else
    refuse_socket(next->socket,
                  refusal_data(message ? message : "refused", data, pairs));
}

/* -- acceptance -------------------------------------------------------------------------- */

/* Inside the middleware's loop, the loop frees it. */
static void bury(peal_socket *socket) {
  if (!socket->next || !socket->next->looping)
    free_socket(socket);
}

static void refuse_socket(peal_socket *socket, peal_val data) {
  peal_client *client = socket->client;
  peal_adapter_remove(socket);
  socket->state = PEAL_SOCKET_GONE;
  peal_acks_close(socket);
  peal_sio_conn_refuse(client->sio, socket->next->link, data);
  peal_client_rearm(client);
  bury(socket);
}

static void refuse_with_own(peal_socket *socket, peal_err err) {
  peal_pair pairs[2];
  const peal_doc *own = socket->next->refusal;
  peal_val data =
      own ? peal_doc_val(own)
          : refusal_data(peal_err_message(err), peal_undefined(), pairs);
  refuse_socket(socket, data);
}

static peal_err run_connect_handlers(peal_socket *socket) {
  for (const peal_hook *hook = socket->nsp->connect; hook; hook = hook->next) {
    peal_err err = hook->fn.connect(socket, hook->user);
    if (!err && socket->next->refusal)
      err = PEAL_ERR_USAGE; /* peal_refuse without returning its result */
    if (err)
      return err;
  }
  return PEAL_OK;
}

static void count_out(const peal_socket *socket, const peal_eio_item *item) {
  peal_server_figures *figures =
      &peal_server_local_of(socket->nsp->server, socket->worker)->figures;
  peal_figure_add(&figures->events_out, 1);
  peal_figure_add(&figures->bytes_out, peal_packet_len(item));
}

/* What was emitted before the CONNECT went out. */
static void flush_hold(peal_socket *socket) {
  peal_eio_queue *hold = &socket->next->hold;
  for (uint32_t i = 0; i < hold->count; i++) {
    const peal_eio_entry *entry =
        &hold->ring[(hold->head + i) & (hold->cap - 1)];
    peal_eio_item item = {.message = entry->message,
                          .key = entry->key,
                          .no_compress = entry->no_compress,
                          .keep = entry->keep};
    peal_err err = peal_engine_conn_send(socket->client->conn, &item);
    /* Its emit was told that it would be sent. */
    if (err && err != PEAL_ERR_CLOSED)
      peal_client_fail_later(socket->client, err);
    if (err)
      break;
    count_out(socket, &item);
  }
}

static void accept_socket(peal_socket *socket) {
  peal_client *client = socket->client;
  peal_engine_conn *conn = client->conn;
  peal_worker *worker = socket->worker;
  peal_sio_link *link = socket->next->link;
  socket->state = PEAL_SOCKET_ACCEPTING;
  peal_engine_conn_enter(conn);
  peal_err err = peal_adapter_add(socket);
  if (!err)
    err = run_connect_handlers(socket);
  if (!err) {
    peal_pair sid = {.key = "sid", .value = peal_str(socket->id)};
    err = peal_sio_conn_accept(client->sio, link, peal_object(&sid, 1));
  }
  if (err) {
    refuse_with_own(socket, err);
    peal_engine_conn_leave(conn);
    return;
  }
  bool was_left = socket->state == PEAL_SOCKET_LEAVING;
  if (!was_left)
    socket->state = PEAL_SOCKET_CONNECTED;
  peal_figure_add(
      &peal_server_local_of(client->server, worker)->figures.sockets, 1);
  flush_hold(socket);
  free_next(socket);
  err = peal_sio_conn_deliver(client->sio, link, &worker->turn);
  /* Not at once: the middleware may have been answered by a handler of this
   * very client. */
  if (err)
    peal_client_fail_later(client, err);
  peal_engine_conn_leave(conn);
}

peal_err peal_refuse(peal_socket *socket, const char *message, peal_val data) {
  peal_pair pairs[2];
  if (socket->state != PEAL_SOCKET_ACCEPTING)
    return PEAL_ERR_USAGE;
  peal_doc_free(socket->next->refusal);
  socket->next->refusal =
      peal_doc_new(refusal_data(message ? message : "refused", data, pairs));
  return socket->next->refusal ? PEAL_ERR_USAGE : PEAL_ERR_NOMEM;
}

/* -- beginning --------------------------------------------------------------------------- */

static peal_socket *new_socket(peal_client *client, peal_nsp *nsp,
                               peal_sio_link *link, peal_val auth) {
  peal_worker *worker = client->conn->worker;
  peal_socket *socket = peal_mem_zalloc(worker->mem, sizeof *socket);
  if (!socket)
    return NULL;
  socket->nsp = nsp;
  socket->client = client;
  socket->worker = worker;
  socket->state = PEAL_SOCKET_PENDING;
  peal_list_init(&socket->node);
  if (!peal_val_is(auth, PEAL_UNDEFINED))
    socket->auth = peal_doc_new(auth);
  socket->next = peal_mem_alloc(worker->mem, sizeof *socket->next);
  if (socket->next) {
    *socket->next = (peal_next){.socket = socket, .link = link, .called = true};
    peal_eio_queue_init(&socket->next->hold, worker->mem);
  }
  bool ok = socket->next && !peal_crypto_id(socket->id) &&
            (socket->auth || peal_val_is(auth, PEAL_UNDEFINED));
  if (ok)
    return socket;
  free_socket(socket);
  return NULL;
}

void peal_socket_begin(peal_client *client, peal_nsp *nsp, peal_sio_link *link,
                       peal_val auth) {
  peal_socket *socket = new_socket(client, nsp, link, auth);
  if (!socket) {
    peal_pair pairs[2];
    peal_sio_conn_refuse(client->sio, link,
                         refusal_data(peal_err_message(PEAL_ERR_NOMEM),
                                      peal_undefined(), pairs));
    return;
  }
  peal_sio_link_set_user(link, socket);
  run_chain(socket->next);
}

/* -- the end ------------------------------------------------------------------------------ */

static void run_disconnect_handlers(peal_socket *socket, const peal_hook *hook,
                                    peal_reason reason, peal_err err) {
  for (; hook; hook = hook->next)
    hook->fn.disconnect(socket, reason, err, hook->user);
}

void peal_socket_end(peal_socket *socket, peal_reason reason, peal_err err) {
  bool was_member = socket->state == PEAL_SOCKET_CONNECTED ||
                    socket->state == PEAL_SOCKET_LEAVING;
  if (!was_member) {
    /* Its middleware still runs: it is freed when that answers. */
    socket->client = NULL;
    socket->state = PEAL_SOCKET_GONE;
    return;
  }
  socket->state = PEAL_SOCKET_GONE;
  peal_figure_add(&peal_server_local_of(socket->nsp->server, socket->worker)
                       ->figures.sockets,
                  UINT64_MAX);
  run_disconnect_handlers(socket, socket->nsp->disconnecting, reason, err);
  peal_adapter_remove(socket);
  peal_acks_close(socket);
  run_disconnect_handlers(socket, socket->nsp->disconnect, reason, err);
  free_socket(socket);
}

void peal_disconnect(peal_socket *socket, bool close) {
  if (!socket->client || socket->state == PEAL_SOCKET_GONE)
    return;
  if (close)
    socket->client->close_asked = true;
  if (socket->state == PEAL_SOCKET_CONNECTED ||
      socket->state == PEAL_SOCKET_ACCEPTING)
    socket->state = PEAL_SOCKET_LEAVING;
  peal_client_leave_later(socket->client);
}

/* -- sending ------------------------------------------------------------------------------ */

static peal_err hold_back(peal_socket *socket, const peal_eio_item *item) {
  size_t max = socket->nsp->server->opts.max_queue_bytes;
  peal_eio_queue *hold = &socket->next->hold;
  if (hold->bytes + peal_eio_queue_cost(item) >
      (max ? max : PEAL_LIMIT_QUEUE_BYTES))
    return PEAL_ERR_QUEUE_FULL;
  return peal_eio_queue_add(hold, item);
}

bool peal_socket_takes(const peal_socket *socket, bool is_volatile) {
  if (socket->state == PEAL_SOCKET_PENDING ||
      socket->state == PEAL_SOCKET_ACCEPTING)
    return !is_orphan(socket);
  return socket->state == PEAL_SOCKET_CONNECTED &&
         (!is_volatile || peal_engine_conn_is_writable(socket->client->conn));
}

peal_err peal_socket_deliver(peal_socket *socket, const peal_eio_item *item,
                             bool is_volatile) {
  if (socket->state == PEAL_SOCKET_PENDING ||
      socket->state == PEAL_SOCKET_ACCEPTING)
    return is_orphan(socket) ? PEAL_ERR_CLOSED : hold_back(socket, item);
  if (socket->state != PEAL_SOCKET_CONNECTED)
    return PEAL_ERR_CLOSED;
  peal_engine_conn *conn = socket->client->conn;
  if (!peal_socket_takes(socket, is_volatile))
    return PEAL_OK;
  peal_err err = peal_engine_conn_send(conn, item);
  if (!err)
    count_out(socket, item);
  else if (err == PEAL_ERR_QUEUE_FULL)
    peal_figure_add(&peal_server_local_of(socket->nsp->server, socket->worker)
                         ->figures.queue_full,
                    1);
  return err;
}

/* -- rooms -------------------------------------------------------------------------------- */

static bool may_join(const peal_socket *socket) {
  return socket->state == PEAL_SOCKET_ACCEPTING ||
         socket->state == PEAL_SOCKET_CONNECTED;
}

peal_err peal_join(peal_socket *socket, const char *room) {
  if (!room)
    return PEAL_ERR_USAGE;
  return may_join(socket) ? peal_adapter_join(socket, room) : PEAL_ERR_CLOSED;
}

void peal_leave(peal_socket *socket, const char *room) {
  if (room)
    peal_adapter_leave(socket, room);
}

bool peal_socket_in(const peal_socket *socket, const char *room) {
  if (!socket->in_maps || !room)
    return false;
  if (!strcmp(room, socket->id))
    return true;
  for (const peal_member *m = socket->members; m; m = m->next)
    if (!strcmp(m->room->name, room))
      return true;
  return false;
}

size_t peal_socket_room_count(const peal_socket *socket) {
  return socket->in_maps ? socket->room_count + 1 : 0;
}

const char *peal_socket_room(const peal_socket *socket, size_t index) {
  if (index == 0)
    return socket->in_maps ? socket->id : NULL;
  const peal_member *member = socket->members;
  while (member && --index)
    member = member->next;
  return member ? member->room->name : NULL;
}

/* -- getters ------------------------------------------------------------------------------- */

const char *peal_socket_id(const peal_socket *socket) {
  return socket->id;
}

peal_nsp *peal_socket_nsp(const peal_socket *socket) {
  return socket->nsp;
}

peal_worker *peal_socket_worker(const peal_socket *socket) {
  return socket->worker;
}

bool peal_socket_is_connected(const peal_socket *socket) {
  return socket->state == PEAL_SOCKET_CONNECTED;
}

const char *peal_socket_transport(const peal_socket *socket) {
  return socket->client ? peal_engine_conn_transport(socket->client->conn) : "";
}

size_t peal_socket_queued_bytes(const peal_socket *socket) {
  return socket->client
             ? peal_eio_session_queued_bytes(socket->client->conn->session)
             : 0;
}

void peal_socket_set_queue(peal_socket *socket, size_t max_bytes,
                           peal_queue_policy policy) {
  if (socket->client)
    peal_engine_conn_set_queue(socket->client->conn, max_bytes, policy);
}

void peal_socket_set_user(peal_socket *socket, void *user) {
  socket->user = user;
}

void *peal_socket_user(const peal_socket *socket) {
  return socket->user;
}

peal_val peal_socket_auth(const peal_socket *socket) {
  return socket->auth ? peal_doc_val(socket->auth) : peal_undefined();
}

static const peal_engine_handshake *handshake_of(const peal_socket *socket) {
  return socket->client ? socket->client->conn->handshake : NULL;
}

peal_slice peal_socket_header(const peal_socket *socket, const char *name) {
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? peal_engine_handshake_field(handshake, name)
                   : (peal_slice){0};
}

peal_slice peal_socket_query(const peal_socket *socket, const char *name) {
  peal_engine_handshake *handshake =
      socket->client ? socket->client->conn->handshake : NULL;
  return handshake
             ? peal_engine_handshake_param(handshake, name, socket->worker->mem)
             : (peal_slice){0};
}

peal_slice peal_socket_url(const peal_socket *socket) {
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? peal_engine_handshake_url(handshake) : (peal_slice){0};
}

peal_slice peal_socket_address(const peal_socket *socket) {
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? peal_engine_handshake_address(handshake) : (peal_slice){0};
}

int64_t peal_socket_since_ms(const peal_socket *socket) {
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? handshake->time_ms : 0;
}

/* The reference's strings (1.7), and ours for the slow consumer. */
const char *peal_reason_text(peal_reason reason) {
  static const char *const texts[] = {
      "client namespace disconnect",
      "server namespace disconnect",
      "server shutting down",
      "ping timeout",
      "transport close",
      "transport error",
      "parse error",
      "forced close",
      "forced server close",
      "slow consumer",
  };
  return (unsigned)reason < sizeof texts / sizeof *texts ? texts[reason] : "";
}
