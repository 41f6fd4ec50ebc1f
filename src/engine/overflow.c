/* SPDX-License-Identifier: MIT */
#include "engine/overflow.h"

static void write_now(peal_engine_conn *conn) {
  peal_eio_via via = peal_eio_session_current(&conn->session);
  if (via == PEAL_EIO_WEBSOCKET ? conn->stream != NULL : conn->poll != NULL)
    conn->local->engine->ways[via]->write(conn);
  if (conn->is_far)
    conn->local->engine->far->write(conn);
}

static size_t count_of(const peal_engine_conn *conn) {
  return peal_eio_queue_count(&conn->session.queue);
}

/* One that takes the place of another leaves as many as there were. */
static peal_err queue_keyed(peal_engine_conn *conn, const peal_eio_item *item) {
  size_t before = count_of(conn);
  peal_err err = peal_eio_session_send(&conn->session, item);
  if (!err && count_of(conn) == before)
    peal_engine_count(&conn->local->stats.conflated, 1);
  return err;
}

static inline peal_err queue(peal_engine_conn *conn,
                             const peal_eio_item *item) {
  return item->key ? queue_keyed(conn, item)
                   : peal_eio_session_send(&conn->session, item);
}

static peal_err make_room(peal_engine_conn *conn, const peal_eio_item *item) {
  size_t before = count_of(conn);
  peal_err err = peal_eio_session_make_room(&conn->session, item);
  peal_engine_count(&conn->local->stats.dropped_oldest,
                    before - count_of(conn));
  return err;
}

static peal_err by_policy(peal_engine_conn *conn, const peal_eio_item *item) {
  peal_engine_stats *stats = &conn->local->stats;
  switch ((peal_queue_policy)conn->policy) {
  case PEAL_QUEUE_CLOSE:
    /* Not at once: a broadcast may be walking over it. */
    conn->overflowed = 1;
    peal_engine_count(&stats->closed_full, 1);
    peal_engine_conn_ask(conn);
    return PEAL_ERR_QUEUE_FULL;
  case PEAL_QUEUE_DROP_OLDEST:
    if (!make_room(conn, item))
      return queue(conn, item);
    break;
  case PEAL_QUEUE_DROP_NEWEST:
    break;
  }
  peal_engine_count(&stats->dropped_newest, 1);
  return PEAL_ERR_QUEUE_FULL;
}

peal_err peal_overflow_send(peal_engine_conn *conn, const peal_eio_item *item) {
  peal_err err = queue(conn, item);
  if (err != PEAL_ERR_QUEUE_FULL || conn->overflowed)
    return err;
  write_now(conn);
  err = queue(conn, item);
  return err == PEAL_ERR_QUEUE_FULL ? by_policy(conn, item) : err;
}
