/* SPDX-License-Identifier: MIT */
#include "engine/sid_table.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sid.h"

#define MIN_CAP 8u

void peal_sid_table_init(peal_sid_table *table, const peal_mem *mem) {
  *table = (peal_sid_table){.mem = mem};
}

void peal_sid_table_deinit(peal_sid_table *table) {
  peal_mem_free(table->mem, table->slots);
  *table = (peal_sid_table){.mem = table->mem};
}

/* The first characters may name a worker; the last ones never do. */
static uint32_t home_of(const peal_sid_table *table, const char *sid) {
  uint64_t tail;
  memcpy(&tail, sid + PEAL_SID_LEN - sizeof tail, sizeof tail);
  return (uint32_t)((tail * 0x9e3779b97f4a7c15u) >> 32) & (table->cap - 1);
}

static uint32_t behind(const peal_sid_table *table, uint32_t slot) {
  return (slot + 1) & (table->cap - 1);
}

static void put(peal_sid_table *table, char *sid) {
  uint32_t slot = home_of(table, sid);
  while (table->slots[slot])
    slot = behind(table, slot);
  table->slots[slot] = sid;
}

static peal_err resize(peal_sid_table *table, uint32_t cap) {
  char **slots = peal_mem_zalloc(table->mem, cap * sizeof *slots);
  if (!slots)
    return PEAL_ERR_NOMEM;
  peal_sid_table old = *table;
  table->slots = slots;
  table->cap = cap;
  for (uint32_t i = 0; i < old.cap; i++)
    if (old.slots[i])
      put(table, old.slots[i]);
  peal_mem_free(table->mem, old.slots);
  return PEAL_OK;
}

peal_err peal_sid_table_add(peal_sid_table *table, char *sid) {
  if (table->count >= table->cap - table->cap / 8) {
    if (table->cap > UINT32_MAX / 4 ||
        resize(table, table->cap ? table->cap * 2 : MIN_CAP))
      return PEAL_ERR_NOMEM;
  }
  put(table, sid);
  table->count++;
  return PEAL_OK;
}

char *peal_sid_table_get(const peal_sid_table *table, peal_slice sid) {
  if (!table->cap || sid.len != PEAL_SID_LEN)
    return NULL;
  uint32_t slot = home_of(table, sid.ptr);
  for (; table->slots[slot]; slot = behind(table, slot))
    if (!memcmp(table->slots[slot], sid.ptr, PEAL_SID_LEN))
      return table->slots[slot];
  return NULL;
}

/* What stands behind the hole and may be nearer to its home moves into it. */
static void close_hole(peal_sid_table *table, uint32_t hole) {
  uint32_t mask = table->cap - 1;
  for (uint32_t next = behind(table, hole); table->slots[next];
       next = behind(table, next)) {
    uint32_t home = home_of(table, table->slots[next]);
    if (((next - home) & mask) < ((next - hole) & mask))
      continue;
    table->slots[hole] = table->slots[next];
    hole = next;
  }
  table->slots[hole] = NULL;
}

void peal_sid_table_remove(peal_sid_table *table, const char *sid) {
  uint32_t slot = home_of(table, sid);
  while (table->slots[slot] != sid) {
    assert(table->slots[slot]);
    slot = behind(table, slot);
  }
  close_hole(table, slot);
  table->count--;
  /* What a storm has left behind is given back; without memory for a smaller
   * one it stays. */
  if (table->cap > MIN_CAP && table->count < table->cap / 8)
    (void)!resize(table, table->cap / 2);
}

char *peal_sid_table_next(const peal_sid_table *table, uint32_t *cursor) {
  while (*cursor < table->cap)
    if (table->slots[(*cursor)++])
      return table->slots[*cursor - 1];
  return NULL;
}
