/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_thumbs: what a gallery shows in place of the pictures, in
 * <data-dir>/thumbs: a small JPEG, or a placeholder for a picture that is
 * broken or too large to be decoded. In the flow: picture stored -> the pool,
 * two at a time, or one of each worker -> the file. What is asked for and not
 * there, as that of an older picture, is made then. */
#include "kit/kit_files_disk.h"

typedef struct peal_kit_thumbs peal_kit_thumbs;

/* Makes the folder. Blocks: before the run. Returns NULL after logging why. */
peal_kit_thumbs *peal_kit_thumbs_new(peal_kit_files_disk *disk);
/* What waits on this worker is answered. On each worker when it stops. */
void peal_kit_thumbs_stop(peal_kit_thumbs *t);
void peal_kit_thumbs_free(peal_kit_thumbs *t);

/* The picture `name` (copied) is stored. On a worker. */
void peal_kit_thumbs_add(peal_kit_thumbs *t, const char *name);
/* The picture has gone. Blocks. Thread: any. */
void peal_kit_thumbs_remove(peal_kit_thumbs *t, const char *name);
/* Remove those whose picture `is_kept` does not know. Blocks: before the
 * run. */
void peal_kit_thumbs_sweep(peal_kit_thumbs *t,
                           bool (*is_kept)(peal_slice name, void *user),
                           void *user);

/* GET /…/:name, where `name` is that of the picture. */
void peal_kit_thumbs_answer(peal_kit_thumbs *t, peal_http_req *req);
