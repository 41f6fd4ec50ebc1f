/* SPDX-License-Identifier: MIT */
#include "server/socket_name.h"

#include <string.h>

#include "base/mem.h"
#include "engine/sid.h"
#include "net/worker_impl.h"
#include "server/socket_extra.h"

struct peal_socket_long_name {
  size_t charged; /* 0: no longer */
  char text[];    /* terminated */
};

static bool is_root(const peal_nsp *nsp) {
  return nsp->name_len == 1;
}

static size_t len_in(const peal_nsp *nsp) {
  return nsp->name_len + 1 + PEAL_SID_LEN;
}

static void write_name(char *out, const peal_socket *socket) {
  const peal_nsp *nsp = socket->local->nsp;
  memcpy(out, nsp->name, nsp->name_len);
  out[nsp->name_len] = '#';
  memcpy(out + nsp->name_len + 1, socket->id, PEAL_SID_LEN + 1);
}

peal_err peal_socket_name_set(peal_socket *socket) {
  const peal_engine_conn *conn = socket->client->conn;
  peal_account *account = peal_engine_conn_account(socket->client->conn);
  size_t bytes =
      sizeof(struct peal_socket_long_name) + len_in(socket->local->nsp) + 1;
  memcpy(socket->id, peal_engine_conn_id(conn), PEAL_SID_LEN + 1);
  if (is_root(socket->local->nsp))
    return PEAL_OK;
  peal_err err = peal_account_charge(account, bytes);
  if (err)
    return err;
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  if (extra)
    extra->name = peal_mem_alloc(socket->local->worker->mem, bytes);
  if (!extra || !extra->name) {
    peal_account_release(account, bytes);
    return PEAL_ERR_NOMEM;
  }
  extra->name->charged = bytes;
  write_name(extra->name->text, socket);
  return PEAL_OK;
}

const char *peal_socket_name(const peal_socket *socket) {
  const struct peal_socket_long_name *name =
      socket->extra ? socket->extra->name : NULL;
  return name ? name->text : socket->id;
}

void peal_socket_name_discharge(peal_socket *socket) {
  struct peal_socket_long_name *name =
      socket->extra ? socket->extra->name : NULL;
  if (!name)
    return;
  if (socket->client)
    peal_account_release(peal_engine_conn_account(socket->client->conn),
                         name->charged);
  name->charged = 0;
}

peal_slice peal_socket_name_id(const peal_nsp *nsp, peal_slice name) {
  size_t before = nsp->name_len + 1;
  if (name.len != len_in(nsp) || name.ptr[nsp->name_len] != '#' ||
      memcmp(name.ptr, nsp->name, nsp->name_len) != 0)
    return name;
  return (peal_slice){name.ptr + before, name.len - before};
}
