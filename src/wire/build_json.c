/* SPDX-License-Identifier: MIT */
/* build_json: a value from JSON text, in a builder's memory. */
#include <peal/val.h>

#include "base/build.h"
#include "base/val_impl.h"
#include "wire/json.h"

peal_val peal_build_json(peal_build *build, peal_slice json) {
  if (!build)
    return peal_val_impl_lost(PEAL_ERR_USAGE);
  peal_val value = peal_undefined();
  char *copy = build->err ? NULL : peal_arena_str(build->arena, json);
  if (!build->err && !copy)
    build->err = PEAL_ERR_NOMEM;
  if (!build->err)
    build->err = peal_json_decode(&value, (peal_slice){copy, json.len},
                                  build->arena, NULL);
  return build->err ? peal_val_impl_lost(build->err) : value;
}
