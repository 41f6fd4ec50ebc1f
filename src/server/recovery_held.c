/* SPDX-License-Identifier: MIT */
#include "server/recovery_held.h"

#include "server/recovery.h"
#include "server/recovery_store.h"

void peal_recovery_held_drop(peal_server *server, peal_recovery_held *held) {
  for (size_t i = 0; i < held->missed_count; i++)
    peal_message_unref(held->missed[i].message);
  held->missed_count = 0;
  if (held->session)
    peal_recovery_sessions_drop(server->store ? &server->store->sessions
                                              : &server->recovery->sessions,
                                held->session);
  held->session = NULL;
}
