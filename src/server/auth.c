/* SPDX-License-Identifier: MIT */
#include "server/auth.h"

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/server_limits.h"
#include "server/socket_extra.h"
#include "wire/json.h"

struct peal_auth {
  size_t len;
  char text[];
};

static size_t cost_of(size_t len) {
  return sizeof(struct peal_auth) + len;
}

/* Into the worker's scratch, no further than the ceiling. */
static peal_err encode(peal_buf *buf, peal_val auth, size_t max) {
  size_t before = buf->max;
  peal_buf_reset(buf);
  buf->max = max;
  peal_json_encode(buf, auth, NULL);
  buf->max = before;
  return buf->err;
}

peal_err peal_auth_keep(peal_socket *socket, peal_val auth) {
  if (peal_val_is(auth, PEAL_UNDEFINED))
    return PEAL_OK;
  peal_server *server = socket->local->nsp->server;
  size_t max = server->opts.max_auth_bytes;
  peal_buf *buf = &peal_server_local_of(server, socket->local->worker)->encode;
  peal_err err = encode(buf, auth, max ? max : PEAL_LIMIT_SIO_AUTH_BYTES);
  peal_account *account = peal_engine_conn_account(socket->client->conn);
  if (!err)
    err = peal_account_charge(account, cost_of(buf->len));
  if (err)
    return err;
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  struct peal_auth *kept =
      extra ? peal_mem_alloc(socket->local->worker->mem, cost_of(buf->len))
            : NULL;
  if (!kept) {
    peal_account_release(account, cost_of(buf->len));
    return PEAL_ERR_NOMEM;
  }
  kept->len = buf->len;
  memcpy(kept->text, buf->ptr, buf->len);
  extra->auth = kept;
  return PEAL_OK;
}

void peal_auth_drop(peal_socket *socket) {
  struct peal_auth *kept = socket->extra ? socket->extra->auth : NULL;
  if (!kept)
    return;
  socket->extra->auth = NULL;
  if (socket->client)
    peal_account_release(peal_engine_conn_account(socket->client->conn),
                         cost_of(kept->len));
  peal_mem_free(socket->local->worker->mem, kept);
}

peal_slice peal_auth_text(const peal_socket *socket) {
  const struct peal_auth *kept = socket->extra ? socket->extra->auth : NULL;
  return kept ? (peal_slice){kept->text, kept->len} : (peal_slice){0};
}

peal_val peal_socket_auth(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const struct peal_auth *kept =
      socket && socket->extra ? socket->extra->auth : NULL;
  peal_val value = peal_undefined();
  if (kept && peal_json_decode(&value, (peal_slice){kept->text, kept->len},
                               &socket->local->worker->turn, NULL))
    return peal_undefined();
  return value;
}
