/* SPDX-License-Identifier: MIT */
#include "engine/engine_outgoing.h"

#include <string.h>

#include "base/map.h"
#include "base/reserved.h"
#include "engine/engine_impl.h"
#include "wire/utf8.h"

/* EIO4 payload: packets are parted by it, and nothing escapes it. */
#define SEPARATOR '\x1e'

static peal_err check_text(peal_slice text) {
  if (text.len && memchr(text.ptr, SEPARATOR, text.len))
    return PEAL_ERR_USAGE;
  return peal_utf8_is_valid(text) ? PEAL_OK : PEAL_ERR_UTF8;
}

static peal_message *message_of(const peal_engine_server *server,
                                const peal_worker *worker, peal_slice data,
                                bool binary) {
  if (worker)
    return binary ? peal_message_new_binary(data, worker->mem)
                  : peal_message_new(data, NULL, 0, worker->mem);
  return binary ? peal_message_new_binary_crossing(data, server->account)
                : peal_message_new_crossing(data, NULL, 0, server->account);
}

/* Wide and seeded: equal keys of different names would replace one another. */
static uint64_t key_of(const peal_engine_server *server, const char *name) {
  if (!name)
    return 0;
  peal_slice text = peal_slice_of(name);
  uint64_t high = peal_map_hash(text, (uint32_t)(server->key_seed >> 32));
  uint64_t low = peal_map_hash(text, (uint32_t)server->key_seed);
  return (high << 32 | low) | 1;
}

peal_err peal_engine_outgoing_make(peal_engine_outgoing *out,
                                   const peal_engine_server *server,
                                   const peal_worker *worker, peal_slice data,
                                   bool binary, const peal_engine_how *how) {
  static const peal_engine_how plain;
  peal_err err = PEAL_OK;
  *out = (peal_engine_outgoing){0};
  if (!how)
    how = &plain;
  if (!PEAL_RESERVED_IS_KNOWN(how))
    err = PEAL_ERR_OPTION;
  else if (data.len && !data.ptr)
    err = PEAL_ERR_USAGE;
  else if (!binary)
    err = check_text(data);
  if (err)
    return err;
  out->is_volatile = how->is_volatile;
  out->item =
      (peal_eio_item){.message = message_of(server, worker, data, binary),
                      .key = key_of(server, how->conflate),
                      .no_compress = how->no_compress,
                      .keep = how->keep};
  return out->item.message ? PEAL_OK : PEAL_ERR_NOMEM;
}

void peal_engine_outgoing_release(peal_engine_outgoing *outgoing) {
  peal_message_unref(outgoing->item.message);
  outgoing->item.message = NULL;
}

peal_err peal_engine_outgoing_put(const peal_engine_outgoing *outgoing,
                                  peal_engine_client *client) {
  peal_engine_conn *conn = client->conn;
  peal_engine_home *home = peal_engine_home_of(peal_engine_conn_owner(conn),
                                               peal_engine_conn_worker(conn));
  bool drop = outgoing->is_volatile && !peal_engine_conn_is_writable(conn);
  peal_err err =
      drop ? PEAL_ERR_QUEUE_FULL : peal_engine_conn_send(conn, &outgoing->item);
  if (!err) {
    peal_engine_count(&home->messages_out, 1);
    peal_engine_count(&home->bytes_out,
                      peal_message_len(outgoing->item.message));
  } else if (err == PEAL_ERR_QUEUE_FULL) {
    peal_engine_count(&home->queue_full, 1);
  }
  return drop ? PEAL_OK : err;
}

void peal_engine_outgoing_put_all(const peal_engine_outgoing *outgoing,
                                  peal_engine_server *server,
                                  const peal_worker *worker) {
  const peal_list *head = &peal_engine_home_of(server, worker)->clients;
  for (peal_list *node = head->next; node != head; node = node->next) {
    /* What a full queue does is told by its policy. */
    peal_err err = peal_engine_outgoing_put(
        outgoing, PEAL_LIST_OF(node, peal_engine_client, node));
    (void)err;
  }
}
