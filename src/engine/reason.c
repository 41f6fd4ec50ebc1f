/* SPDX-License-Identifier: MIT */
#include "engine/reason.h"

/* In the reference a wrong Socket.IO packet is "forced close", one that is right
 * and comes when it may not "forced server close"; "parse error" is for Engine.IO
 * packets. */
peal_reason peal_reason_of(peal_eio_reason reason, peal_err err) {
  if (err == PEAL_ERR_CANCELLED) /* however it ended, that was why */
    return PEAL_REASON_SHUTDOWN;
  switch (reason) {
  case PEAL_EIO_TRANSPORT_CLOSE:
    return PEAL_REASON_TRANSPORT_CLOSE;
  case PEAL_EIO_TRANSPORT_ERROR:
    return PEAL_REASON_TRANSPORT_ERROR;
  case PEAL_EIO_PARSE_ERROR:
    return PEAL_REASON_PARSE_ERROR;
  case PEAL_EIO_PING_TIMEOUT:
    return PEAL_REASON_PING_TIMEOUT;
  case PEAL_EIO_SLOW_CONSUMER:
    return PEAL_REASON_SLOW_CONSUMER;
  case PEAL_EIO_FORCED_CLOSE:
    break;
  }
  if (err == PEAL_ERR_QUEUE_FULL)
    return PEAL_REASON_SLOW_CONSUMER;
  return err && err != PEAL_ERR_SIO_STATE ? PEAL_REASON_FORCED_CLOSE
                                          : PEAL_REASON_FORCED_SERVER;
}

/* The reference's strings (1.7), and ours for the slow consumer. */
const char *peal_reason_text(peal_reason reason) {
  static const char *const texts[] = {
      "client namespace disconnect",
      "server namespace disconnect",
      "server shutting down",
      "ping timeout",
      "transport close",
      "transport error",
      "parse error",
      "forced close",
      "forced server close",
      "slow consumer",
  };
  return (unsigned)reason < sizeof texts / sizeof *texts ? texts[reason] : "";
}
