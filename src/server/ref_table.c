/* SPDX-License-Identifier: MIT */
#include "server/ref_table.h"

#include "base/mem.h"

#define MIN_CAP 8u
#define MAX_CAP (1u << 30)

void peal_ref_table_init(peal_ref_table *table, const peal_mem *mem,
                         peal_account_worker *account) {
  *table = (peal_ref_table){.mem = mem, .account = account};
}

static size_t bytes_of(uint32_t cap) {
  return cap * sizeof(peal_ref_place);
}

static void give_back(peal_ref_table *table, uint32_t cap) {
  if (table->account)
    peal_account_worker_release(table->account, bytes_of(cap));
}

void peal_ref_table_deinit(peal_ref_table *table) {
  peal_mem_free(table->mem, table->places);
  give_back(table, table->cap);
  table->places = NULL;
  table->cap = table->free = 0;
}

/* The new places are free, in order. */
static peal_err grow(peal_ref_table *table) {
  uint32_t cap = table->cap ? table->cap * 2 : MIN_CAP;
  if (cap > MAX_CAP)
    return PEAL_ERR_NOMEM;
  uint32_t more = cap - table->cap;
  if (table->account &&
      peal_account_worker_charge(table->account, bytes_of(more)))
    return PEAL_ERR_NOMEM;
  peal_ref_place *places =
      peal_mem_resize(table->mem, table->places, bytes_of(cap));
  if (!places) {
    give_back(table, more);
    return PEAL_ERR_NOMEM;
  }
  for (uint32_t i = table->cap; i < cap; i++)
    places[i] = (peal_ref_place){.generation = i + 1};
  table->places = places;
  table->free = table->cap;
  table->cap = cap;
  return PEAL_OK;
}

peal_err peal_ref_table_add(peal_ref_table *table, void *owner,
                            uint32_t *place) {
  if (table->free == table->cap && grow(table))
    return PEAL_ERR_NOMEM;
  *place = table->free;
  peal_ref_place *at = &table->places[*place];
  table->free = (uint32_t)at->generation;
  *at = (peal_ref_place){.owner = owner, .generation = ++table->generation};
  table->count++;
  return PEAL_OK;
}

uint64_t peal_ref_table_generation(const peal_ref_table *table,
                                   uint32_t place) {
  return table->places[place].generation;
}

void *peal_ref_table_get(const peal_ref_table *table, uint32_t place,
                         uint64_t generation) {
  if (place >= table->cap || table->places[place].generation != generation)
    return NULL;
  return table->places[place].owner;
}

/* What a storm has left behind goes with the last one. */
void peal_ref_table_remove(peal_ref_table *table, uint32_t place) {
  table->places[place] = (peal_ref_place){.generation = table->free};
  table->free = place;
  if (--table->count == 0)
    peal_ref_table_deinit(table);
}
