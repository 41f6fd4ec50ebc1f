/* SPDX-License-Identifier: MIT */
#pragma once
/* reserved: the words at the end of a public struct that no field stands in
 * yet. A program that sets one was compiled against headers newer than this
 * library, and wants something that it does not know. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool peal_reserved_are_zero(const uintptr_t *words,
                                          size_t count) {
  uintptr_t all = 0;
  for (size_t i = 0; i < count; i++)
    all |= words[i];
  return all == 0;
}

/* Does this library know all that the struct says? `it` is not NULL. */
#define PEAL_RESERVED_IS_KNOWN(it)                                             \
  peal_reserved_are_zero((it)->reserved,                                       \
                         sizeof((it)->reserved) / sizeof((it)->reserved[0]))
