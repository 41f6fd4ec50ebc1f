/* SPDX-License-Identifier: MIT */
#include "engine/away_stop.h"

#include "base/mem.h"
#include "engine/away_ask.h"
#include "engine/away_entry.h"
#include "engine/away_send.h"

void peal_away_stop(peal_away *away) {
  if (!away)
    return;
  peal_list *at = away->entries.next;
  while (at != &away->entries) {
    peal_away_entry *entry = PEAL_LIST_OF(at, peal_away_entry, node);
    at = at->next;
    if (entry->state != PEAL_AWAY_ASKS && entry->state != PEAL_AWAY_READS &&
        entry->state != PEAL_AWAY_SENDS)
      peal_away_send_close(entry, "transport close");
    peal_away_ask_lost(entry);
  }
}

void peal_away_mute(peal_away *away) {
  if (away)
    away->name[0] = 0;
}

void peal_away_free(peal_away *away) {
  if (!away)
    return;
  while (!peal_list_is_empty(&away->entries))
    peal_away_entry_free(
        PEAL_LIST_OF(away->entries.next, peal_away_entry, node));
  peal_map_deinit(&away->numbers);
  peal_map_deinit(&away->gets);
  peal_map_deinit(&away->sockets);
  peal_map_deinit(&away->homes);
  peal_mem_free(away->local->engine->mem, away);
}
