/* SPDX-License-Identifier: MIT */
#include "engine/session_log.h"

#include "base/err_site.h"

static const char *reason_name(peal_eio_reason reason) {
  static const char *const names[] = {"transport close", "transport error",
                                      "parse error",     "ping timeout",
                                      "forced close",    "slow consumer"};
  return names[reason];
}

static bool is_peers_fault(peal_eio_reason reason, peal_err err) {
  return peal_err_class_of(err) == PEAL_CLASS_PEER ||
         (peal_err_class_of(err) == PEAL_CLASS_LIMIT &&
          reason != PEAL_EIO_SLOW_CONSUMER);
}

void peal_session_log_close(peal_engine_conn *conn, peal_eio_reason reason,
                            peal_err err) {
  char site[PEAL_ERR_SITE_TEXT];
  bool is_fault = peal_err_class_of(err) == PEAL_CLASS_PEER ||
                  peal_err_class_of(err) == PEAL_CLASS_LIMIT ||
                  err == PEAL_ERR_NOMEM;
  if (is_peers_fault(reason, err))
    peal_engine_count(&conn->local->stats.errors_peer, 1);
  peal_logger_write(
      conn->local->engine->log, is_fault ? PEAL_LOG_WARN : PEAL_LOG_DEBUG,
      "engine", peal_engine_handshake_address(conn->handshake),
      peal_slice_of(peal_eio_session_sid(&conn->session)),
      "session closed: %s%s%s%s", reason_name(reason), err ? ", " : "",
      err ? peal_err_message(err) : "", peal_err_site_text(err, site));
}
