/* SPDX-License-Identifier: MIT */
#include "proto/eio_queue.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

/* Charged for each entry besides its bytes, so that empty messages are not
 * free. */
#define ENTRY_COST 32u
#define RING_MIN 4u

struct peal_eio_group {
  atomic_uint refs;
  uint32_t count;
  const peal_mem *mem;
  peal_bytes *parts[];
};

peal_eio_group *peal_eio_group_new(peal_bytes *const *parts, size_t count,
                                   const peal_mem *mem) {
  mem = peal_mem_or_libc(mem);
  assert(count > 0 && count < UINT32_MAX);
  peal_eio_group *group =
      peal_mem_alloc(mem, sizeof *group + count * sizeof *parts);
  if (!group)
    return NULL;
  atomic_init(&group->refs, 1);
  group->count = (uint32_t)count;
  group->mem = mem;
  memcpy(group->parts, parts, count * sizeof *parts);
  return group;
}

peal_eio_group *peal_eio_group_ref(peal_eio_group *group) {
  atomic_fetch_add_explicit(&group->refs, 1, memory_order_relaxed);
  return group;
}

void peal_eio_group_unref(peal_eio_group *group) {
  if (!group ||
      atomic_fetch_sub_explicit(&group->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (uint32_t i = 0; i < group->count; i++)
    peal_bytes_unref(group->parts[i]);
  peal_mem_free(group->mem, group);
}

size_t peal_eio_group_count(const peal_eio_group *group) {
  return group->count;
}

peal_bytes *peal_eio_group_part(const peal_eio_group *group, size_t index) {
  return group->parts[index];
}

/* -- entries ------------------------------------------------------------------ */

static size_t group_cost(const peal_eio_group *group) {
  size_t cost = ENTRY_COST;
  for (uint32_t i = 0; i < group->count; i++)
    cost += peal_bytes_slice(group->parts[i]).len + ENTRY_COST;
  return cost;
}

static size_t entry_cost(const peal_eio_entry *entry) {
  if (entry->is_group)
    return group_cost(entry->item);
  return peal_bytes_slice(entry->item).len + ENTRY_COST;
}

size_t peal_eio_queue_cost(const peal_eio_message *message) {
  if (message->group)
    return group_cost(message->group);
  return peal_bytes_slice(message->bytes).len + ENTRY_COST;
}

static void entry_set(peal_eio_entry *entry, const peal_eio_message *message) {
  *entry = (peal_eio_entry){.key = message->key,
                            .is_group = message->group != NULL,
                            .binary = message->binary,
                            .no_compress = message->no_compress,
                            .keep = message->keep};
  if (message->group)
    entry->item = peal_eio_group_ref(message->group);
  else
    entry->item = peal_bytes_ref(message->bytes);
}

static void entry_release(peal_eio_entry *entry) {
  if (entry->is_group)
    peal_eio_group_unref(entry->item);
  else
    peal_bytes_unref(entry->item);
}

/* -- the ring --------------------------------------------------------------- */

static peal_eio_entry *at(const peal_eio_queue *queue, uint32_t index) {
  return &queue->ring[(queue->head + index) & (queue->cap - 1)];
}

void peal_eio_queue_init(peal_eio_queue *queue, const peal_mem *mem) {
  *queue = (peal_eio_queue){.mem = peal_mem_or_libc(mem)};
}

/* An empty queue owns no memory. */
static void release_ring(peal_eio_queue *queue) {
  peal_mem_free(queue->mem, queue->ring);
  queue->ring = NULL;
  queue->head = 0;
  queue->cap = 0;
  queue->bytes = 0;
}

void peal_eio_queue_clear(peal_eio_queue *queue) {
  for (uint32_t i = 0; i < queue->count; i++)
    entry_release(at(queue, i));
  queue->count = 0;
  release_ring(queue);
}

static peal_err grow(peal_eio_queue *queue) {
  if (queue->cap > UINT32_MAX / 4)
    return PEAL_ERR_NOMEM;
  uint32_t cap = queue->cap ? queue->cap * 2 : RING_MIN;
  peal_eio_entry *ring = peal_mem_alloc(queue->mem, cap * sizeof *ring);
  if (!ring)
    return PEAL_ERR_NOMEM;
  for (uint32_t i = 0; i < queue->count; i++)
    ring[i] = *at(queue, i);
  peal_mem_free(queue->mem, queue->ring);
  queue->ring = ring;
  queue->cap = cap;
  queue->head = 0;
  return PEAL_OK;
}

/* An entry with this key of which nothing has been sent. */
static peal_eio_entry *find_key(const peal_eio_queue *queue, uint64_t key) {
  for (uint32_t i = 0; i < queue->count; i++) {
    peal_eio_entry *entry = at(queue, i);
    if (entry->key == key && entry->part == 0)
      return entry;
  }
  return NULL;
}

size_t peal_eio_queue_replaced(const peal_eio_queue *queue, uint64_t key) {
  const peal_eio_entry *entry = key ? find_key(queue, key) : NULL;
  return entry ? entry_cost(entry) : 0;
}

peal_err peal_eio_queue_add(peal_eio_queue *queue,
                            const peal_eio_message *message) {
  peal_eio_entry *entry = message->key ? find_key(queue, message->key) : NULL;
  if (entry) {
    queue->bytes -= entry_cost(entry);
    entry_release(entry);
  } else {
    if (queue->count == queue->cap && grow(queue))
      return PEAL_ERR_NOMEM;
    entry = at(queue, queue->count++);
  }
  entry_set(entry, message);
  queue->bytes += entry_cost(entry);
  return PEAL_OK;
}

bool peal_eio_queue_peek(const peal_eio_queue *queue, peal_bytes **bytes,
                         bool *binary, bool *no_compress) {
  if (!queue->count)
    return false;
  const peal_eio_entry *entry = at(queue, 0);
  if (entry->is_group) {
    *bytes = peal_eio_group_part(entry->item, entry->part);
    *binary = entry->part > 0;
  } else {
    *bytes = entry->item;
    *binary = entry->binary;
  }
  *no_compress = entry->no_compress;
  return true;
}

static void drop_head(peal_eio_queue *queue) {
  queue->bytes -= entry_cost(at(queue, 0));
  queue->head = (queue->head + 1) & (queue->cap - 1);
  if (--queue->count == 0)
    release_ring(queue);
}

void peal_eio_queue_pop(peal_eio_queue *queue, peal_bytes **out) {
  assert(queue->count);
  peal_eio_entry *entry = at(queue, 0);
  if (!entry->is_group) {
    peal_bytes *bytes = entry->item;
    drop_head(queue);
    if (out)
      *out = bytes;
    else
      peal_bytes_unref(bytes);
    return;
  }
  peal_eio_group *group = entry->item;
  if (out)
    *out = peal_bytes_ref(peal_eio_group_part(group, entry->part));
  if (++entry->part < peal_eio_group_count(group))
    return;
  drop_head(queue);
  peal_eio_group_unref(group);
}

bool peal_eio_queue_drop_oldest(peal_eio_queue *queue) {
  if (!queue->count)
    return false;
  /* A group that has begun must be finished: one behind it goes. */
  uint32_t victim = at(queue, 0)->part ? 1 : 0;
  while (victim < queue->count && at(queue, victim)->keep)
    victim++;
  if (victim >= queue->count)
    return false;
  queue->bytes -= entry_cost(at(queue, victim));
  entry_release(at(queue, victim));
  for (uint32_t i = victim; i > 0; i--)
    *at(queue, i) = *at(queue, i - 1);
  queue->head = (queue->head + 1) & (queue->cap - 1);
  if (--queue->count == 0)
    release_ring(queue);
  return true;
}
