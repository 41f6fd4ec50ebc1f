/* SPDX-License-Identifier: MIT */
#include "engine/overflow.h"

static void write_now(peal_engine_conn *conn) {
  peal_eio_via via = peal_eio_session_current(&conn->session);
  if (via == PEAL_EIO_WEBSOCKET ? conn->stream != NULL : conn->poll != NULL)
    conn->local->engine->ways[via]->write(conn);
  if (conn->is_far)
    conn->local->engine->far->write(conn);
}

static peal_err by_policy(peal_engine_conn *conn, const peal_eio_item *item) {
  switch ((peal_queue_policy)conn->policy) {
  case PEAL_QUEUE_DROP_OLDEST:
    if (!peal_eio_session_make_room(&conn->session, item))
      return peal_eio_session_send(&conn->session, item);
    break;
  case PEAL_QUEUE_CLOSE:
    /* Not at once: a broadcast may be walking over it. */
    conn->overflowed = 1;
    peal_engine_conn_ask(conn);
    break;
  case PEAL_QUEUE_DROP_NEWEST:
    break;
  }
  return PEAL_ERR_QUEUE_FULL;
}

peal_err peal_overflow_send(peal_engine_conn *conn, const peal_eio_item *item) {
  peal_err err = peal_eio_session_send(&conn->session, item);
  if (err != PEAL_ERR_QUEUE_FULL || conn->overflowed)
    return err;
  write_now(conn);
  err = peal_eio_session_send(&conn->session, item);
  return err == PEAL_ERR_QUEUE_FULL ? by_policy(conn, item) : err;
}
