/* SPDX-License-Identifier: MIT */
#pragma once
/* web_folder: a folder of static files below a prefix. */
#include "web/web_file.h"

struct peal_web_folder {
  peal_web_folder *next;
  char *prefix;
  peal_web_router_path path; /* into `prefix` */
  size_t depth;              /* parts of the prefix */
  int *folders;              /* open descriptors */
  size_t folder_count;
  char *index, *cache_control, *fallback; /* owned; NULL: none */
  peal_web_cache *cache;                  /* NULL: not compressed */
};

void peal_web_folder_free(peal_web *app, peal_web_folder *folder);
