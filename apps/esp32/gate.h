/* SPDX-License-Identifier: MIT */
#pragma once
/* gate: who sends, and how it says so: for the gate of the kit
 * (<peal/kit_devices.h>). The same for HTTP and for events. */
#include <peal/kit.h>

#include "dash.h"

/* Who sends: `named` in the body comes first, then X-Device-Id, then
 * ?device_id=, then "unknown". Borrowed from the request. */
peal_slice gate_device_id(peal_http_req *req, peal_slice named);
/* The words of the first version, which its devices may look for: of a
 * route. */
#define GATE_WANTS_JSON                                                        \
  .type_status = 400, .type_message = "Content-Type must be application/json"

/* The key of a request, or empty. */
peal_slice gate_key(const peal_http_req *req);

/* Whoever sends this request. */
peal_kit_guest gate_guest_of(peal_http_req *req, peal_slice named);
/* Whoever asks; the id is that in `said`, or as of gate_device_id. Of a socket
 * the key may stand in its `auth`, too. */
peal_kit_guest gate_guest_of_ask(peal_kit_ask *ask, peal_val said);
/* The key that a device showed: in `auth` or as a header of the handshake. */
peal_slice gate_socket_key(const peal_socket *socket);
/* A peal_web_hook_fn of what readers may do, and devices with their key; `user`
 * is the dash. */
peal_web_verdict gate_hook_reader(peal_http_req *req, void *user);
