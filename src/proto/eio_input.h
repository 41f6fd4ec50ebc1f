/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_input: what comes in for a session, packet by packet, and what it means:
 * _feed and _next of eio_session.h are here. */
#include "proto/eio_session.h"

/* What a client learned from the handshake. */
struct peal_eio_session_peer {
  size_t max_payload;
  uint32_t patience_ms; /* interval + timeout */
  char sid[65];         /* PEAL_EIO_HELLO_SID_MAX, terminated */
};
