/* SPDX-License-Identifier: MIT */
#pragma once
/* driver_values: values as they stand in the driver's lines, where bytes are
 * {"$bytes": "<base64>"} (tests/interop/README.md). */
#include <peal/val.h>

/* As it is written; lives as long as `build`. */
peal_val driver_values_pack(peal_build *build, peal_val value);
peal_val driver_values_pack_args(peal_build *build, peal_args args);
/* As it was before it was written. */
peal_val driver_values_unpack(peal_build *build, peal_val value);
/* Items of an array as arguments. */
peal_args driver_values_args(peal_val array);
/* A text that is terminated; NULL if it is none. */
const char *driver_values_text(peal_build *build, peal_val value);
