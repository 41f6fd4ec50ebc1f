/* SPDX-License-Identifier: MIT */
#pragma once
/* owner: device keys by the page, for who has signed in. Without a password
 * nobody has, and only the command line makes keys. `user` is the lab. */
#include "lab.h"

/* A hook behind peal_kit_auth_hook: 403 without a password. */
peal_web_verdict owner_hook(peal_http_req *req, void *user);
/* GET /api/device-keys: which devices have one, and since when. */
void owner_on_list(peal_http_req *req, void *user);
/* POST /api/device-keys {"device_id"}: a new key, which is shown only now. */
void owner_on_add(peal_http_req *req, peal_val body, void *user);
/* DELETE /api/device-keys/:id: it is revoked, and its device disconnected. */
void owner_on_revoke(peal_http_req *req, void *user);
