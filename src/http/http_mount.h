/* SPDX-License-Identifier: MIT */
#pragma once
/* http_mount: who serves which paths: the longest prefix that matches; an exact
 * path only itself. */
#include <peal/http.h>

typedef struct peal_http_mounted {
  peal_http_mount mount;
  char *path; /* owned */
  size_t path_len;
} peal_http_mounted;

typedef struct peal_http_mount_list {
  const peal_mem *mem;      /* borrowed */
  peal_http_mounted *items; /* longest path first */
  size_t count;
} peal_http_mount_list;

void peal_http_mount_init(peal_http_mount_list *list, const peal_mem *mem);
void peal_http_mount_deinit(peal_http_mount_list *list);
/* `mount` is copied, its path too.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_EXISTS, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_mount_add(peal_http_mount_list *list,
                                             const peal_http_mount *mount);
/* The mount for a path, or NULL. */
const peal_http_mount *peal_http_mount_find(const peal_http_mount_list *list,
                                            peal_slice path);
