/* SPDX-License-Identifier: MIT */
#include "proto/sio_state.h"

#include "base/buf.h"
#include "base/err_site.h"
#include "base/mem.h"
#include "proto/proto_limits.h"
#include "proto/sio2.h"
#include "proto/sio_form.h"

/* -- options ---------------------------------------------------------------- */

const peal_mem *peal_sio_state_mem(const peal_sio_conn *conn) {
  return peal_mem_or_libc(conn->opts->mem);
}

uint32_t peal_sio_state_or(uint32_t option, uint32_t usual) {
  return option ? option : usual;
}

uint32_t peal_sio_state_max_attachments(const peal_sio_conn *conn) {
  return peal_sio_state_or(conn->opts->max_attachments,
                           PEAL_LIMIT_SIO_ATTACHMENTS);
}

uint32_t peal_sio_state_max_namespaces(const peal_sio_conn *conn) {
  return peal_sio_state_or(conn->opts->max_namespaces,
                           PEAL_LIMIT_SIO_NAMESPACES);
}

uint32_t peal_sio_state_max_held(const peal_sio_conn *conn) {
  size_t max = conn->opts->max_packet_bytes;
  if (max > UINT32_MAX)
    return UINT32_MAX;
  return peal_sio_state_or((uint32_t)max, PEAL_LIMIT_PAYLOAD_BYTES *
                                              PEAL_LIMIT_SIO_PACKET_FACTOR);
}

peal_sio_links_source peal_sio_state_source(const peal_sio_conn *conn) {
  return (peal_sio_links_source){.mem = peal_sio_state_mem(conn),
                                 .account = conn->account,
                                 .seed = conn->opts->seed};
}

/* -- packets that wait -------------------------------------------------------- */

peal_sio_held *peal_sio_state_ready(const peal_sio_conn *conn) {
  return conn->joined ? conn->ready : NULL;
}

/* Every byte kept for a peer is charged before it is allocated. */
static peal_err charge(peal_sio_conn *conn, size_t bytes) {
  if (bytes > peal_sio_state_max_held(conn) ||
      conn->held_bytes > peal_sio_state_max_held(conn) - bytes)
    return PEAL_FAIL(PEAL_ERR_LIMIT);
  peal_err err =
      conn->account ? peal_account_charge(conn->account, bytes) : PEAL_OK;
  if (!err)
    conn->held_bytes += (uint32_t)bytes;
  return err;
}

static void discharge(peal_sio_conn *conn, size_t bytes) {
  conn->held_bytes -= (uint32_t)bytes;
  if (conn->account)
    peal_account_release(conn->account, bytes);
}

void peal_sio_state_drop(peal_sio_conn *conn, peal_sio_held *held) {
  if (!held)
    return;
  discharge(conn, peal_sio_held_bytes(held));
  peal_sio_held_free(peal_sio_state_mem(conn), held);
}

void peal_sio_state_drop_ring(peal_sio_conn *conn, peal_sio_held **ring) {
  while (*ring)
    peal_sio_state_drop(conn, peal_sio_held_shift(ring));
}

peal_err peal_sio_state_hold(peal_sio_conn *conn, peal_sio_held **out,
                             peal_slice text, uint32_t wanted) {
  size_t cost = peal_sio_held_cost(text.len, wanted);
  peal_err err = charge(conn, cost);
  if (err)
    return err;
  *out = peal_sio_held_new(peal_sio_state_mem(conn), text, wanted);
  if (*out)
    return PEAL_OK;
  discharge(conn, cost);
  return PEAL_FAIL(PEAL_ERR_NOMEM);
}

peal_err peal_sio_state_attach(peal_sio_conn *conn, peal_sio_held *held,
                               peal_slice data, bool lend) {
  peal_err err = charge(conn, data.len);
  if (err)
    return err;
  if (lend) {
    peal_sio_held_lend(held, data);
    return PEAL_OK;
  }
  err = peal_sio_held_attach(peal_sio_state_mem(conn), held, data);
  if (err)
    discharge(conn, data.len);
  return err;
}

/* -- links ---------------------------------------------------------------------- */

void peal_sio_state_end_link(peal_sio_conn *conn, peal_sio_links_item *item,
                             bool we_left) {
  peal_sio_links_source source = peal_sio_state_source(conn);
  if (PEAL_ROLE_IS_SIO2(conn) && item == &conn->links.root)
    conn->root_gone = true;
  peal_sio_state_drop_ring(conn, &item->held);
  if (we_left && !PEAL_ROLE_IS_CLIENT(conn->opts))
    peal_sio_links_leave(&conn->links, &source, item);
  else
    peal_sio_links_remove(&conn->links, &source, item);
}

void peal_sio_state_open_link(peal_sio_conn *conn, peal_sio_links_item *item) {
  item->state = PEAL_SIO_LINKS_OPEN;
  peal_sio_held_move(&conn->ready, &item->held);
}

/* -- what is sent ------------------------------------------------------------------ */

/* A server connects "/" once without being asked: a second CONNECT there would
 * be wrong, and who comes to it late finds it connected. */
static bool comes_by_itself(peal_sio_conn *conn, peal_slice nsp) {
  if (!peal_slice_is(nsp, "/") || conn->root_gone)
    return false;
  conn->root_owed = conn->root_up;
  return true;
}

peal_err peal_sio_state_ask_sio2(peal_sio_conn *conn, peal_slice nsp,
                                 peal_val auth, peal_message **out) {
  peal_buf name;
  peal_err err = PEAL_OK;
  if (comes_by_itself(conn, nsp))
    return PEAL_OK;
  peal_buf_init(&name, peal_sio_state_mem(conn), 0);
  peal_sio2_add_query(&name, nsp, auth);
  err = name.err ? name.err
                 : peal_sio_state_control(conn, PEAL_SIO_CONNECT,
                                          peal_buf_slice(&name),
                                          peal_undefined(), out);
  peal_buf_deinit(&name);
  return err;
}

static peal_err control(peal_buf *buf, peal_sio_type type, peal_slice nsp,
                        peal_val data, const peal_mem *mem,
                        peal_message **out) {
  peal_sio_packet_encode_control(buf, type, nsp, data);
  if (buf->err)
    return buf->err;
  *out = peal_message_new(peal_buf_slice(buf), NULL, 0, mem);
  return *out ? PEAL_OK : PEAL_FAIL(PEAL_ERR_NOMEM);
}

peal_err peal_sio_state_control(const peal_sio_conn *conn, peal_sio_type type,
                                peal_slice nsp, peal_val data,
                                peal_message **out) {
  const peal_parser *parser = PEAL_ROLE_PARSER(conn->opts);
  const peal_mem *mem = peal_sio_state_mem(conn);
  peal_buf buf;
  peal_buf_init(&buf, mem, 0);
  peal_err err = parser
                     ? peal_sio_form_control(out, parser, &buf,
                                             (peal_sio_form_owner){.mem = mem},
                                             type, nsp, data)
                     : control(&buf, type, nsp, data, mem, out);
  peal_buf_deinit(&buf);
  return err;
}
