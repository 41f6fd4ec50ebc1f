/* SPDX-License-Identifier: MIT */
/* web_limit: so many requests per client and time: a token bucket for each key.
 * */
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/reserved.h"
#include "net/crypto.h"
#include "web/web_impl.h"

/* Tokens are counted in milliseconds of refill time: a bucket is the moment
 * at which it will be full again (generic cell rate). One number per key. */
typedef struct bucket {
  peal_list node;   /* by last use, the idlest first */
  uint64_t full_us; /* when all tokens are back */
  size_t key_len;
  char key[];
} bucket;

struct peal_web_limit {
  uv_mutex_t lock;
  peal_map map;
  peal_list idle;
  uint64_t token_us; /* refill time of one token */
  uint64_t burst_us; /* of all */
  uint32_t max_keys;
};

/* Longer keys are told apart by these bytes. */
#define KEY_BYTES 128u

peal_web_limit *peal_web_limit_new(const peal_web_limit_opts *opts) {
  const peal_mem *mem = peal_mem_libc();
  uint32_t seed;
  if (!opts || !opts->count || !PEAL_RESERVED_IS_KNOWN(opts) ||
      peal_crypto_random(&seed, sizeof(seed)))
    return NULL;
  peal_web_limit *limit = peal_mem_zalloc(mem, sizeof(*limit));
  if (!limit)
    return NULL;
  uint64_t per_us = (uint64_t)(opts->per_ms ? opts->per_ms : 1000) * 1000;
  limit->token_us = per_us / opts->count;
  if (!limit->token_us)
    limit->token_us = 1;
  limit->burst_us = limit->token_us * (opts->burst ? opts->burst : opts->count);
  limit->max_keys = opts->max_keys ? opts->max_keys : 10000;
  peal_map_init(&limit->map, mem, seed);
  peal_list_init(&limit->idle);
  uv_mutex_init(&limit->lock);
  return limit;
}

static void drop(peal_web_limit *limit, bucket *gone) {
  peal_map_remove(&limit->map, (peal_slice){gone->key, gone->key_len});
  peal_list_remove(&gone->node);
  peal_mem_free(peal_mem_libc(), gone);
}

void peal_web_limit_free(peal_web_limit *limit) {
  if (!limit)
    return;
  while (!peal_list_is_empty(&limit->idle))
    drop(limit, PEAL_LIST_OF(limit->idle.next, bucket, node));
  peal_map_deinit(&limit->map);
  uv_mutex_destroy(&limit->lock);
  peal_mem_free(peal_mem_libc(), limit);
}

static bucket *add(peal_web_limit *limit, peal_slice key) {
  if (limit->map.count >= limit->max_keys)
    drop(limit, PEAL_LIST_OF(limit->idle.next, bucket, node));
  bucket *made = peal_mem_zalloc(peal_mem_libc(), sizeof(*made) + key.len + 1);
  if (!made)
    return NULL;
  made->key_len = key.len;
  if (key.len)
    memcpy(made->key, key.ptr, key.len);
  peal_list_init(&made->node);
  if (peal_map_add(&limit->map, (peal_slice){made->key, key.len}, made)) {
    peal_mem_free(peal_mem_libc(), made);
    return NULL;
  }
  return made;
}

/* Without memory the request passes: a limit must not lock everybody out. */
static bool take(peal_web_limit *limit, peal_slice key, uint64_t now_us,
                 uint64_t *retry_us) {
  bucket *found = peal_map_get(&limit->map, key);
  if (!found)
    found = add(limit, key);
  if (!found)
    return true;
  peal_list_remove(&found->node);
  peal_list_push(&limit->idle, &found->node);
  uint64_t full = found->full_us > now_us ? found->full_us : now_us;
  if (full + limit->token_us > now_us + limit->burst_us) {
    *retry_us = full + limit->token_us - now_us - limit->burst_us;
    return false;
  }
  found->full_us = full + limit->token_us;
  return true;
}

bool peal_web_limit_take(peal_web_limit *limit, peal_slice key, uint64_t now_ms,
                         uint64_t *retry_ms) {
  uint64_t retry_us = 0;
  if (retry_ms)
    *retry_ms = 0;
  if (!limit)
    return true;
  if (key.len > KEY_BYTES)
    key.len = KEY_BYTES;
  uv_mutex_lock(&limit->lock);
  bool taken = take(limit, key, now_ms * 1000, &retry_us);
  uv_mutex_unlock(&limit->lock);
  if (!taken && retry_ms)
    *retry_ms = (retry_us + 999) / 1000;
  return taken;
}

void peal_web_limit_give(peal_web_limit *limit, peal_slice key,
                         uint64_t now_ms) {
  if (!limit)
    return;
  if (key.len > KEY_BYTES)
    key.len = KEY_BYTES;
  uv_mutex_lock(&limit->lock);
  bucket *found = peal_map_get(&limit->map, key);
  if (found && found->full_us > now_ms * 1000)
    found->full_us =
        found->full_us > limit->token_us ? found->full_us - limit->token_us : 0;
  uv_mutex_unlock(&limit->lock);
}

bool peal_web_limit_check(peal_web_limit *limit, peal_http_req *req,
                          peal_slice key) {
  uint64_t now_ms = peal_worker_now_ms(peal_http_req_worker(req));
  uint64_t retry_ms;
  char text[24];
  if (peal_web_limit_take(limit, key, now_ms, &retry_ms))
    return true;
  /* RFC9110 10.2.3: whole seconds. */
  int len = snprintf(text, sizeof(text), "%llu",
                     (unsigned long long)(retry_ms + 999) / 1000);
  (void)peal_http_answer_header(req, "Retry-After",
                                (peal_slice){text, (size_t)len});
  peal_web_error(req, 429, "too many requests", NULL);
  return false;
}

bool peal_web_limit_route(peal_web_ctx *ctx) {
  const peal_web_route *route = &ctx->entry->route;
  if (!route->limit)
    return true;
  peal_slice key = route->limit_key ? route->limit_key(ctx->req, route->user)
                                    : peal_web_address(ctx->req);
  return peal_web_limit_check(route->limit, ctx->req, key);
}
