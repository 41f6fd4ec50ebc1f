/* SPDX-License-Identifier: MIT */
#pragma once
/* web_cache: small files, compressed, by name and state; the one not used for
 * longest goes first. Thread: any. */
#include <peal/base.h>

#include "http/compress.h"

typedef struct peal_web_cache peal_web_cache;

/* NULL if memory is out. */
PEAL_MUST_CHECK peal_web_cache *peal_web_cache_new(size_t max_bytes);
void peal_web_cache_free(peal_web_cache *cache);
/* `tag` is the state of the file (its etag). A reference for the caller, or
 * NULL. */
peal_bytes *peal_web_cache_get(peal_web_cache *cache, const char *name,
                               peal_compress coding, const char *tag);
/* Takes a reference of its own; replaces an older state. */
void peal_web_cache_put(peal_web_cache *cache, const char *name,
                        peal_compress coding, const char *tag,
                        peal_bytes *bytes);
