/* SPDX-License-Identifier: MIT */
#include "web/web_cache.h"

#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/crypto.h"

typedef struct item {
  peal_list node; /* the idlest first */
  peal_bytes *bytes;
  char tag[48];
  size_t key_len;
  char key[]; /* coding and name */
} item;

struct peal_web_cache {
  uv_mutex_t lock;
  peal_map map;
  peal_list idle;
  size_t bytes, max_bytes;
};

peal_web_cache *peal_web_cache_new(size_t max_bytes) {
  uint32_t seed = 0;
  peal_web_cache *cache = peal_mem_zalloc(peal_mem_libc(), sizeof(*cache));
  if (!cache || peal_crypto_random(&seed, sizeof(seed))) {
    peal_mem_free(peal_mem_libc(), cache);
    return NULL;
  }
  cache->max_bytes = max_bytes;
  peal_map_init(&cache->map, peal_mem_libc(), seed);
  peal_list_init(&cache->idle);
  uv_mutex_init(&cache->lock);
  return cache;
}

static size_t cost_of(const item *kept) {
  return sizeof(*kept) + kept->key_len + peal_bytes_slice(kept->bytes).len;
}

static void drop(peal_web_cache *cache, item *gone) {
  cache->bytes -= cost_of(gone);
  peal_map_remove(&cache->map, (peal_slice){gone->key, gone->key_len});
  peal_list_remove(&gone->node);
  peal_bytes_unref(gone->bytes);
  peal_mem_free(peal_mem_libc(), gone);
}

void peal_web_cache_free(peal_web_cache *cache) {
  if (!cache)
    return;
  while (!peal_list_is_empty(&cache->idle))
    drop(cache, PEAL_LIST_OF(cache->idle.next, item, node));
  peal_map_deinit(&cache->map);
  uv_mutex_destroy(&cache->lock);
  peal_mem_free(peal_mem_libc(), cache);
}

/* The key into `out`; returns its length, 0 if the name is too long. */
static size_t key_of(char *out, size_t cap, const char *name,
                     peal_compress coding) {
  int len = snprintf(out, cap, "%d %s", (int)coding, name);
  return len > 0 && (size_t)len < cap ? (size_t)len : 0;
}

peal_bytes *peal_web_cache_get(peal_web_cache *cache, const char *name,
                               peal_compress coding, const char *tag) {
  char key[1024];
  size_t len = key_of(key, sizeof(key), name, coding);
  peal_bytes *found = NULL;
  uv_mutex_lock(&cache->lock);
  item *kept = len ? peal_map_get(&cache->map, (peal_slice){key, len}) : NULL;
  if (kept && strcmp(kept->tag, tag) == 0) {
    peal_list_remove(&kept->node);
    peal_list_push(&cache->idle, &kept->node);
    found = peal_bytes_ref(kept->bytes);
  }
  uv_mutex_unlock(&cache->lock);
  return found;
}

static item *new_item(peal_slice key, const char *tag, peal_bytes *bytes) {
  item *made = peal_mem_zalloc(peal_mem_libc(), sizeof(*made) + key.len + 1);
  if (!made)
    return NULL;
  snprintf(made->tag, sizeof(made->tag), "%s", tag);
  made->key_len = key.len;
  memcpy(made->key, key.ptr, key.len);
  made->bytes = bytes;
  peal_list_init(&made->node);
  return made;
}

void peal_web_cache_put(peal_web_cache *cache, const char *name,
                        peal_compress coding, const char *tag,
                        peal_bytes *bytes) {
  char key[1024];
  size_t len = key_of(key, sizeof(key), name, coding);
  item *made = len ? new_item((peal_slice){key, len}, tag, bytes) : NULL;
  if (!made || cost_of(made) > cache->max_bytes / 2) {
    peal_mem_free(peal_mem_libc(), made);
    return;
  }
  uv_mutex_lock(&cache->lock);
  item *old = peal_map_get(&cache->map, (peal_slice){key, len});
  if (old)
    drop(cache, old);
  while (cache->bytes + cost_of(made) > cache->max_bytes)
    drop(cache, PEAL_LIST_OF(cache->idle.next, item, node));
  if (peal_map_add(&cache->map, (peal_slice){made->key, len}, made)) {
    peal_mem_free(peal_mem_libc(), made);
  } else {
    peal_bytes_ref(bytes);
    peal_list_push(&cache->idle, &made->node);
    cache->bytes += cost_of(made);
  }
  uv_mutex_unlock(&cache->lock);
}
