/* SPDX-License-Identifier: MIT */
#include "engine/away_entry.h"

#include <string.h>

#include "base/mem.h"
#include "engine/engine_limits.h"
#include "engine/refusal.h"

static uint64_t next_number(peal_away *away) {
  const peal_engine_local *local = away->local;
  return ++away->requests * local->engine->worker_count +
         peal_worker_index(local->worker);
}

static peal_slice key_of(const uint64_t *number) {
  return (peal_slice){(const char *)number, sizeof *number};
}

static peal_away_entry *alloc(peal_away *away) {
  peal_account_worker *account = away->local->account;
  if (away->entry_count >= PEAL_LIMIT_AWAY_ENTRIES ||
      peal_account_worker_charge(account, sizeof(peal_away_entry)))
    return NULL;
  peal_away_entry *entry =
      peal_mem_zalloc(away->local->worker->mem, sizeof *entry);
  if (!entry)
    peal_account_worker_release(account, sizeof *entry);
  return entry;
}

peal_away_entry *peal_away_entry_new(peal_away *away,
                                     const peal_incoming *incoming,
                                     peal_slice sid,
                                     void (*fn)(peal_wheel_timer *, uint64_t)) {
  peal_away_entry *entry = alloc(away);
  if (!entry)
    return NULL;
  entry->away = away;
  entry->incoming = *incoming;
  entry->req = incoming->req;
  entry->eio3 =
      incoming->engine->opts.allow_eio3 && peal_incoming_is_eio3(incoming);
  entry->request = next_number(away);
  memcpy(entry->sid, sid.ptr, PEAL_SID_LEN);
  peal_wheel_timer_init(&entry->timer, fn);
  peal_account_init(&entry->account, away->local->account, 0);
  peal_list_init(&entry->node);
  if (peal_map_add(&away->numbers, key_of(&entry->request), entry)) {
    peal_account_worker_release(away->local->account, sizeof *entry);
    peal_mem_free(away->local->worker->mem, entry);
    return NULL;
  }
  peal_list_push(&away->entries, &entry->node);
  away->entry_count++;
  return entry;
}

static void drop(peal_map *map, const peal_away_entry *entry) {
  peal_slice sid = peal_slice_of(entry->sid);
  if (peal_map_get(map, sid) == entry)
    peal_map_remove(map, sid);
}

void peal_away_entry_free(peal_away_entry *entry) {
  peal_away *away = entry->away;
  drop(&away->gets, entry);
  drop(&away->sockets, entry);
  peal_map_remove(&away->numbers, key_of(&entry->request));
  peal_wheel_stop(&away->local->worker->wheel, &entry->timer);
  peal_list_remove(&entry->node);
  away->entry_count--;
  if (entry->body)
    peal_account_worker_release(away->local->account, entry->body_len);
  peal_mem_free(away->local->worker->mem, entry->body);
  peal_ws_conn_free(entry->ws);
  peal_account_worker_release(away->local->account, sizeof *entry);
  peal_mem_free(away->local->worker->mem, entry);
}

peal_away_entry *peal_away_entry_find(const peal_away *away, uint64_t number) {
  return peal_map_get(&away->numbers, key_of(&number));
}

void peal_away_entry_set(peal_away_entry *entry, peal_away_state state,
                         uint64_t limit_ms) {
  peal_worker *worker = entry->away->local->worker;
  entry->state = (uint8_t)state;
  entry->limit_at_ms = limit_ms ? worker->now_ms + limit_ms : UINT64_MAX;
  if (limit_ms)
    peal_wheel_set(&worker->wheel, &entry->timer, entry->limit_at_ms);
  else
    peal_wheel_stop(&worker->wheel, &entry->timer);
}

void peal_away_entry_refuse(peal_away_entry *entry) {
  entry->incoming.req = entry->req;
  entry->req = NULL;
  peal_refusal_answer(&entry->incoming, PEAL_INCOMING_SID_UNKNOWN, NULL);
}
