/* SPDX-License-Identifier: MIT */
#pragma once
/* recovery_held: what a candidate that comes back has until it is accepted. */
#include "server/server_impl.h"

typedef struct peal_recovery_held {
  struct peal_recovery_session *session; /* as which it comes back, or NULL */
  uint64_t offset;                       /* up to which it has got all */
  struct peal_recovery_item *missed;     /* of a store; borrowed, but for the
                                            messages */
  size_t missed_count;
} peal_recovery_held;

/* All of it; nothing is left. */
void peal_recovery_held_drop(peal_server *server, peal_recovery_held *held);
