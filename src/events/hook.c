/* SPDX-License-Identifier: MIT */
#include "events/hook.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

void peal_hook_init(peal_hooks *hooks, const peal_mem *mem, uint32_t seed) {
  *hooks = (peal_hooks){.mem = mem, .cap = PEAL_HOOK_FEW, .seed = seed};
  hooks->buckets = hooks->few;
}

static void free_chain(peal_hooks *hooks, peal_hook *hook) {
  while (hook) {
    peal_hook *next = hook->next;
    peal_hook_free(hooks->mem, hook);
    hook = next;
  }
}

void peal_hook_deinit(peal_hooks *hooks) {
  for (unsigned i = 0; i < PEAL_HOOK_KINDS; i++)
    free_chain(hooks, hooks->chains[i]);
  for (uint32_t i = 0; i < hooks->cap; i++)
    while (hooks->buckets[i]) {
      peal_hook *first = hooks->buckets[i];
      hooks->buckets[i] = first->peer;
      free_chain(hooks, first);
    }
  if (hooks->buckets != hooks->few)
    peal_mem_free(hooks->mem, hooks->buckets);
  *hooks = (peal_hooks){0};
}

/* -- one hook ------------------------------------------------------------------------ */

peal_hook *peal_hook_copy(const peal_mem *mem, const peal_hook *like,
                          peal_slice name) {
  peal_hook *hook = peal_mem_alloc(mem, sizeof *hook + name.len + 1);
  if (!hook)
    return NULL;
  *hook = *like;
  hook->next = hook->peer = NULL;
  hook->removed = false;
  hook->name_len = name.len;
  if (name.len)
    memcpy(hook->name, name.ptr, name.len);
  hook->name[name.len] = 0;
  if (hook->once)
    atomic_fetch_add_explicit(&hook->once->refs, 1, memory_order_relaxed);
  return hook;
}

void peal_hook_free(const peal_mem *mem, peal_hook *hook) {
  peal_hook_once *once = hook->once;
  if (once &&
      atomic_fetch_sub_explicit(&once->refs, 1, memory_order_acq_rel) == 1)
    peal_mem_free(mem, once);
  peal_mem_free(mem, hook);
}

/* -- events by name -------------------------------------------------------------------- */

static peal_hook **bucket_of(const peal_hooks *hooks, uint32_t hash) {
  return &hooks->buckets[hash & (hooks->cap - 1)];
}

static bool has_name(const peal_hook *hook, peal_slice name) {
  return hook->name_len == name.len &&
         (!name.len || !memcmp(hook->name, name.ptr, name.len));
}

static peal_hook *find(const peal_hooks *hooks, peal_slice name,
                       uint32_t hash) {
  peal_hook *at = *bucket_of(hooks, hash);
  while (at && (at->hash != hash || !has_name(at, name)))
    at = at->peer;
  return at;
}

peal_hook *peal_hook_of_event(peal_hooks *hooks, peal_slice event) {
  peal_hook *last = hooks->last;
  if (last && has_name(last, event))
    return last;
  peal_hook *found = find(hooks, event, peal_map_hash(event, hooks->seed));
  if (found)
    hooks->last = found;
  return found;
}

/* Without memory for more the buckets are deeper, and nothing is lost: so a
 * hook that comes from another worker always finds its place. */
static void grow(peal_hooks *hooks) {
  uint32_t cap = hooks->cap * 2;
  peal_hook **buckets = peal_mem_zalloc(hooks->mem, cap * sizeof *buckets);
  if (!buckets)
    return;
  peal_hooks old = *hooks;
  hooks->buckets = buckets;
  hooks->cap = cap;
  for (uint32_t i = 0; i < old.cap; i++)
    for (peal_hook *at = old.buckets[i], *next; at; at = next) {
      peal_hook **bucket = bucket_of(hooks, at->hash);
      next = at->peer;
      at->peer = *bucket;
      *bucket = at;
    }
  if (old.buckets != hooks->few)
    peal_mem_free(hooks->mem, old.buckets);
}

static void add_event(peal_hooks *hooks, peal_hook *hook) {
  if (hooks->count >= hooks->cap && hooks->cap < UINT32_MAX / 2)
    grow(hooks);
  peal_hook **bucket = bucket_of(hooks, hook->hash);
  hook->peer = *bucket;
  *bucket = hook;
  hooks->count++;
}

/* -- changing ---------------------------------------------------------------------------- */

static void append(peal_hook **chain, peal_hook *hook) {
  while (*chain && !hook->in_front)
    chain = &(*chain)->next;
  hook->next = *chain;
  hook->in_front = false; /* it is where it is, also in a copy of the chain */
  *chain = hook;
}

void peal_hook_add(peal_hooks *hooks, peal_hook *hook) {
  peal_slice name = {hook->name, hook->name_len};
  hook->age = ++hooks->age;
  if (hook->kind != PEAL_HOOK_EVENT) {
    append(&hooks->chains[hook->kind], hook);
    return;
  }
  hook->hash = peal_map_hash(name, hooks->seed);
  peal_hook *first = find(hooks, name, hook->hash);
  if (first)
    append(&first, hook);
  else
    add_event(hooks, hook);
}

static bool is_spent(const peal_hook *hook) {
  return hook->removed ||
         (hook->once &&
          atomic_load_explicit(&hook->once->called, memory_order_relaxed));
}

static peal_err copy_chain(peal_hooks *to, const peal_hook *from) {
  for (; from; from = from->next) {
    if (is_spent(from))
      continue;
    peal_hook *hook =
        peal_hook_copy(to->mem, from, (peal_slice){from->name, from->name_len});
    if (!hook)
      return PEAL_ERR_NOMEM;
    peal_hook_add(to, hook);
  }
  return PEAL_OK;
}

peal_err peal_hook_copy_all(peal_hooks *to, const peal_hooks *from) {
  peal_err err = PEAL_OK;
  for (unsigned i = 0; !err && i < PEAL_HOOK_KINDS; i++)
    err = copy_chain(to, from->chains[i]);
  for (uint32_t i = 0; !err && i < from->cap; i++)
    for (const peal_hook *at = from->buckets[i]; !err && at; at = at->peer)
      err = copy_chain(to, at);
  return err;
}

static size_t chain_bytes(const peal_hook *hook) {
  size_t bytes = 0;
  for (; hook; hook = hook->next)
    bytes += sizeof *hook + hook->name_len + 1;
  return bytes;
}

size_t peal_hook_bytes(const peal_hooks *hooks) {
  size_t bytes = 0;
  for (unsigned i = 0; i < PEAL_HOOK_KINDS; i++)
    bytes += chain_bytes(hooks->chains[i]);
  for (uint32_t i = 0; i < hooks->cap; i++)
    for (const peal_hook *at = hooks->buckets[i]; at; at = at->peer)
      bytes += chain_bytes(at);
  return bytes;
}

bool peal_hook_remove(peal_hooks *hooks, const peal_hook *like) {
  peal_slice name = {like->name, like->name_len};
  peal_hook *at = like->kind == PEAL_HOOK_EVENT
                      ? find(hooks, name, peal_map_hash(name, hooks->seed))
                      : hooks->chains[like->kind];
  bool any = false;
  for (; at; at = at->next)
    if (!at->removed && at->fn.event == like->fn.event &&
        at->user == like->user && has_name(at, name)) {
      at->removed = true;
      any = true;
    }
  return any;
}

static void sweep_chain(peal_hooks *hooks, peal_hook **chain) {
  while (*chain) {
    peal_hook *hook = *chain;
    if (hook->removed) {
      *chain = hook->next;
      peal_hook_free(hooks->mem, hook);
    } else {
      chain = &hook->next;
    }
  }
}

/* The chains of one bucket: who comes first in one leads to the next. */
static void sweep_bucket(peal_hooks *hooks, peal_hook **bucket) {
  while (*bucket) {
    peal_hook *first = *bucket, *peer = first->peer;
    sweep_chain(hooks, &first);
    if (first) {
      first->peer = peer;
      *bucket = first;
      bucket = &first->peer;
    } else {
      *bucket = peer;
      hooks->count--;
    }
  }
}

void peal_hook_sweep(peal_hooks *hooks) {
  hooks->last = NULL;
  for (unsigned i = 0; i < PEAL_HOOK_KINDS; i++)
    sweep_chain(hooks, &hooks->chains[i]);
  for (uint32_t i = 0; i < hooks->cap; i++)
    sweep_bucket(hooks, &hooks->buckets[i]);
}
