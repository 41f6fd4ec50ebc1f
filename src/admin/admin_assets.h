/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_assets: the files of the status page (src/admin/page, and what it shares
 * with other pages), which are in the library. */
#include <peal/base.h>

typedef struct peal_admin_asset {
  const char *path; /* behind the page's own; "/" is the page */
  const char *type;
  peal_slice body;
} peal_admin_asset;

/* The one at this path, or NULL. Thread: pure. */
const peal_admin_asset *peal_admin_assets_find(peal_slice path);
