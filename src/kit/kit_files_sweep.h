/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_files_sweep: which files have a row, and what becomes of those that have
 * none when the program starts. */
#include "kit/kit_files_disk.h"
#include "kit/kit_thumbs.h"

typedef struct peal_kit_files_sweep {
  char (*list)[PEAL_KIT_FILES_NAME_BYTES];
  size_t count, cap;
} peal_kit_files_sweep;

/* Add the names of one kind; *count and *bytes grow by what is there. Blocks:
 * before the run. False: the store, or memory. */
PEAL_MUST_CHECK bool peal_kit_files_sweep_load(peal_kit_files_sweep *all,
                                               const peal_kit_files_disk *disk,
                                               size_t kind, int64_t *count,
                                               int64_t *bytes);
/* Look through the folder: half files go, whole ones without a row are set
 * aside, small pictures (may be NULL) of what has gone, too. Sorts `all`.
 * Blocks: before the run. */
void peal_kit_files_sweep_run(peal_kit_files_sweep *all,
                              const peal_kit_files_disk *disk,
                              peal_kit_thumbs *thumbs);
void peal_kit_files_sweep_deinit(peal_kit_files_sweep *all);
