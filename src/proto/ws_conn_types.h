/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_conn_types: what the owner of a WebSocket says to it at its beginning, and
 * what it tells (ws_conn). */
#include <peal/base.h>

#include "base/account.h"
#include "wire/deflate_verbs.h"

typedef struct peal_ws_conn peal_ws_conn;

/* Shared by all connections of an owner. Zero: default. */
typedef struct peal_ws_conn_opts {
  bool client;               /* role: masks what it sends, else demands masks */
  bool messages_first;       /* server: what waits in the owner's queue goes
                              * before our close frame; see _pull_close */
  uint32_t close_timeout_ms; /* wait for the peer's close; 5000 */
  uint32_t message_ms;       /* an unfinished message or frame brings
                              * PEAL_LIMIT_WS_MESSAGE_PACE over each of these
                              * or its end; PEAL_LIMIT_WS_MESSAGE_MS */
  uint32_t max_frames;       /* of a message; PEAL_LIMIT_WS_FRAMES, and more
                              * for one that has many bytes */
  size_t max_message_bytes;  /* PEAL_LIMIT_PAYLOAD_BYTES */
  const peal_mem *mem;       /* borrowed; libc */
  const peal_deflate_verbs *deflate; /* borrowed; NULL: nobody deflates */
  uint32_t (*mask)(void *user);      /* client: a fresh unpredictable key */
  void *mask_user;
} peal_ws_conn_opts;

typedef enum peal_ws_event_type {
  PEAL_WS_EVENT_MESSAGE,
  PEAL_WS_EVENT_CLOSE /* once and last */
} peal_ws_event_type;

typedef struct peal_ws_event {
  uint8_t type;   /* peal_ws_event_type */
  uint8_t opcode; /* of a message: PEAL_WS_TEXT (valid UTF-8) or _BINARY */
  uint16_t code;  /* of a close: the peer's; 1005: it gave none; 1006: no close
                   * frame came */
  peal_err err; /* of a close: PEAL_OK after a clean one, else what was wrong */
  peal_slice data; /* the message, or the close's reason; borrowed until the
                    * next _next, _feed or _free */
} peal_ws_event;
