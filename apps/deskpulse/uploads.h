/* SPDX-License-Identifier: MIT */
#pragma once
/* uploads: pictures that are sent here: POST /api/frames, a bare JPEG, or
 * multipart with `frame` and, if somebody has looked for them, `landmarks`:
 * JSON, 33 of {x, y, z, visibility}, [] for nobody. A few at once: more of them
 * would only be replaced by one another. */
#include "desk.h"

typedef struct uploads uploads;

/* NULL: out of memory. */
uploads *uploads_new(desk *app);
void uploads_free(uploads *u);
/* The hook before, and the handler; `user` is the desk. */
peal_web_verdict uploads_before(peal_http_req *req, void *user);
void uploads_on_frame(peal_http_req *req, void *user);
/* Of every request when it is over. */
void uploads_on_done(peal_http_req *req, const peal_http_done *done,
                     void *user);
