/* SPDX-License-Identifier: MIT */
#pragma once
/* device_line: the connection under a device's client: the opening handshake of
 * its WebSocket, bytes in, frames out, its end; and the device itself, whose
 * other half is proto/device.
 *
 *   IDLE --DIAL--> DIALLING --_opened--> ASKING --101--> OPEN
 *    ^               |                     |              | \
 *    +---------------+----- _closed, what is wrong -------+  LEAVING: what
 *    ^                                                        waits is pulled
 *    +---------------------------HANGUP-----------------------+ */
#include <peal/device.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/iovs.h"
#include "base/mem_block.h"
#include "proto/eio_session.h"
#include "proto/sio_client.h"
#include "proto/ws_ask.h"
#include "proto/ws_conn.h"

typedef enum device_state {
  DEVICE_IDLE,
  DEVICE_DIALLING,
  DEVICE_ASKING,
  DEVICE_OPEN,
  DEVICE_LEAVING
} device_state;

struct peal_device {
  peal_mem_block block;
  peal_device_opts opts;
  peal_arena turn;
  peal_sio_client_opts sio_opts;
  peal_sio_client sio;
  peal_sio_client_nsp *nsp;
  peal_eio_session_opts eio_opts;
  peal_eio_session session; /* OPEN, LEAVING */
  peal_ws_conn_opts ws_opts;
  peal_ws_conn *ws; /* OPEN, LEAVING */
  peal_iovs iovs;
  char scratch[256];
  peal_buf request;     /* ASKING: not yet sent */
  peal_buf head;        /* ASKING: of the answer */
  peal_http1_scan scan; /* of it */
  char key[PEAL_WS_ASK_KEY_LEN];
  uint64_t leave_at;  /* LEAVING: at the latest */
  peal_sio_link link; /* of the event that was told last */
  uint64_t id;        /* its */
  uint8_t state;      /* device_state */
  bool dial_due;      /* to be told, behind a HANGUP */
  bool hangup_due;
  bool said_goodbye; /* LEAVING: the close frame is behind all else */
  bool acked;
};

/* Nothing is left of it. */
void peal_device_line_drop(peal_device *device);
/* Something is wrong with it: it is to be closed, and the client hears why. */
void peal_device_line_fail(peal_device *device, peal_client_reason reason,
                           peal_err err, uint64_t now_ms);
