/* SPDX-License-Identifier: MIT */
#pragma once
/* door: who may see the desk. A browser or script on this machine may;
 * others show the access token, and with require-token all do:
 *
 *   Authorization: Bearer <token>        requests and handshakes
 *   auth: {token}                        sockets
 *   the cookie of POST /api/login        pages that asked for it once
 *
 * Of this machine is what comes from its own address, names it as localhost,
 * has no sign of a proxy, or where proxies are known (--proxies) of none that
 * names another machine, and is sent by no page of another machine. */
#include <peal/kit.h>

#include "desk.h"

typedef struct door door;

/* Reads or makes the token, which becomes the password of the house: after
 * peal_kit_open, before peal_kit_faces. NULL after saying why. */
door *door_new(desk *app);
void door_free(door *d);

/* Hook of what only those may see who may come in: 401, 429. `user` is the
 * desk. */
peal_web_verdict door_hook(peal_http_req *req, void *user);
/* May this socket watch? On its worker. */
PEAL_MUST_CHECK peal_kit_guard_verdict door_socket(door *d,
                                                   const peal_socket *socket);
/* It has connected: it leaves with the session by which it may. An error
 * refuses it. On its worker. */
PEAL_MUST_CHECK peal_err door_socket_bind(door *d, peal_socket *socket);

/* The parts of what is of this machine. Thread: pure. */
bool door_address_is_local(peal_slice address);
/* A Host header, or an Origin behind its scheme. */
bool door_host_is_local(peal_slice host);
/* An Origin header; empty is. */
bool door_origin_is_local(peal_slice origin);
/* Addresses of X-Forwarded-For or X-Real-IP: all of them are. */
bool door_list_is_local(peal_slice list);
