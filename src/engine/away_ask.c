/* SPDX-License-Identifier: MIT */
#include "engine/away_ask.h"

#include <string.h>

#include "engine/away_entry.h"
#include "engine/away_poll.h"
#include "engine/away_send.h"
#include "engine/away_socket.h"
#include "engine/engine_limits.h"
#include "engine/refusal.h"

/* -- the end -------------------------------------------------------------------------- */

static void refuse(peal_away_entry *entry) {
  peal_away_entry_refuse(entry);
  peal_away_entry_free(entry);
}

void peal_away_ask_lost(peal_away_entry *entry) {
  switch ((peal_away_state)entry->state) {
  case PEAL_AWAY_ASKS:
    refuse(entry);
    break;
  case PEAL_AWAY_WAITS:
  case PEAL_AWAY_READS:
  case PEAL_AWAY_SENDS:
    peal_away_poll_lost(entry);
    break;
  case PEAL_AWAY_PROBES:
  case PEAL_AWAY_SWITCHES:
  case PEAL_AWAY_OPEN:
    peal_away_socket_lost(entry);
    break;
  }
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_away_entry *entry = PEAL_LIST_OF(timer, peal_away_entry, timer);
  if (entry->stream)
    peal_away_socket_tick(entry, now_ms);
  else
    peal_away_ask_lost(entry);
}

/* -- the question ---------------------------------------------------------------------- */

/* Nobody but this node has heard it. */
static void on_asked(peal_away_post *post) {
  peal_away_entry *entry = peal_away_entry_find(post->away, post->number);
  bool is_alone = post->err || post->heard == 0 || post->heard == 1;
  peal_away_send_end(post);
  if (!entry || entry->state != PEAL_AWAY_ASKS)
    return;
  if (is_alone)
    refuse(entry);
  else /* until now it waited here */
    peal_away_entry_set(entry, PEAL_AWAY_ASKS, PEAL_LIMIT_AWAY_ASK_MS);
}

static bool may_ask(const peal_incoming *incoming, peal_slice sid) {
  const peal_engine_local *local = peal_engine_local_of(
      incoming->engine, peal_http_req_worker(incoming->req));
  if (!local->away || !*local->away->name || local->stopping)
    return false;
  if (!incoming->is_upgrade && !peal_http_req_is_method(incoming->req, "GET") &&
      !peal_http_req_is_method(incoming->req, "POST"))
    return false;
  bool fits = incoming->is_upgrade == (incoming->via == PEAL_EIO_WEBSOCKET);
  return fits && peal_sid_is_one(sid);
}

static bool ask(peal_away_entry *entry) {
  const peal_incoming *incoming = &entry->incoming;
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_LOCK,
                       .request = entry->request,
                       .sid = peal_slice_of(entry->sid),
                       .is_websocket = incoming->is_upgrade,
                       .writes =
                           !peal_http_req_is_method(incoming->req, "GET")};
  if (peal_away_send(entry->away, &msg, entry->request, on_asked)) {
    peal_away_entry_free(entry);
    return false;
  }
  return true;
}

bool peal_away_ask(const peal_incoming *incoming) {
  peal_slice sid;
  if (!peal_http_req_param(incoming->req, "sid", &sid) ||
      !may_ask(incoming, sid))
    return false;
  /* Its own node asked for the origin when the session began. */
  if (!peal_incoming_is_origin_allowed(incoming)) {
    peal_refusal_origin(incoming);
    return true;
  }
  if (incoming->is_upgrade && !peal_refusal_check_websocket(incoming))
    return true;
  const peal_worker *worker = peal_http_req_worker(incoming->req);
  peal_away_entry *entry =
      peal_away_entry_new(peal_engine_local_of(incoming->engine, worker)->away,
                          incoming, sid, on_timer);
  if (!entry || !ask(entry))
    return false;
  peal_http_defer(incoming->req);
  peal_away_entry_set(entry, PEAL_AWAY_ASKS, PEAL_LIMIT_AWAY_ASK_MS);
  return true;
}

/* -- the answer ------------------------------------------------------------------------ */

/* Whom it would have served has gone meanwhile. */
static void give_up(peal_away_entry *entry) {
  if (entry->incoming.is_upgrade)
    peal_away_socket_tell(entry, false);
  else if (peal_http_req_is_method(entry->req, "GET"))
    peal_away_send_close(entry, "transport error");
  refuse(entry);
}

static void granted(peal_away_entry *entry, peal_slice home) {
  memcpy(entry->home, home.ptr, PEAL_EIO_AWAY_NODE);
  if (peal_http_req_is_aborted(entry->req))
    give_up(entry);
  else if (entry->incoming.is_upgrade)
    peal_away_socket_begin(entry);
  else
    peal_away_poll_begin(entry);
}

void peal_away_ask_feed(peal_away *away, const peal_eio_away *msg) {
  peal_away_entry *entry = peal_away_entry_find(away, msg->request);
  if (!entry)
    return; /* too late: what comes for it is sent back (away) */
  if (msg->type == PEAL_EIO_AWAY_UPGRADE_ANSWER)
    peal_away_socket_switched(entry, msg);
  else if (entry->state == PEAL_AWAY_SENDS)
    peal_away_poll_taken(entry, msg->success);
  else if (entry->state != PEAL_AWAY_ASKS)
    return;
  else if (msg->success)
    granted(entry, msg->sender);
  else
    refuse(entry);
}
