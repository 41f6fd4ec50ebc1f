/* SPDX-License-Identifier: MIT */
#pragma once
/* history: what was stored, newest first, page by page:
 *
 *   GET /api/images?device_id=&since=&until=&limit=100&before=
 *   {"status":"success","data":[…],"next":"…"}
 *
 * since and until are ISO 8601 times, both included; `before` is the `next` of
 * the page before, null when there is no more. */
#include "dash.h"

/* `user` is the dash. */
void history_on_sensor(peal_http_req *req, void *user);
void history_on_orientation(peal_http_req *req, void *user);
void history_on_images(peal_http_req *req, void *user);
void history_on_audio(peal_http_req *req, void *user);
void history_on_devices(peal_http_req *req, void *user);
