/* SPDX-License-Identifier: MIT */
#include "proto/eio_queue.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Charged for each entry besides its bytes, so that empty messages are not
 * free. */
#define ENTRY_COST 32u
#define RING_MIN 4u

/* -- entries ------------------------------------------------------------------ */

static size_t message_cost(const peal_message *message) {
  return peal_message_len(message) + peal_message_count(message) * ENTRY_COST;
}

static size_t entry_cost(const peal_eio_entry *entry) {
  return message_cost(entry->message);
}

size_t peal_eio_queue_cost(const peal_eio_item *item) {
  return message_cost(item->message);
}

static void entry_set(peal_eio_entry *entry, const peal_eio_item *item) {
  *entry = (peal_eio_entry){.message = peal_message_ref(item->message),
                            .key = item->key,
                            .no_compress = item->no_compress,
                            .keep = item->keep};
}

static void entry_release(peal_eio_entry *entry) {
  peal_message_unref(entry->message);
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

peal_err peal_eio_queue_add(peal_eio_queue *queue, const peal_eio_item *item) {
  peal_eio_entry *entry = item->key ? find_key(queue, item->key) : NULL;
  if (entry) {
    queue->bytes -= entry_cost(entry);
    entry_release(entry);
  } else {
    if (queue->count == queue->cap && grow(queue))
      return PEAL_ERR_NOMEM;
    entry = at(queue, queue->count++);
  }
  entry_set(entry, item);
  queue->bytes += entry_cost(entry);
  return PEAL_OK;
}

bool peal_eio_queue_peek(const peal_eio_queue *queue, peal_message **message,
                         size_t *part, bool *no_compress) {
  if (!queue->count)
    return false;
  const peal_eio_entry *entry = at(queue, 0);
  *message = entry->message;
  *part = entry->part;
  *no_compress = entry->no_compress;
  return true;
}

static void drop_head(peal_eio_queue *queue) {
  queue->bytes -= entry_cost(at(queue, 0));
  queue->head = (queue->head + 1) & (queue->cap - 1);
  if (--queue->count == 0)
    release_ring(queue);
}

void peal_eio_queue_pop(peal_eio_queue *queue) {
  assert(queue->count);
  peal_eio_entry *entry = at(queue, 0);
  peal_message *message = entry->message;
  if (++entry->part < peal_message_count(message))
    return;
  drop_head(queue);
  peal_message_unref(message);
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
