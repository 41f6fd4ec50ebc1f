/* SPDX-License-Identifier: MIT */
#pragma once
/* gate: may this device send now? Its id must be good, its key right, its rate
 * within the limit. The same for HTTP and for events. */
#include <peal/kit.h>

#include "dash.h"

/* Who sends: `named` in the body comes first, then X-Device-Id, then
 * ?device_id=, then "unknown". Borrowed from the request. */
peal_slice gate_device_id(peal_http_req *req, peal_slice named);
/* The words of the first version, which its devices may look for: of a route. */
#define GATE_WANTS_JSON                                                        \
  .type_status = 400, .type_message = "Content-Type must be application/json"

/* The key of a request, or empty. */
peal_slice gate_key(const peal_http_req *req);

/* Who wants to come in; all borrowed. */
typedef struct gate_guest {
  peal_slice address, id, key;
  bool has_shown_key; /* filled in: it was the key of this id */
} gate_guest;

/* Whoever sends this request. */
gate_guest gate_guest_of(peal_http_req *req, peal_slice named);
/* Whoever asks; the id is that in `said`, or as of gate_device_id. Of a socket
 * the key may stand in its `auth`, too. */
gate_guest gate_guest_of_ask(peal_kit_ask *ask, peal_val said);
/* The key that a device showed: in `auth` or as a header of the handshake. */
peal_slice gate_socket_key(const peal_socket *socket);
/* Is the id good and the key right for it? On a worker. */
PEAL_MUST_CHECK bool gate_check(dash *app, gate_guest *guest,
                                peal_kit_refusal *out);
/* And is it within its rate, and its address? Takes one of its tokens; notes
 * that it was heard, with the time of that in *stamp. On a worker. */
PEAL_MUST_CHECK bool gate_enter(dash *app, gate_guest *guest, int64_t *stamp,
                                peal_kit_refusal *out);
/* A peal_web_hook_fn of what readers may do, and devices with their key; `user`
 * is the dash. */
peal_web_verdict gate_hook_reader(peal_http_req *req, void *user);
