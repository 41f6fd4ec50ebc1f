/* SPDX-License-Identifier: MIT */
#include "base/build.h"

#include "base/err_site.h"
#include "base/mem.h"
#include "base/val_impl.h"

#define FIRST_CAP 8u
#define OWN_BLOCK_BYTES 1024u

/* Nobody writes to these: their error is there already. */
static peal_build build_without_memory = {.err = PEAL_ERR_NOMEM};
static peal_build build_misplaced = {.err = PEAL_ERR_USAGE};

typedef struct own_build {
  peal_build base;
  peal_arena arena;
} own_build;

static peal_build *build_broken(peal_err why) {
  return why == PEAL_ERR_NOMEM ? &build_without_memory : &build_misplaced;
}

static bool build_is_broken(const peal_build *build) {
  return build == &build_without_memory || build == &build_misplaced;
}

peal_build *peal_build_in(peal_arena *arena, peal_err why) {
  if (!arena)
    return build_broken(why);
  peal_build *build = peal_arena_alloc(arena, sizeof *build);
  if (!build)
    return build_broken(PEAL_ERR_NOMEM);
  *build = (peal_build){.arena = arena};
  return build;
}

peal_build *peal_build_new(void) {
  own_build *own = peal_mem_alloc(peal_mem_libc(), sizeof *own);
  if (!own)
    return build_broken(PEAL_ERR_NOMEM);
  peal_arena_init(&own->arena, NULL, OWN_BLOCK_BYTES, 0);
  own->base = (peal_build){.arena = &own->arena};
  return &own->base;
}

void peal_build_free(peal_build *build) {
  if (!build || build_is_broken(build))
    return;
  own_build *own = (own_build *)build;
  peal_arena_deinit(&own->arena);
  peal_mem_free(peal_mem_libc(), own);
}

peal_err peal_build_err(const peal_build *build) {
  return build ? build->err : PEAL_ERR_USAGE;
}

void *peal_build_alloc(peal_build *build, size_t size) {
  if (build->err)
    return NULL;
  void *made = peal_arena_alloc(build->arena, size ? size : 1);
  if (!made)
    build->err = PEAL_FAIL(PEAL_ERR_NOMEM);
  return made;
}

void *peal_build_grow(peal_build *build, void *old, uint32_t *cap,
                      size_t size) {
  if (build->err)
    return NULL;
  size_t more = *cap ? (size_t)*cap * 2 : FIRST_CAP;
  void *grown = NULL;
  if (more <= UINT32_MAX && more <= SIZE_MAX / size)
    grown = old ? peal_arena_resize(build->arena, old, *cap * size, more * size)
                : peal_arena_alloc(build->arena, more * size);
  if (grown)
    *cap = (uint32_t)more;
  else
    build->err = PEAL_FAIL(PEAL_ERR_NOMEM);
  return grown;
}

static peal_val build_take(peal_build *build, peal_val value,
                           peal_err (*how)(peal_val *, peal_val,
                                           peal_arena *)) {
  if (!build)
    return peal_val_impl_lost(PEAL_ERR_USAGE);
  peal_val made = peal_undefined();
  if (!build->err)
    build->err = how(&made, value, build->arena);
  return build->err ? peal_val_impl_lost(build->err) : made;
}

peal_val peal_build_keep(peal_build *build, peal_val value) {
  return build_take(build, value, peal_val_impl_keep);
}

peal_val peal_build_copy(peal_build *build, peal_val value) {
  return build_take(build, value, peal_val_impl_copy);
}
