/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_files_disk: the folder itself: names, and files that are there whole or
 * not at all. */
#include <stdatomic.h>

#include <peal/kit_files.h>

#define PEAL_KIT_FILES_PART ".part" /* ending of a file that is not whole yet */

typedef struct peal_kit_files_disk {
  peal_kit *kit;
  peal_kit_files_opts opts;
  size_t kinds;
  char *dir;
  int dir_fd;
  atomic_bool is_well, is_trying; /* whether a file can be written */
} peal_kit_files_disk;

PEAL_MUST_CHECK bool peal_kit_files_disk_init(peal_kit_files_disk *disk,
                                              peal_kit *kit,
                                              const peal_kit_files_opts *opts);
void peal_kit_files_disk_deinit(peal_kit_files_disk *disk);
/* Is it a name of that kind as ours are made, and so no path to anywhere else?
 * Thread: pure. */
bool peal_kit_files_disk_is(const peal_kit_files_disk *disk, peal_slice name,
                            size_t kind);
/* Of any kind. */
bool peal_kit_files_disk_is_ours(const peal_kit_files_disk *disk,
                                 peal_slice name);
bool peal_kit_files_disk_write(peal_kit_files_disk *disk, const char *name,
                               const peal_slice *parts, size_t count);
bool peal_kit_files_disk_read(peal_kit_files_disk *disk, const char *name,
                              void **out, size_t *len);
void peal_kit_files_disk_remove(peal_kit_files_disk *disk, const char *name);
void peal_kit_files_disk_tick(peal_kit_files_disk *disk);
bool peal_kit_files_disk_can_write(peal_kit_files_disk *disk);
