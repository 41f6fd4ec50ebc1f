/* SPDX-License-Identifier: MIT */
#include "engine/away_poll.h"

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

void peal_away_poll_taken(peal_away_entry *entry, bool success) {
  entry->failed = entry->failed || !success;
  end_post(entry);
}

static void on_sent(peal_away_post *post) {
  peal_away_entry *entry = peal_away_entry_find(post->away, post->number);
  bool is_lost = post->err || !post->heard;
  peal_away_send_end(post);
  if (entry && is_lost && entry->state == PEAL_AWAY_SENDS)
    peal_away_poll_taken(entry, false);
}

static void send_packet(peal_away_entry *entry, const peal_eio_packet *packet,
                        bool is_last) {
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_PACKET,
                       .recipient = peal_slice_of(entry->home),
                       .request = is_last ? entry->request : 0,
                       .sid = peal_slice_of(entry->sid),
                       .packets = packet,
                       .packet_count = 1};
  entry->failed =
      entry->failed ||
      peal_away_send(entry->away, &msg, entry->request, on_sent) != PEAL_OK;
}

/* The packets of a body, one after the other. */
typedef struct reader {
  peal_slice rest;
  bool eio3, octets;
  bool more;
} reader;

/* EIO3: what has no length says nothing (`0:`). */
static peal_err read_eio3(reader *it, peal_eio_packet *packet,
                          peal_arena *turn) {
  peal_eio3_payload_item item = {0};
  peal_err err = PEAL_OK;
  do
    err = peal_eio3_payload_next(&it->rest, it->octets, &item);
  while (!err && !item.data.len && it->rest.len);
  it->more = it->rest.len > 0;
  if (err)
    return err;
  if (!item.data.len)
    *packet = (peal_eio_packet){.type = PEAL_EIO_NOOP};
  else if (item.binary)
    err = peal_eio3_packet_decode_binary(packet, item.data);
  else
    err = peal_eio3_packet_decode(packet, item.data, turn);
  return err;
}

static peal_err read_packet(reader *it, peal_eio_packet *packet,
                            peal_arena *turn) {
  peal_slice text;
  if (it->eio3)
    return read_eio3(it, packet, turn);
  (void)peal_eio_payload_next(&it->rest, &it->more, &text);
  return peal_eio_packet_decode(packet, text, turn);
}

/* The rest of a body that cannot be read is not looked at, as at home. */
static void send_packets(peal_away_entry *entry, peal_slice body) {
  peal_arena *turn = &entry->away->local->worker->turn;
  reader it = {.rest = body,
               .eio3 = entry->eio3,
               .octets = peal_polling_answer_is_octets(entry->req),
               .more = true};
  bool is_read = true;
  size_t count = 0;
  while (!entry->failed && is_read && it.more) {
    peal_eio_packet packet;
    is_read =
        ++count <= PEAL_LIMIT_EIO_PACKETS && !read_packet(&it, &packet, turn);
    if (!is_read)
      packet = (peal_eio_packet){.type = PEAL_EIO_AWAY_UNREADABLE};
    send_packet(entry, &packet, !it.more || !is_read);
  }
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
  peal_away_entry_set(entry, PEAL_AWAY_SENDS, PEAL_LIMIT_AWAY_TAKE_MS);
  if (!entry->failed)
    send_packets(entry, peal_polling_answer_body(req, body));
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
