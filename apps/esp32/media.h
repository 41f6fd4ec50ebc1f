/* SPDX-License-Identifier: MIT */
#pragma once
/* media: the files of pictures and recordings, in <data-dir>/media, under names
 * that the server gives. A file is whole and on disk before its row is stored,
 * and goes after its row. What the next start finds without a row is removed if
 * it is not whole, and otherwise set aside in <data-dir>/orphans: a database
 * may have been lost. Count and bytes of each kind are bounded: the oldest go first. */
#include "dash.h"

enum { MEDIA_NAME_BYTES = 64, MEDIA_MAX_PARTS = 3 };

#define MEDIA_URL "/media/"
#define MEDIA_PART ".part" /* ending of a file that is not whole yet */

typedef enum media_kind {
  MEDIA_IMAGE,
  MEDIA_AUDIO,
  MEDIA_KIND_COUNT,
} media_kind;

typedef struct media media;

/* Make the folder, count what is there, sweep. Blocks: before the run. Returns
 * NULL after logging why. */
media *media_new(dash *app);
void media_free(media *m);

/* A name that was never used: kind, time, random digits, `extension`. Returns
 * false if there are no random numbers. Thread: any. */
PEAL_MUST_CHECK bool media_name(char out[MEDIA_NAME_BYTES], media_kind kind,
                                int64_t stamp, const char *extension);
/* Write a file from `count` parts (borrowed); when it returns true, it is on
 * disk under its name. False: errno says why and nothing is left. Blocks: for
 * the pool. Thread: any. */
PEAL_MUST_CHECK bool media_write(media *m, const char *name,
                                 const peal_slice *parts, size_t count);
/* Read a file: *out is the caller's, free(). Blocks. Thread: any. */
PEAL_MUST_CHECK bool media_read(media *m, const char *name, void **out,
                                size_t *len);
/* Blocks. Thread: any. */
void media_remove(media *m, const char *name);

/* Is it a name of that kind as media_name makes them, and so no path to
 * anywhere else? Thread: pure. */
bool media_name_is(peal_slice name, media_kind kind);

/* A row was stored: room is made if it was one too many. On a worker. */
void media_added(media *m, media_kind kind, int64_t bytes);
/* What is kept. Thread: any. */
void media_totals(media *m, media_kind kind, int64_t *count, int64_t *bytes);

/* Every minute: try whether a file can be written. On a worker. */
void media_tick(media *m);
/* What can be seen of the folder now, and what was found out by writing, there
 * or by an upload: that is tried anew for the next who asks, so that an idle
 * server writes next to nothing. A
 * peal_kit_part_fn, `user` is the media. On a worker. */
void media_state(peal_kit_state *out, void *user);

/* GET /media/:name; `user` is the dash. */
void media_on_get(peal_http_req *req, void *user);
