/* SPDX-License-Identifier: MIT */
#pragma once
/* media: the files of pictures and recordings, in <data-dir>/media, and small
 * pictures for the gallery (<peal/kit_files.h>). */
#include <peal/kit.h>

#include "dash.h"

enum { MEDIA_NAME_BYTES = PEAL_KIT_FILES_NAME_BYTES, MEDIA_MAX_PARTS = 3 };

#define MEDIA_URL "/media/"
#define MEDIA_THUMBS_URL "/media/thumbs/"

typedef enum media_kind {
  MEDIA_IMAGE,
  MEDIA_AUDIO,
  MEDIA_KIND_COUNT,
} media_kind;

/* NULL after logging why. Blocks: before the run. */
peal_kit_files *media_new(dash *app);

/* GET /media/:name and /media/thumbs/:name; `user` is the dash. */
void media_on_get(peal_http_req *req, void *user);
void media_on_thumb(peal_http_req *req, void *user);
