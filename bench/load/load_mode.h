/* SPDX-License-Identifier: MIT */
#pragma once
/* load_mode: what a run does once its clients can talk. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load_client.h"
#include "load_msg.h"
#include "load_transport.h"

typedef struct load_mode {
  const char *name;
  uint32_t clients; /* default */
  load_msg_kind kind;
  const load_transport *transport;
  bool waits; /* polling: a GET is always out */
  bool paced; /* the loop does not sleep: a schedule is kept */
  /* The whole run, from the first connection. */
  void (*drive)(load_run *run);
  /* Traffic begins. */
  void (*start)(load_run *run);
  /* The rest may be NULL: a client joined the namespace; an event or an
   * acknowledgement came; a client may speak; all sockets were served. */
  void (*ready)(load_run *run, load_client *client);
  void (*reply)(load_run *run, load_client *client, const uint8_t *packet,
                size_t len);
  void (*turn)(load_run *run, load_client *client);
  void (*batch)(load_run *run);
} load_mode;

/* Ends the run if there is no such mode. */
const load_mode *load_mode_find(const char *name);
