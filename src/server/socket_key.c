/* SPDX-License-Identifier: MIT */
#include "server/socket_key.h"

#include <peal/handle.h>

#include "base/reserved.h"

typedef struct peal_socket_value {
  struct peal_socket_value *next;
  const peal_socket_key *key;
  void *value; /* not NULL */
} peal_socket_value;

/* The link that leads to it, or to the end. */
static peal_socket_value **find(peal_belongings *own,
                                const peal_socket_key *key) {
  peal_socket_value **at = &own->values;
  while (*at && (*at)->key != key)
    at = &(*at)->next;
  return at;
}

static void take_out(peal_socket *socket, peal_socket_value **at) {
  peal_socket_value *it = *at;
  *at = it->next;
  peal_belongings_release(socket, it, sizeof *it);
}

static void end_value(const peal_socket_key *key, void *value) {
  if (key->free_fn && value)
    key->free_fn(value);
}

static peal_err add(peal_socket *socket, const peal_socket_key *key,
                    void *value) {
  void *block;
  peal_err err =
      peal_belongings_alloc(socket, sizeof(peal_socket_value), 0, &block);
  if (err)
    return err;
  peal_socket_value *it = block;
  peal_belongings *own = peal_belongings_of(socket);
  *it = (peal_socket_value){.next = own->values, .key = key, .value = value};
  own->values = it;
  return PEAL_OK;
}

peal_err peal_socket_key_set(peal_socket *socket, const peal_socket_key *key,
                             void *value) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !key)
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(key))
    return PEAL_ERR_OPTION;
  peal_belongings *own = peal_belongings_of(socket);
  peal_socket_value **at = own ? find(own, key) : NULL;
  if (!at || !*at)
    return value ? add(socket, key, value) : PEAL_OK;
  void *before = (*at)->value;
  if (before == value)
    return PEAL_OK;
  if (value)
    (*at)->value = value;
  else
    take_out(socket, at);
  end_value(key, before);
  return PEAL_OK;
}

void *peal_socket_key_get(const peal_socket *socket,
                          const peal_socket_key *key) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !key)
    return NULL;
  peal_belongings *own = peal_belongings_of(socket);
  const peal_socket_value *it = own ? *find(own, key) : NULL;
  return it ? it->value : NULL;
}

void peal_socket_key_end(peal_socket *socket) {
  peal_belongings *own = peal_belongings_of(socket);
  while (own && own->values) {
    const peal_socket_key *key = own->values->key;
    void *value = own->values->value;
    take_out(socket, &own->values);
    end_value(key, value);
  }
}
