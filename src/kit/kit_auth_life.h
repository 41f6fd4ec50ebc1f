/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_auth_life: what makes the password's part and is called for it. */
#include <peal/kit_auth.h>
#include <peal/kit_program.h>

/* Reads or makes the secret. Returns NULL after logging why. */
peal_kit_auth *peal_kit_auth_new(peal_kit *h);
void peal_kit_auth_free(peal_kit_auth *a);

/* POST /api/login {"password"} and /api/logout; `user` is the peal_kit. */
void peal_kit_auth_on_login(peal_http_req *req, peal_val body, void *user);
void peal_kit_auth_on_logout(peal_http_req *req, void *user);
/* Every second: sessions whose time has come. On a worker. */
void peal_kit_auth_tick(peal_kit_auth *a);
