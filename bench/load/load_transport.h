/* SPDX-License-Identifier: MIT */
#pragma once
/* load_transport: how Engine.IO packets travel: in WebSocket frames, or in
 * the bodies of polling requests. What is to be sent is collected in the
 * run's turn buffer. */
#include <stddef.h>
#include <stdint.h>

#include "load_client.h"

typedef struct load_transport {
  /* Say hello on a new connection. */
  void (*open)(load_run *run, load_client *client);
  /* Take received bytes; tell load_client_packet of each whole packet.
   * Returns: bytes used. */
  size_t (*feed)(load_run *run, load_client *client, const uint8_t *in,
                 size_t len);
  /* Send a packet given as text. */
  void (*packet)(load_run *run, load_client *client, const char *text);
  /* Send message `number` of the run's kind. */
  void (*message)(load_run *run, load_client *client, uint32_t number);
  /* The turn ends; may be NULL. */
  void (*turn)(load_run *run, load_client *client);
} load_transport;

extern const load_transport load_transport_websocket;
extern const load_transport load_transport_polling;
