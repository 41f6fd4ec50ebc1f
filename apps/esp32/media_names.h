/* SPDX-License-Identifier: MIT */
#pragma once
/* media_names: which files have a row, and what becomes of those that have none
 * when the program starts. */
#include "media.h"

typedef struct media_names {
  char (*list)[MEDIA_NAME_BYTES];
  size_t count, cap;
} media_names;

/* Add the names of one kind; *count and *bytes grow by what is there. Blocks:
 * before the run. False: the store, or memory. */
PEAL_MUST_CHECK bool media_names_load(media_names *all, dash *app,
                                      media_kind kind, int64_t *count,
                                      int64_t *bytes);
/* Look through the folder `path`, open as `dir_fd`: half files go, whole ones
 * without a row are set aside, thumbs of what has gone, too. Sorts `all`.
 * Blocks: before the run. */
void media_names_sweep(media_names *all, dash *app, const char *path,
                       int dir_fd);
void media_names_deinit(media_names *all);
