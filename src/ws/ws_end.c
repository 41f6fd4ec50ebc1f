/* SPDX-License-Identifier: MIT */
#include "ws/ws_end.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "http/http_upgrade.h"
#include "ws/ws_limits.h"

static void drop_farewell(peal_ws *ws) {
  peal_mem_free(ws->local->worker->mem, ws->farewell);
  ws->farewell = NULL;
}

/* -- closing --------------------------------------------------------------- */

void peal_ws_end_shake(peal_ws *ws, unsigned code, peal_slice reason) {
  ws->is_leaving = true;
  peal_eio_queue_clear(&ws->queue);
  peal_ws_conn_close(ws->conn, code, reason, peal_ws_now(ws));
  drop_farewell(ws);
  peal_stream_flush(ws->stream);
}

void peal_ws_end_drained(peal_ws *ws) {
  const peal_ws_farewell *farewell = ws->farewell;
  if (farewell)
    peal_ws_end_shake(ws, farewell->code,
                      (peal_slice){farewell->reason, farewell->len});
}

static size_t room_for(peal_slice reason) {
  const size_t max = sizeof((peal_ws_farewell *)0)->reason;
  size_t len = reason.len < max ? reason.len : max;
  /* RFC6455 5.5.1: UTF-8; cut between characters. */
  while (len < reason.len && len > 0 &&
         ((uint8_t)reason.ptr[len] & 0xc0u) == 0x80u)
    len--;
  return len;
}

/* Without memory what waits is given up. */
static void leave_behind_queue(peal_ws *ws, unsigned code, peal_slice reason) {
  peal_ws_farewell *farewell =
      peal_mem_alloc(ws->local->worker->mem, sizeof *farewell);
  if (!farewell) {
    peal_ws_end_shake(ws, code, reason);
    return;
  }
  farewell->until_ms = peal_ws_now(ws) + PEAL_LIMIT_WS_LEAVE_MS;
  farewell->code = (uint16_t)(code <= UINT16_MAX ? code : 0);
  farewell->len = (uint8_t)room_for(reason);
  if (farewell->len)
    memcpy(farewell->reason, reason.ptr, farewell->len);
  ws->farewell = farewell;
  ws->is_leaving = true;
  ws->acked = peal_stream_acked(ws->stream);
}

void peal_ws_close(peal_ws *ws, unsigned code, peal_slice reason) {
  PEAL_ON_WS(ws, "peal_ws_ref_close");
  if (!ws || !peal_ws_can_send(ws) || peal_stream_is_closing(ws->stream))
    return;
  if (peal_eio_queue_count(&ws->queue))
    leave_behind_queue(ws, code, reason);
  else
    peal_ws_end_shake(ws, code, reason);
  peal_ws_look_later(ws); /* its deadline is another one */
}

/* -- the end --------------------------------------------------------------- */

static void free_user(peal_ws *ws) {
  if (ws->user && ws->user_free)
    ws->user_free(ws->user);
  ws->user = NULL;
}

static bool is_violation(peal_err err) {
  peal_err_class class = peal_err_class_of(err);
  return err && (class == PEAL_CLASS_PEER || class == PEAL_CLASS_LIMIT);
}

static void count_end(peal_ws_local *local, peal_err err) {
  peal_worker_impl_count(&local->stats.open, UINT64_MAX);
  if (is_violation(err))
    peal_worker_impl_count(&local->stats.errors_peer, 1);
}

static void leave_groups(peal_ws *ws) {
  if (ws->groups)
    peal_account_release(&ws->account,
                         peal_room_exit_all(&ws->local->groups, &ws->groups,
                                            ws->local->worker->mem));
}

void peal_ws_end_tell(peal_ws *ws, const peal_ws_end *end) {
  const peal_ws_opts *opts = &ws->local->endpoint->opts;
  if (ws->told_close)
    return;
  ws->told_close = true;
  ws->overflowed = false;
  peal_eio_heartbeat_stop(&ws->beat);
  drop_farewell(ws);
  leave_groups(ws);
  peal_list_remove(&ws->node);
  peal_ws_slots_remove(&ws->local->slots, ws->slot);
  count_end(ws->local, end->err);
  if (opts->on_close)
    opts->on_close(ws, end, opts->user);
  free_user(ws);
  if (ws->req)
    peal_http_upgrade_free_later(ws->req);
  ws->req = NULL;
}

void peal_ws_end_free(peal_ws *ws) {
  peal_ws_local *local = ws->local;
  assert(ws->told_close && !ws->stream && !ws->groups && !ws->farewell);
  peal_list_remove(&ws->flush.node);
  peal_wheel_stop(&local->worker->wheel, &ws->timer);
  peal_eio_queue_clear(&ws->queue);
  peal_ws_conn_free(ws->conn);
  peal_account_worker_release(local->account, sizeof *ws + PEAL_WS_SLOTS_COST);
  peal_mem_free(local->worker->mem, ws);
}
