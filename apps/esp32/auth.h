/* SPDX-License-Identifier: MIT */
#pragma once
/* auth: the dashboard's password. Whoever gave it has a cookie that says until
 * when, signed with a secret of the data folder and the password: it holds
 * over a restart and ends when the password changes. Without a password
 * everything is open. */
#include "dash.h"

typedef struct auth auth;

/* Reads or makes the secret. Returns NULL after logging why. */
auth *auth_new(dash *app);
void auth_free(auth *a);

/* Hook of what only a signed-in reader may see: 401 otherwise. Scripts may
 * send `Authorization: Bearer <password>` instead. `user` is the dash. */
peal_web_verdict auth_hook(peal_http_req *req, void *user);
/* The same, for OLED changes: a device with its key may, too. */
peal_web_verdict auth_hook_or_device(peal_http_req *req, void *user);
/* May this connection watch? Thread: any. */
bool auth_socket_is_reader(auth *a, const peal_socket *socket);

/* POST /api/login {"password"} and /api/logout; `user` is the dash. */
void auth_on_login(peal_http_req *req, peal_val body, void *user);
void auth_on_logout(peal_http_req *req, void *user);
