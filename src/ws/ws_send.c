/* SPDX-License-Identifier: MIT */
#include "ws/ws_send.h"

#include "base/reserved.h"
#include "net/net_limits.h"

/* -- a full queue ---------------------------------------------------------- */

/* A stream sends its share and no more; here a queue is full: until the kernel
 * takes no more, or all is gone. */
static void write_now(peal_ws *ws) {
  size_t before;
  do {
    before = peal_eio_queue_bytes(&ws->queue);
    peal_stream_flush_now(ws->stream);
  } while (!peal_stream_is_closing(ws->stream) &&
           !peal_stream_is_blocked(ws->stream) &&
           peal_eio_queue_bytes(&ws->queue) < before);
}

static bool has_room(const peal_ws *ws, const peal_eio_item *item) {
  return peal_eio_queue_has_room(&ws->queue, item,
                                 ws->local->endpoint->opts.max_queue_bytes);
}

static peal_err by_policy(peal_ws *ws, const peal_eio_item *item) {
  const peal_ws_opts *opts = &ws->local->endpoint->opts;
  peal_worker_impl_count(&ws->local->stats.queue_full, 1);
  ws->drain_due = true;
  switch (opts->queue_policy) {
  case PEAL_QUEUE_DROP_OLDEST:
    return peal_eio_queue_make_room(&ws->queue, item, opts->max_queue_bytes);
  case PEAL_QUEUE_CLOSE:
    /* Not at once: a walk over a group may have it in its hands. */
    ws->overflowed = true;
    peal_ws_look_later(ws);
    break;
  case PEAL_QUEUE_DROP_NEWEST:
    break;
  }
  return PEAL_ERR_QUEUE_FULL;
}

static peal_err make_room(peal_ws *ws, const peal_eio_item *item) {
  if (has_room(ws, item))
    return PEAL_OK;
  write_now(ws);
  if (peal_stream_is_closing(ws->stream))
    return PEAL_ERR_CLOSED;
  return has_room(ws, item) ? PEAL_OK : by_policy(ws, item);
}

/* -- queueing -------------------------------------------------------------- */

/* Only what can leave soon is handed to the kernel: the rest can still be
 * replaced, so that a slow viewer sees what is new. */
static void begin_replacing(peal_ws *ws) {
  ws->keyed = true;
  (void)peal_stream_set_lowat(ws->stream, PEAL_LIMIT_KEYED_AHEAD_BYTES);
}

/* What other workers hold, too, was charged to the server when it was made. */
static peal_err charge(const peal_ws *ws, peal_message *message) {
  const peal_ws_local *local = ws->local;
  return peal_message_is_of(message, local->worker->mem)
             ? peal_message_charge(message, local->account)
             : PEAL_OK;
}

static bool is_ready(const peal_ws *ws) {
  return peal_eio_queue_bytes(&ws->queue) <=
             ws->local->endpoint->opts.max_queue_soft_bytes &&
         !peal_stream_is_blocked(ws->stream);
}

static void has_queued(peal_ws *ws, const peal_eio_item *item) {
  peal_ws_local *local = ws->local;
  if (peal_eio_queue_bytes(&ws->queue) >
      local->endpoint->opts.max_queue_soft_bytes)
    ws->drain_due = true;
  if (item->key && !ws->keyed)
    begin_replacing(ws);
  peal_worker_impl_count(&local->stats.messages_out, 1);
  peal_worker_impl_count(&local->stats.bytes_out,
                         peal_message_len(item->message));
  peal_stream_flush(ws->stream);
}

peal_err peal_ws_send_item(peal_ws *ws, const peal_eio_item *item,
                           bool is_volatile) {
  const peal_ws_local *local = ws->local;
  if (!peal_ws_can_send(ws) || peal_stream_is_closing(ws->stream))
    return PEAL_ERR_CLOSED;
  if (is_volatile && !is_ready(ws))
    return PEAL_OK;
  peal_err err = charge(ws, item->message);
  if (!err)
    err = make_room(ws, item);
  if (!err)
    err = peal_eio_queue_add(&ws->queue, item, local->worker->mem,
                             local->account);
  if (!err)
    has_queued(ws, item);
  return err;
}

/* Two keyed halves: equal keys of different names would replace one another,
 * so the hash is seeded and wide. */
uint64_t peal_ws_send_key(const peal_ws_endpoint *endpoint, peal_slice name) {
  if (!name.len)
    return 0;
  uint64_t seed = endpoint->key_seed;
  uint64_t high = peal_map_hash(name, (uint32_t)(seed >> 32));
  uint64_t low = peal_map_hash(name, (uint32_t)seed);
  return (high << 32 | low) | 1;
}

/* -- the public face ------------------------------------------------------- */

static const peal_ws_how as_text, as_binary = {.is_binary = true};

static peal_err send_made(peal_ws *ws, const peal_ws_how *how,
                          peal_message *message) {
  if (!message)
    return PEAL_ERR_NOMEM;
  peal_eio_item item = {
      .message = message,
      .key = peal_ws_send_key(ws->local->endpoint, how->conflate),
      .no_compress = how->no_compress};
  peal_err err = peal_ws_send_item(ws, &item, how->is_volatile);
  peal_message_unref(message);
  return err;
}

peal_err peal_ws_send_with(peal_ws *ws, const peal_ws_how *how,
                           peal_slice data) {
  PEAL_ON_WS(ws, "peal_ws_ref_send");
  if (!ws || (data.len && !data.ptr))
    return PEAL_ERR_USAGE;
  if (!peal_ws_can_send(ws))
    return PEAL_ERR_CLOSED;
  if (!how)
    how = &as_text;
  if (!PEAL_RESERVED_IS_KNOWN(how))
    return PEAL_ERR_OPTION;
  const peal_mem *mem = ws->local->worker->mem;
  return send_made(ws, how,
                   how->is_binary ? peal_message_new_binary(data, mem)
                                  : peal_message_new(data, NULL, 0, mem));
}

peal_err peal_ws_send(peal_ws *ws, peal_slice data, bool is_binary) {
  PEAL_ON_WS(ws, "peal_ws_ref_send");
  return peal_ws_send_with(ws, is_binary ? &as_binary : &as_text, data);
}

peal_err peal_ws_send_bytes(peal_ws *ws, const peal_ws_how *how,
                            peal_bytes *bytes) {
  PEAL_ON_WS(ws, "peal_ws_ref_send");
  if (!ws)
    return PEAL_ERR_USAGE;
  if (!bytes)
    return PEAL_ERR_NOMEM;
  if (!peal_ws_can_send(ws))
    return PEAL_ERR_CLOSED;
  if (!how)
    how = &as_text;
  if (!PEAL_RESERVED_IS_KNOWN(how))
    return PEAL_ERR_OPTION;
  return send_made(
      ws, how,
      peal_message_new_bytes(bytes, how->is_binary, ws->local->worker->mem));
}
