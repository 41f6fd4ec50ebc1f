/* SPDX-License-Identifier: MIT */
#pragma once
/* auth: the dashboard's password. Whoever gave it has a session (sessions.h);
 * a new password ends those of the old one. Without a password everything is
 * open. Guesses are counted, whatever way they come (guard.h). */
#include "guard.h"
#include "house.h"

typedef struct auth auth;

/* Reads or makes the secret. Returns NULL after logging why. */
auth *auth_new(house *h);
void auth_free(auth *a);

/* Hook of what only a signed-in reader may see: 401 otherwise, 429 after too
 * many wrong passwords. Scripts may send `Authorization: Bearer <password>`
 * instead of a cookie. `user` is the house. */
peal_web_verdict auth_hook(peal_http_req *req, void *user);
/* Is there no password? */
bool auth_is_open(const auth *a);

/* May this connection watch? By its cookie, by the header of scripts, or by
 * `auth: {password}`. On its worker. */
PEAL_MUST_CHECK guard_verdict auth_socket(auth *a, const peal_socket *socket);
/* The socket has connected: it is looked at again, and if it is by its session that
 * it may watch, it is to leave with it. On its worker. */
PEAL_MUST_CHECK peal_err auth_socket_bind(auth *a, peal_socket *socket,
                                          guard_verdict *found);

/* POST /api/login {"password"} and /api/logout; `user` is the house. */
void auth_on_login(peal_http_req *req, peal_val body, void *user);
void auth_on_logout(peal_http_req *req, void *user);
/* Every second: sessions whose time has come. On a worker. */
void auth_tick(auth *a);
