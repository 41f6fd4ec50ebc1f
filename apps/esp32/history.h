/* SPDX-License-Identifier: MIT */
#pragma once
/* history: what was stored, by pages, as series for plots, and as files
 * (<peal/kit_history.h>). */
#include "dash.h"

/* `user` is the dash. */
void history_on_sensor(peal_http_req *req, void *user);
void history_on_orientation(peal_http_req *req, void *user);
void history_on_images(peal_http_req *req, void *user);
void history_on_audio(peal_http_req *req, void *user);
void history_on_devices(peal_http_req *req, void *user);

void history_series_on_sensor(peal_http_req *req, void *user);
void history_series_on_orientation(peal_http_req *req, void *user);

void history_file_on_sensor(peal_http_req *req, void *user);
void history_file_on_orientation(peal_http_req *req, void *user);
void history_file_on_images(peal_http_req *req, void *user);
void history_file_on_audio(peal_http_req *req, void *user);
