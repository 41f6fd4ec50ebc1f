/* SPDX-License-Identifier: MIT */
#include "engine/parting.h"

#include "engine/engine_conn.h"
#include "engine/engine_conn_impl.h"

/* A spread is taken in so many steps at most: each walks over all sessions. */
#define STEPS 256u

static peal_engine_conn *conn_of(char *sid) {
  return PEAL_LIST_OF(sid, peal_engine_conn, session.sid);
}

/* None is added while the worker stops, and none ends in here. */
static void tell(peal_parting *parting, uint32_t count) {
  peal_engine_local *local = parting->local;
  uint32_t cursor = 0;
  char *sid;
  while (count && (sid = peal_sid_table_next(&local->sessions, &cursor))) {
    peal_engine_conn *conn = conn_of(sid);
    if (!peal_eio_session_is_open(&conn->session))
      continue;
    peal_engine_conn_close(conn, false, PEAL_ERR_CANCELLED);
    parting->told++;
    count--;
  }
}

/* How many of them are to have been told by now, in an even stream. */
static uint32_t due(const peal_parting *parting, uint64_t now_ms) {
  uint64_t past = now_ms - parting->began_ms;
  if (past >= parting->spread_ms)
    return UINT32_MAX;
  return (uint32_t)(parting->total * past / parting->spread_ms);
}

static void step(peal_parting *parting, uint64_t now_ms) {
  peal_worker *worker = parting->local->worker;
  uint32_t by_now = due(parting, now_ms);
  if (by_now > parting->told)
    tell(parting, by_now - parting->told);
  if (by_now == UINT32_MAX)
    return;
  uint32_t pause = parting->spread_ms / STEPS + 1;
  peal_wheel_set(&worker->wheel, &parting->timer, now_ms + pause);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  step(PEAL_LIST_OF(timer, peal_parting, timer), now_ms);
}

void peal_parting_init(peal_parting *parting, peal_engine_local *local) {
  *parting = (peal_parting){.local = local};
  peal_wheel_timer_init(&parting->timer, on_timer);
}

void peal_parting_begin(peal_parting *parting, uint32_t spread_ms) {
  parting->began_ms = parting->local->worker->now_ms;
  parting->spread_ms = spread_ms;
  parting->total = parting->local->sessions.count;
  step(parting, parting->began_ms);
}

void peal_parting_end(peal_parting *parting) {
  peal_wheel_stop(&parting->local->worker->wheel, &parting->timer);
  tell(parting, UINT32_MAX);
}
