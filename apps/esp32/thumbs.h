/* SPDX-License-Identifier: MIT */
#pragma once
/* thumbs: what a gallery shows in place of the pictures, in <data-dir>/thumbs:
 * a small JPEG, or a placeholder for a picture that is broken or too large to
 * be decoded.
 * In the flow: picture stored -> the pool, two at a time, or one of each worker -> the
 * file. What is asked for and not there, as that of an older picture, is made
 * then. */
#include "dash.h"

#define THUMBS_URL "/media/thumbs/"

typedef struct thumbs thumbs;

/* Makes the folder. Blocks: before the run. Returns NULL after logging why. */
thumbs *thumbs_new(dash *app);
/* What waits on this worker is answered. On each worker when it stops. */
void thumbs_stop(thumbs *t);
void thumbs_free(thumbs *t);

/* The picture `name` (copied) is stored. On a worker. */
void thumbs_add(thumbs *t, const char *name);
/* The picture has gone. Blocks. Thread: any. */
void thumbs_remove(thumbs *t, const char *name);
/* Remove those whose picture `is_kept` does not know. Blocks: before the
 * run. */
void thumbs_sweep(thumbs *t, bool (*is_kept)(peal_slice name, void *user),
                  void *user);

/* GET /media/thumbs/:name, where `name` is that of the picture; `user` is the
 * dash. */
void thumbs_on_get(peal_http_req *req, void *user);
