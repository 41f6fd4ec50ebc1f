/* SPDX-License-Identifier: MIT */
#include "server/session.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/recovery_sessions.h"
#include "wire/doc.h"

/* Memory of the server's: it may go to another worker. */
typedef struct session_value {
  struct session_value *next; /* in the order of their first setting */
  peal_doc *doc;
  size_t bytes; /* charged, with the block */
  char name[];
} session_value;

/* Of one namespace. */
typedef struct session {
  struct session *next; /* of its owner */
  const peal_mem *mem;
  session_value *values;
  size_t bytes; /* charged, with all values */
  size_t nsp_len;
  char nsp[]; /* its name: the namespace may end, and be made again */
} session;

/* Few connections have any: they stand in a table of their worker, and not in
 * every client. */
typedef struct owner {
  const peal_server_client *client; /* the key */
  session *first;
} owner;

/* -- of a connection --------------------------------------------------------------- */

static peal_account *account_of(const peal_socket *socket) {
  return peal_engine_conn_account(socket->client->conn);
}

static peal_slice nsp_of(const peal_socket *socket) {
  const peal_nsp *nsp = socket->local->nsp;
  return (peal_slice){nsp->name, nsp->name_len};
}

static peal_map *table_of(const peal_server_client *client,
                          peal_server *server) {
  return &peal_server_local_of(server, peal_engine_conn_worker(client->conn))
              ->values;
}

static peal_slice key_of(const peal_server_client *const *client) {
  return (peal_slice){(const char *)client, sizeof *client};
}

static owner *owner_of(const peal_server_client *client, peal_server *server) {
  return client->has_values
             ? peal_map_get(table_of(client, server), key_of(&client))
             : NULL;
}

static peal_server *server_of(const peal_socket *socket) {
  return socket->local->nsp->server;
}

/* The link that leads to it, or to the end. */
static session **link_to(owner *own, peal_slice nsp) {
  session **at = &own->first;
  while (*at && !peal_slice_eq(nsp, (peal_slice){(*at)->nsp, (*at)->nsp_len}))
    at = &(*at)->next;
  return at;
}

static session *find(const peal_socket *socket) {
  owner *own = socket && socket->client
                   ? owner_of(socket->client, server_of(socket))
                   : NULL;
  return own ? *link_to(own, nsp_of(socket)) : NULL;
}

/* -- opening and closing ------------------------------------------------------------- */

static void *take(peal_account *account, const peal_mem *mem, size_t bytes,
                  peal_err *err) {
  *err = peal_account_charge(account, bytes);
  void *block = *err ? NULL : peal_mem_zalloc(mem, bytes);
  if (!block && !*err) {
    peal_account_release(account, bytes);
    *err = PEAL_ERR_NOMEM;
  }
  return block;
}

static void give(peal_account *account, const peal_mem *mem, void *block,
                 size_t bytes) {
  peal_account_release(account, bytes);
  peal_mem_free(mem, block);
}

static peal_err open_owner(peal_socket *socket, owner **out) {
  peal_server *server = server_of(socket);
  peal_server_client *client = socket->client;
  peal_err err = PEAL_OK;
  *out = owner_of(client, server);
  if (*out)
    return PEAL_OK;
  *out = take(account_of(socket), server->mem, sizeof **out, &err);
  if (!*out)
    return err;
  (*out)->client = client;
  err = peal_map_add(table_of(client, server), key_of(&(*out)->client), *out);
  if (err)
    give(account_of(socket), server->mem, *out, sizeof **out);
  else
    client->has_values = true;
  return err;
}

static void close_if_empty(peal_server_client *client, peal_server *server) {
  owner *own = owner_of(client, server);
  if (!own || own->first)
    return;
  client->has_values = false;
  peal_map_remove(table_of(client, server), key_of(&own->client));
  give(peal_engine_conn_account(client->conn), server->mem, own, sizeof *own);
}

static peal_err open_session(peal_socket *socket, session **out) {
  const peal_mem *mem = server_of(socket)->mem;
  peal_slice name = nsp_of(socket);
  owner *own;
  peal_err err = open_owner(socket, &own);
  if (err)
    return err;
  session **at = link_to(own, name);
  size_t bytes = sizeof **at + name.len;
  if (!*at) {
    *at = take(account_of(socket), mem, bytes, &err);
    if (*at) {
      **at = (session){.mem = mem, .bytes = bytes, .nsp_len = name.len};
      memcpy((*at)->nsp, name.ptr, name.len);
    }
  }
  *out = *at;
  close_if_empty(socket->client, server_of(socket));
  return err;
}

static void free_value(const session *it, session_value *value) {
  peal_doc_free(value->doc);
  peal_mem_free(it->mem, value);
}

static void free_session(session *it) {
  for (session_value *value = it->values, *next; value; value = next) {
    next = value->next;
    free_value(it, value);
  }
  peal_mem_free(it->mem, it);
}

static void drop(peal_account *account, session **at) {
  session *it = *at;
  *at = it->next;
  peal_account_release(account, it->bytes);
  free_session(it);
}

/* That of this socket's namespace, if there is one. */
static void drop_of(peal_socket *socket) {
  owner *own = owner_of(socket->client, server_of(socket));
  session **at = own ? link_to(own, nsp_of(socket)) : NULL;
  if (at && *at)
    drop(account_of(socket), at);
  close_if_empty(socket->client, server_of(socket));
}

void peal_session_end(peal_server_client *client, peal_server *server) {
  owner *own = owner_of(client, server);
  while (own && own->first)
    drop(peal_engine_conn_account(client->conn), &own->first);
  close_if_empty(client, server);
}

/* -- values ------------------------------------------------------------------------ */

static session_value **value_link(session *it, const char *name) {
  session_value **at = &it->values;
  while (*at && strcmp((*at)->name, name) != 0)
    at = &(*at)->next;
  return at;
}

static void forget(peal_socket *socket, const char *name) {
  session *it = find(socket);
  session_value **at = it ? value_link(it, name) : NULL;
  session_value *value = at ? *at : NULL;
  if (!value)
    return;
  *at = value->next;
  it->bytes -= value->bytes;
  peal_account_release(account_of(socket), value->bytes);
  free_value(it, value);
  if (!it->values)
    drop_of(socket);
}

/* Takes `doc`. */
static peal_err put(peal_socket *socket, session *it, const char *name,
                    peal_doc *doc) {
  session_value **at = value_link(it, name);
  size_t len = strlen(name) + 1;
  size_t bytes = sizeof **at + len + peal_doc_bytes(doc);
  peal_err err = peal_account_charge(account_of(socket), bytes);
  session_value *value = err   ? NULL
                         : *at ? *at
                               : peal_mem_zalloc(it->mem, sizeof *value + len);
  if (!value) {
    peal_doc_free(doc);
    if (!err)
      peal_account_release(account_of(socket), bytes);
    return err ? err : PEAL_ERR_NOMEM;
  }
  if (!*at)
    memcpy(value->name, name, len);
  *at = value;
  peal_account_release(account_of(socket), value->bytes);
  it->bytes += bytes - value->bytes;
  value->bytes = bytes;
  peal_doc_free(value->doc);
  value->doc = doc;
  return PEAL_OK;
}

peal_err peal_session_set(peal_socket *socket, const char *name,
                          peal_val value) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  session *it;
  if (!socket || !name)
    return PEAL_ERR_USAGE;
  if (!socket->client)
    return PEAL_ERR_CLOSED;
  if (peal_val_is(value, PEAL_UNDEFINED)) {
    forget(socket, name);
    return PEAL_OK;
  }
  peal_doc *doc = peal_doc_new(value);
  if (!doc)
    return PEAL_ERR_NOMEM;
  peal_err err = open_session(socket, &it);
  if (err) {
    peal_doc_free(doc);
    return err;
  }
  err = put(socket, it, name, doc);
  if (!it->values)
    drop_of(socket);
  return err;
}

peal_val peal_session_get(const peal_socket *socket, const char *name) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  session *it = name ? find(socket) : NULL;
  const session_value *value = it ? *value_link(it, name) : NULL;
  return value ? peal_doc_val(value->doc) : peal_undefined();
}

size_t peal_session_count(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const session *it = find(socket);
  size_t count = 0;
  for (const session_value *at = it ? it->values : NULL; at; at = at->next)
    count++;
  return count;
}

const char *peal_session_at(const peal_socket *socket, size_t index,
                            peal_val *value) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const session *it = find(socket);
  const session_value *at = it ? it->values : NULL;
  while (at && index--)
    at = at->next;
  if (value)
    *value = at ? peal_doc_val(at->doc) : peal_undefined();
  return at ? at->name : NULL;
}

void peal_session_clear(peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (socket && socket->client)
    drop_of(socket);
}

/* -- recovery ---------------------------------------------------------------------- */

static void free_kept(void *values) {
  free_session(values);
}

static session_value *copy_value(const session *it,
                                 const session_value *value) {
  size_t len = strlen(value->name) + 1;
  session_value *copy = peal_mem_alloc(it->mem, sizeof *copy + len);
  if (!copy)
    return NULL;
  *copy = (session_value){.doc = peal_doc_new(peal_doc_val(value->doc)),
                          .bytes = value->bytes};
  memcpy(copy->name, value->name, len);
  if (copy->doc)
    return copy;
  peal_mem_free(it->mem, copy);
  return NULL;
}

static session *copy_session(const session *it) {
  session *copy = peal_mem_alloc(it->mem, sizeof *copy + it->nsp_len);
  if (!copy)
    return NULL;
  memcpy(copy, it, sizeof *copy + it->nsp_len);
  copy->next = NULL;
  copy->values = NULL;
  session_value **last = &copy->values;
  for (const session_value *value = it->values; value; value = value->next) {
    *last = copy_value(it, value);
    if (!*last) {
      free_session(copy);
      return NULL;
    }
    last = &(*last)->next;
  }
  return copy;
}

/* A copy: the disconnect handlers look at the values still. */
bool peal_session_keep(const peal_socket *socket, peal_recovery_session *kept,
                       peal_account_server *account) {
  const session *it = find(socket);
  if (!it)
    return true;
  if (peal_account_server_charge(account, it->bytes))
    return false;
  kept->values = copy_session(it);
  if (!kept->values) {
    peal_account_server_release(account, it->bytes);
    return false;
  }
  kept->values_free = free_kept;
  kept->bytes += it->bytes;
  return true;
}

peal_err peal_session_restore(peal_socket *socket, peal_recovery_session *kept,
                              peal_account_server *account) {
  session *it = kept->values;
  owner *own;
  if (!it)
    return PEAL_OK;
  drop_of(socket);
  peal_err err = open_owner(socket, &own);
  if (!err)
    err = peal_account_charge(account_of(socket), it->bytes);
  if (err) {
    close_if_empty(socket->client, server_of(socket));
    return err;
  }
  peal_account_server_release(account, it->bytes);
  kept->bytes -= it->bytes;
  kept->values = NULL;
  it->next = own->first;
  own->first = it;
  return PEAL_OK;
}
