/* SPDX-License-Identifier: MIT */
#pragma once
/* oled: which animation the devices show. Kept in the store; devices poll it,
 * dashboards are told when it changes. */
#include "dash.h"

typedef struct oled oled;

/* Load the choice. Blocks: before the run. Returns NULL after logging why. */
oled *oled_new(dash *app);
void oled_free(oled *o);

/* GET /api/oled-display/get and POST …/set; `user` is the dash. */
void oled_on_get(peal_http_req *req, void *user);
void oled_on_set(peal_http_req *req, peal_val body, void *user);
/* The event `set_oled_display`. */
void oled_on_event(dash *app, const peal_event *event);

/* What stands in answers; borrowed from static text and the two arrays. */

peal_val oled_value(oled *o, peal_build *build);
