/* SPDX-License-Identifier: MIT */
#pragma once
/* export: everything that was stored, oldest first, as a file that is streamed
 * as fast as it is taken:
 *
 *   GET /api/sensor-data/export?format=csv&device_id=&from=&to=
 *
 * `format` is csv (RFC 4180) or json, an array of what the history answers. */
#include "dash.h"

/* `user` is the dash. */
void export_on_sensor(peal_http_req *req, void *user);
void export_on_orientation(peal_http_req *req, void *user);
void export_on_images(peal_http_req *req, void *user);
void export_on_audio(peal_http_req *req, void *user);
