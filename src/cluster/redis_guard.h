/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_guard: what has ended stays as long as somebody is inside: callbacks
 * may free whatever they were called from. */
#include <stdbool.h>

typedef struct peal_redis_guard {
  unsigned depth; /* of callbacks and calls that look at it behind others */
  bool due;       /* something has ended */
  void (*sweep)(struct peal_redis_guard *guard); /* nobody is inside any more;
                                                    the guard may go, too */
} peal_redis_guard;

static inline void peal_redis_guard_enter(peal_redis_guard *guard) {
  guard->depth++;
}

/* The last thing that a callback does. */
static inline void peal_redis_guard_leave(peal_redis_guard *guard) {
  if (--guard->depth || !guard->due)
    return;
  guard->due = false;
  guard->sweep(guard);
}
