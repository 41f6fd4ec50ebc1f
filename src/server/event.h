/* SPDX-License-Identifier: MIT */
#pragma once
/* event: an event that came in, and its acknowledgement. */
#include "server/server_impl.h"

/* At the beginning of a function of an event (net/on_worker). */
#define PEAL_ON_EVENT(event, instead)                                          \
  PEAL_ON_SOCKET((event) ? (event)->socket : NULL, instead)

struct peal_event {
  peal_socket *socket;
  peal_slice name;
  peal_args args;
  uint64_t id;
  bool has_id;
  bool *acked; /* given already */
};

/* Call the handlers. */
void peal_event_dispatch(peal_socket *socket, const peal_sio_packet *packet);
/* The acknowledgement of event `id`, at once. */
PEAL_MUST_CHECK peal_err peal_event_send_ack(peal_socket *socket, uint64_t id,
                                             peal_args args);
