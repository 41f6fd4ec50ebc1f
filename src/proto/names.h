/* SPDX-License-Identifier: MIT */
#pragma once
/* names: the names that a peal_to gives, in either spelling, one after the
 * other. */
#include <peal/server.h>

typedef struct peal_names_walk {
  const char *const *texts; /* the next one, or NULL */
  const peal_slice *slices; /* the next one behind them */
  size_t left;              /* of the slices */
} peal_names_walk;

static inline peal_names_walk peal_names_rooms(const peal_to *to) {
  return (peal_names_walk){to->rooms, to->room_names.items,
                           to->room_names.count};
}

static inline peal_names_walk peal_names_except(const peal_to *to) {
  return (peal_names_walk){to->except, to->except_names.items,
                           to->except_names.count};
}

/* Is there a list, though it may be empty? */
static inline bool peal_names_are_given(const peal_names_walk *walk) {
  return walk->texts || walk->slices;
}

/* Does it name rooms? A message to one socket has none. */
static inline bool peal_names_are_named(const peal_to *to) {
  return to && (to->rooms || to->except || to->room_names.items ||
                to->except_names.items);
}

/* The next one; false at the end. */
static inline bool peal_names_next(peal_names_walk *walk, peal_slice *out) {
  if (walk->texts && *walk->texts) {
    *out = peal_slice_of(*walk->texts++);
    return true;
  }
  if (!walk->slices || !walk->left)
    return false;
  *out = *walk->slices++;
  walk->left--;
  return true;
}

static inline size_t peal_names_count(peal_names_walk walk) {
  size_t count = 0;
  for (peal_slice name; peal_names_next(&walk, &name);)
    count++;
  return count;
}

/* What replaces an event that waits; NULL ptr: nothing does. */
static inline peal_slice peal_names_key(const peal_to *to) {
  return to->conflate_name.ptr ? to->conflate_name
                               : peal_slice_of(to->conflate);
}
