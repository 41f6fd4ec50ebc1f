/* SPDX-License-Identifier: MIT */
#include "engine/away_poll.h"

#include <string.h>

#include "base/mem.h"
#include "engine/away_entry.h"
#include "engine/away_send.h"
#include "engine/engine_limits.h"
#include "engine/polling_answer.h"
#include "proto/proto_limits.h"
#include "wire/eio3_packet.h"
#include "wire/eio3_payload.h"
#include "wire/eio_payload.h"

/* -- GET ----------------------------------------------------------------------------- */

static void on_poll_abort(peal_http_req *req, void *user) {
  peal_away_entry *entry = user;
  peal_away_send_close(entry, "transport error");
  peal_away_entry_free(entry);
  peal_http_answer(req, 400, NULL, (peal_slice){0});
}

/* A session says something at least as often as it pings. */
static uint64_t patience(const peal_away_entry *entry) {
  const peal_eio_session_opts *opts = &entry->away->local->session_opts;
  return (uint64_t)(opts->ping_interval_ms ? opts->ping_interval_ms : 25000u) +
         (opts->ping_timeout_ms ? opts->ping_timeout_ms : 20000u);
}

static void begin_get(peal_away_entry *entry) {
  if (peal_map_add(&entry->away->gets, peal_slice_of(entry->sid), entry)) {
    peal_away_send_close(entry, "transport error");
    peal_away_poll_lost(entry);
    return;
  }
  peal_http_req_on_abort(entry->req, on_poll_abort, entry);
  peal_away_entry_set(entry, PEAL_AWAY_WAITS, patience(entry));
}

/* EIO3: binary as base64, which every client reads: only the session's first
 * request, at home, would have said which it wants. */
static void pack(const peal_away_entry *entry, peal_buf *payload,
                 const peal_eio_packet *packet) {
  if (entry->eio3)
    peal_eio3_payload_add(payload, false, packet);
  else
    peal_eio_payload_add(payload, 0, packet);
}

void peal_away_poll_drain(peal_away_entry *entry, const peal_eio_away *msg) {
  peal_engine *engine = entry->away->local->engine;
  peal_http_req *req = entry->req;
  peal_buf payload;
  peal_buf_init(&payload, entry->away->local->worker->mem, 0);
  for (size_t i = 0; i < msg->packet_count; i++)
    if (msg->packets[i].type <= PEAL_EIO_NOOP)
      pack(entry, &payload, &msg->packets[i]);
  peal_http_req_on_abort(req, NULL, NULL);
  const peal_polling_answer_form form = {.compress = true};
  if (peal_polling_answer_payload(engine, req, entry->sid, &form, &payload))
    peal_away_send_close(entry, "transport error");
  peal_buf_deinit(&payload);
  peal_away_entry_free(entry);
}

/* -- POST ---------------------------------------------------------------------------- */

/* Only when its last packet is known to be at home: what the client sends next
 * may arrive there without the bus, and so before it. */
static void end_post(peal_away_entry *entry) {
  if (entry->failed)
    peal_away_entry_refuse(entry);
  else
    peal_http_answer(entry->req, 200, "text/html", PEAL_S("ok"));
  peal_away_entry_free(entry);
}

static void on_sent(peal_away_post *post) {
  peal_away_entry *entry = peal_away_entry_find(post->away, post->number);
  bool is_lost = post->err || !post->heard;
  peal_away_send_end(post);
  if (entry && is_lost && entry->state == PEAL_AWAY_SENDS)
    peal_away_poll_taken(entry, false);
}

/* EIO3: what has no length (`0:`) is as good as a no-op. */
static peal_err read_eio3(peal_away_entry *entry, peal_eio_packet *packet,
                          size_t *bytes) {
  peal_arena *turn = &entry->away->local->worker->turn;
  peal_eio3_payload_item item;
  peal_err err = peal_eio3_payload_next(&entry->rest, entry->octets, &item);
  entry->has_more = entry->rest.len > 0;
  *bytes += item.data.len;
  if (err)
    return err;
  if (item.binary)
    return peal_eio3_packet_decode_binary(packet, item.data);
  if (item.data.len)
    return peal_eio3_packet_decode(packet, item.data, turn);
  *packet = (peal_eio_packet){.type = PEAL_EIO_NOOP};
  return PEAL_OK;
}

static peal_err read_packet(peal_away_entry *entry, peal_eio_packet *packet,
                            size_t *bytes) {
  peal_slice text;
  if (entry->eio3)
    return read_eio3(entry, packet, bytes);
  (void)peal_eio_payload_next(&entry->rest, &entry->has_more, &text);
  *bytes += text.len;
  return peal_eio_packet_decode(packet, text,
                                &entry->away->local->worker->turn);
}

/* What the next message takes of the body. Many small packets are one: each
 * message costs every node that hears of it. */
static size_t read_packets(peal_away_entry *entry, peal_eio_packet *packets) {
  size_t count = 0, bytes = 0;
  while (count < PEAL_LIMIT_AWAY_BATCH && bytes < PEAL_LIMIT_AWAY_BATCH_BYTES &&
         entry->has_more) {
    peal_eio_packet *packet = &packets[count++];
    if (++entry->packet_count <= PEAL_LIMIT_EIO_PACKETS &&
        !read_packet(entry, packet, &bytes))
      continue;
    *packet = (peal_eio_packet){.type = PEAL_EIO_AWAY_UNREADABLE};
    entry->has_more = false; /* the rest is not looked at, as at home */
  }
  return count;
}

/* One message is on its way at a time: a home that is slow is not flooded. */
static void send_next(peal_away_entry *entry) {
  peal_eio_packet *packets =
      peal_arena_alloc(&entry->away->local->worker->turn,
                       PEAL_LIMIT_AWAY_BATCH * sizeof *packets);
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_PACKET,
                       .recipient = peal_slice_of(entry->home),
                       .request = entry->request,
                       .sid = peal_slice_of(entry->sid),
                       .packets = packets,
                       .packet_count =
                           packets ? read_packets(entry, packets) : 0};
  peal_away_entry_set(entry, PEAL_AWAY_SENDS, PEAL_LIMIT_AWAY_TAKE_MS);
  entry->failed =
      !msg.packet_count ||
      peal_away_send(entry->away, &msg, entry->request, on_sent) != PEAL_OK;
}

/* What is left of the body, while its beginning is on its way. */
static void keep_rest(peal_away_entry *entry) {
  peal_account_worker *account = entry->away->local->account;
  size_t len = entry->rest.len;
  if (!entry->has_more)
    return;
  if (peal_account_worker_charge(account, len + 1)) {
    entry->failed = true;
    return;
  }
  entry->body = peal_mem_alloc(entry->away->local->worker->mem, len + 1);
  if (!entry->body) {
    peal_account_worker_release(account, len + 1);
    entry->failed = true;
    return;
  }
  entry->body_len = len + 1;
  if (len)
    memcpy(entry->body, entry->rest.ptr, len);
  entry->rest = (peal_slice){entry->body, len};
}

void peal_away_poll_taken(peal_away_entry *entry, bool success) {
  entry->failed = entry->failed || !success;
  if (!entry->failed && entry->has_more)
    send_next(entry);
  else
    entry->has_more = false;
  if (entry->failed || !entry->has_more)
    end_post(entry);
}

static void on_body(peal_http_req *req, peal_err err, peal_slice body,
                    void *user) {
  peal_away_entry *entry = user;
  if (err) {
    peal_away_send_close(entry, "transport error");
    peal_away_entry_free(entry);
    return;
  }
  peal_http_defer(req);
  entry->rest = peal_polling_answer_body(req, body);
  entry->has_more = true;
  entry->octets = peal_polling_answer_is_octets(req);
  if (!entry->failed)
    send_next(entry);
  if (!entry->failed)
    keep_rest(entry);
  if (entry->failed)
    end_post(entry);
}

static void begin_post(peal_away_entry *entry) {
  peal_engine *engine = entry->away->local->engine;
  peal_http_req *req = entry->req;
  if (peal_polling_answer_is_octets(req) && !entry->eio3) {
    peal_away_send_close(entry, "transport error");
    peal_polling_answer_empty(engine, req, entry->sid, 400);
  } else if (peal_polling_answer_is_too_long(engine, req)) {
    peal_polling_answer_empty(engine, req, entry->sid, 413);
  } else {
    peal_away_entry_set(entry, PEAL_AWAY_READS, 0);
    peal_polling_answer_headers(engine, req, entry->sid, false);
    peal_http_req_collect(req, engine->max_payload, on_body, entry);
    return;
  }
  peal_away_entry_free(entry);
}

/* -- both ---------------------------------------------------------------------------- */

void peal_away_poll_begin(peal_away_entry *entry) {
  if (peal_http_req_is_method(entry->req, "GET"))
    begin_get(entry);
  else
    begin_post(entry);
}

void peal_away_poll_lost(peal_away_entry *entry) {
  if (entry->state == PEAL_AWAY_READS) {
    entry->failed = true; /* answered when its body is there */
    return;
  }
  if (entry->state == PEAL_AWAY_SENDS) {
    peal_away_poll_taken(entry, false);
    return;
  }
  peal_http_req_on_abort(entry->req, NULL, NULL);
  peal_away_entry_refuse(entry);
  peal_away_entry_free(entry);
}
