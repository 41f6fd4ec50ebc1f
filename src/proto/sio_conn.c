/* SPDX-License-Identifier: MIT */
#include "proto/sio_conn.h"

#include <assert.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/proto_limits.h"
#include "proto/sio_input.h"
#include "proto/sio_state.h"
#include "wire/sio_check.h"

#define NEVER UINT64_MAX

/* -- life ------------------------------------------------------------------------ */

void peal_sio_conn_init(peal_sio_conn *conn, const peal_sio_conn_opts *opts,
                        peal_account *account, uint64_t now_ms) {
  *conn = (peal_sio_conn){
      .opts = opts, .account = account, .joined = PEAL_ROLE_IS_CLIENT(opts)};
  if (PEAL_ROLE_IS_CLIENT(opts))
    conn->sio2 = opts->sio2;
  else
    conn->connect_at =
        now_ms + peal_sio_state_or(opts->connect_timeout_ms, 45000);
}

void peal_sio_conn_speak_sio2(peal_sio_conn *conn) {
  conn->sio2 = true;
}

void peal_sio_conn_owe_root(peal_sio_conn *conn) {
  conn->root_owed = true;
}

bool peal_sio_conn_is_sio2(const peal_sio_conn *conn) {
  return PEAL_ROLE_IS_SIO2(conn);
}

void peal_sio_conn_deinit(peal_sio_conn *conn) {
  peal_sio_links_source source = peal_sio_state_source(conn);
  peal_sio_link link = peal_sio_links_next(&conn->links, 0);
  for (; link; link = peal_sio_links_next(&conn->links, link))
    peal_sio_state_drop_ring(conn,
                             &peal_sio_links_get(&conn->links, link)->held);
  if (conn->joined)
    peal_sio_state_drop_ring(conn, &conn->ready);
  peal_sio_state_drop(conn, conn->partial);
  peal_sio_links_deinit(&conn->links, &source);
  assert(!conn->held_bytes);
}

/* The first error stays. */
static peal_err fail(peal_sio_conn *conn, peal_err err) {
  if (err && !conn->err)
    conn->err = (int16_t)err;
  return err;
}

static peal_err tell(peal_sio_conn *conn) {
  conn->err_told = conn->err != 0;
  return (peal_err)conn->err;
}

/* -- what happened ------------------------------------------------------------------------ */

peal_err peal_sio_conn_feed(peal_sio_conn *conn, bool binary, peal_slice data,
                            uint64_t now_ms) {
  if (conn->err)
    return tell(conn);
  if (conn->has_input)
    return PEAL_ERR_USAGE;
  if (data.len > UINT32_MAX) {
    (void)fail(conn, PEAL_FAIL(PEAL_ERR_LIMIT));
    return tell(conn);
  }
  conn->input = data.ptr;
  conn->input_len = (uint32_t)data.len;
  conn->input_at = now_ms;
  conn->input_binary = binary;
  conn->has_input = true;
  return PEAL_OK;
}

static bool next_error(peal_sio_conn *conn, peal_sio_conn_event *event) {
  if (conn->err_told)
    return false;
  *event =
      (peal_sio_conn_event){.type = PEAL_SIO_CONN_ERROR, .err = tell(conn)};
  return true;
}

bool peal_sio_conn_next(peal_sio_conn *conn, peal_arena *arena,
                        peal_sio_conn_event *event) {
  bool more = true;
  if (!conn->has_input && !peal_sio_state_ready(conn) && !conn->err &&
      !(PEAL_ROLE_IS_SIO2(conn) && conn->root_owed))
    return false;
  /* Decoding clears the packet. */
  event->type = PEAL_SIO_CONN_NONE;
  event->err = PEAL_OK;
  event->link = 0;
  event->user = NULL;
  event->message = NULL;
  /* What makes no event leaves nothing behind either: there may be many. */
  peal_arena_mark mark = peal_arena_mark_get(arena);
  while (more && event->type == PEAL_SIO_CONN_NONE && !conn->err) {
    (void)fail(conn, peal_sio_input_next(conn, arena, event, &more));
    if (event->type == PEAL_SIO_CONN_NONE)
      peal_arena_mark_set(arena, mark);
  }
  return conn->err ? next_error(conn, event) : more;
}

/* -- joining and leaving ------------------------------------------------------------- */

static peal_err may_join(peal_sio_conn *conn, peal_slice nsp) {
  if (conn->err)
    return (peal_err)conn->err;
  if (!PEAL_ROLE_IS_CLIENT(conn->opts) || !peal_sio_check_nsp(nsp))
    return PEAL_ERR_USAGE;
  if (nsp.len > PEAL_LIMIT_SIO_NSP_BYTES)
    return PEAL_FAIL(PEAL_ERR_TOO_LONG);
  if (peal_sio_links_find(&conn->links, nsp))
    return PEAL_FAIL(PEAL_ERR_EXISTS);
  return peal_sio_links_count(&conn->links) <
                 peal_sio_state_max_namespaces(conn)
             ? PEAL_OK
             : PEAL_FAIL(PEAL_ERR_LIMIT);
}

peal_err peal_sio_conn_join(peal_sio_conn *conn, peal_slice nsp, peal_val auth,
                            void *user, peal_sio_link *link,
                            peal_message **out) {
  peal_sio_links_source source = peal_sio_state_source(conn);
  peal_sio_links_item *item = NULL;
  *out = NULL;
  *link = 0;
  peal_err err = may_join(conn, nsp);
  if (!err)
    err = peal_sio_links_add(&conn->links, &source, nsp, &conn->last_serial,
                             &item);
  if (err)
    return err;
  err = PEAL_ROLE_IS_SIO2(conn)
            ? peal_sio_state_ask_sio2(conn, nsp, auth, out)
            : peal_sio_state_control(conn, PEAL_SIO_CONNECT, nsp, auth, out);
  if (err) {
    peal_sio_state_end_link(conn, item, false);
    return err;
  }
  item->user = user;
  *link = peal_sio_links_handle(item);
  return PEAL_OK;
}

/* The item, if a verb of the server may be used on it in this state. */
static peal_err served(const peal_sio_conn *conn, peal_sio_link link,
                       peal_sio_links_state state, peal_sio_links_item **out) {
  *out = peal_sio_links_get(&conn->links, link);
  if (conn->err)
    return (peal_err)conn->err;
  if (!*out)
    return PEAL_ERR_CLOSED;
  return PEAL_ROLE_IS_CLIENT(conn->opts) || (*out)->state != state
             ? PEAL_ERR_USAGE
             : PEAL_OK;
}

peal_err peal_sio_conn_accept(peal_sio_conn *conn, peal_sio_link link,
                              peal_val data, peal_message **out) {
  peal_sio_links_item *item;
  *out = NULL;
  peal_err err = served(conn, link, PEAL_SIO_LINKS_ASKED, &item);
  if (!err)
    err = peal_sio_state_control(
        conn, PEAL_SIO_CONNECT, peal_sio_links_nsp(item),
        PEAL_ROLE_IS_SIO2(conn) ? peal_undefined() : data, out);
  if (err)
    return err;
  item->state = PEAL_SIO_LINKS_ACCEPTED;
  if (!conn->joined)
    conn->ready = NULL; /* in the place of connect_at */
  conn->joined = true;
  return PEAL_OK;
}

peal_err peal_sio_conn_pause(peal_sio_conn *conn, peal_sio_link link) {
  peal_sio_links_item *item;
  peal_err err = served(conn, link, PEAL_SIO_LINKS_OPEN, &item);
  if (!err)
    item->state = PEAL_SIO_LINKS_PAUSED;
  return err;
}

peal_err peal_sio_conn_deliver(peal_sio_conn *conn, peal_sio_link link) {
  peal_sio_links_item *item;
  peal_err err = served(conn, link, PEAL_SIO_LINKS_ACCEPTED, &item);
  if (err == PEAL_ERR_USAGE)
    err = served(conn, link, PEAL_SIO_LINKS_PAUSED, &item);
  if (!err)
    peal_sio_state_open_link(conn, item);
  return err;
}

/* The last word to a namespace, once. Without memory for it the connection has
 * to end: the peer would wait for ever. */
static peal_err last_word(peal_sio_conn *conn, peal_sio_links_item *item,
                          peal_sio_type type, peal_val data,
                          peal_message **out) {
  peal_err err =
      conn->err ? (peal_err)conn->err
                : peal_sio_state_control(conn, type, peal_sio_links_nsp(item),
                                         data, out);
  peal_sio_state_end_link(conn, item, true);
  return fail(conn, err);
}

peal_err peal_sio_conn_refuse(peal_sio_conn *conn, peal_sio_link link,
                              peal_val data, peal_message **out) {
  peal_sio_links_item *item;
  *out = NULL;
  peal_err err = served(conn, link, PEAL_SIO_LINKS_ASKED, &item);
  if (!err || (item && conn->err))
    err = last_word(conn, item, PEAL_SIO_CONNECT_ERROR, data, out);
  return err;
}

peal_err peal_sio_conn_part(peal_sio_conn *conn, peal_sio_link link,
                            peal_message **out) {
  peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  *out = NULL;
  if (!item)
    return conn->err ? (peal_err)conn->err : PEAL_ERR_CLOSED;
  return last_word(conn, item, PEAL_SIO_DISCONNECT, peal_undefined(), out);
}

/* -- time ---------------------------------------------------------------------------- */

static uint64_t connect_at(const peal_sio_conn *conn) {
  return conn->joined ? NEVER : conn->connect_at;
}

static uint64_t attach_at(const peal_sio_conn *conn) {
  return conn->partial ? conn->partial->attach_at : NEVER;
}

peal_err peal_sio_conn_tick(peal_sio_conn *conn, uint64_t now_ms) {
  if (now_ms >= connect_at(conn) || now_ms >= attach_at(conn))
    (void)fail(conn, PEAL_FAIL(PEAL_ERR_TIMEOUT));
  return tell(conn);
}

uint64_t peal_sio_conn_deadline(const peal_sio_conn *conn) {
  if (conn->err) /* dead: told once, there is nothing to wait for */
    return conn->err_told ? NEVER : 0;
  if (conn->joined && !conn->partial) /* as a rule */
    return NEVER;
  uint64_t connect = connect_at(conn), attach = attach_at(conn);
  return connect < attach ? connect : attach;
}

/* -- links --------------------------------------------------------------------------- */

peal_sio_link peal_sio_link_next(const peal_sio_conn *conn,
                                 peal_sio_link link) {
  return peal_sio_links_next(&conn->links, link);
}

peal_slice peal_sio_link_nsp(const peal_sio_conn *conn, peal_sio_link link) {
  const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  return item ? peal_sio_links_nsp(item) : (peal_slice){0};
}

bool peal_sio_link_is_connected(const peal_sio_conn *conn, peal_sio_link link) {
  const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  return item && (item->state == PEAL_SIO_LINKS_OPEN ||
                  item->state == PEAL_SIO_LINKS_PAUSED);
}

void *peal_sio_link_user(const peal_sio_conn *conn, peal_sio_link link) {
  const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  return item ? item->user : NULL;
}

void peal_sio_link_set_user(peal_sio_conn *conn, peal_sio_link link,
                            void *user) {
  peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  if (item)
    item->user = user;
}

/* -- check --------------------------------------------------------------------------- */

/* Adds what a ring costs; false if one in it belongs elsewhere. */
static bool check_ring(const peal_sio_held *ring, peal_sio_link link,
                       size_t *bytes) {
  const peal_sio_held *held = ring;
  if (!ring)
    return true;
  do {
    held = held->next;
    *bytes += peal_sio_held_bytes(held);
    if (held->come != held->wanted || (link && held->link != link))
      return false;
  } while (held != ring);
  return true;
}

static bool check_links(const peal_sio_conn *conn, size_t *bytes) {
  peal_sio_link link = peal_sio_link_next(conn, 0);
  for (; link; link = peal_sio_link_next(conn, link)) {
    const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
    bool waits = item->state == PEAL_SIO_LINKS_ASKED ||
                 item->state == PEAL_SIO_LINKS_ACCEPTED ||
                 item->state == PEAL_SIO_LINKS_PAUSED;
    if ((item->held && !waits) || !check_ring(item->held, link, bytes))
      return false;
    if (!conn->joined && item->state != PEAL_SIO_LINKS_ASKED)
      return false;
  }
  return peal_sio_links_check(&conn->links) &&
         peal_sio_links_count(&conn->links) <=
             peal_sio_state_max_namespaces(conn);
}

bool peal_sio_conn_check(const peal_sio_conn *conn) {
  const peal_sio_held *partial = conn->partial;
  size_t bytes = partial ? peal_sio_held_bytes(partial) : 0;
  if (!check_ring(peal_sio_state_ready(conn), 0, &bytes) ||
      !check_links(conn, &bytes))
    return false;
  if (conn->ready_told && !peal_sio_state_ready(conn))
    return false;
  if (partial && (partial->come > partial->wanted ||
                  (partial->come == partial->wanted && !conn->err)))
    return false;
  return bytes == conn->held_bytes && bytes <= peal_sio_state_max_held(conn);
}
