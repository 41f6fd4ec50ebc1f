/* SPDX-License-Identifier: MIT */
#pragma once
/* build: the memory that values are built in (peal_build of <peal/val.h>): an
 * arena of somebody's, and an error that sticks. A builder that could not be
 * made is a constant one with its error, so that nobody has to ask. */
#include <peal/val.h>

#include "base/arena.h"

struct peal_build {
  peal_arena *arena;
  peal_err err; /* sticky; of a constant builder from the beginning */
};

/* A builder in the arena, which it goes with; never NULL. `arena` NULL: `why`. */
peal_build *peal_build_in(peal_arena *arena, peal_err why);
/* Its memory; NULL and the error sticks if there is none. */
void *peal_build_alloc(peal_build *build, size_t size);
/* One that holds `cap` of `size` bytes each, `count` of which are used, holds
 * more; NULL as above. */
void *peal_build_grow(peal_build *build, void *old, uint32_t *cap, size_t size);
