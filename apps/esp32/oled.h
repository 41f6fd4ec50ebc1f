/* SPDX-License-Identifier: MIT */
#pragma once
/* oled: which animation the devices show. Kept in the store; devices poll it,
 * dashboards are told when it changes. */
#include <peal/kit.h>

#include "dash.h"

typedef struct oled oled;

/* Load the choice. Blocks: before the run. Returns NULL after logging why. */
oled *oled_new(dash *app);
void oled_free(oled *o);

/* GET /api/oled-display/get; `user` is the dash. */
void oled_on_get(peal_http_req *req, void *user);
/* POST /api/oled-display/set, and the event `set_oled_display`; `user` is the
 * dash. */
extern const peal_kit_action oled_action;

/* What stands in answers; borrowed from static text and the two arrays. */

peal_val oled_value(oled *o, peal_build *build);
