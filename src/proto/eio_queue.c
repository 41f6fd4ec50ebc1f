/* SPDX-License-Identifier: MIT */
#include "proto/eio_queue.h"

#include <assert.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/eio_keys.h"
#include "proto/role.h"

/* Charged for each part besides its bytes, so that empty messages are not
 * free: an entry and its share of the ring. */
#define PART_COST 32u
/* Entries in the first block. */
#define FIRST_CAP 2u
#define GROWN_CAP 8u
/* A shorter ring is searched for keys without an index. */
#define SCAN_MAX 8u

typedef struct waiting {
  peal_message *message; /* one reference; NULL: a gap */
  uint64_t key;
  uint32_t part; /* the next one to be sent */
  bool no_compress, keep;
} waiting;

struct peal_eio_ring {
  const peal_mem *mem;
  peal_account_worker *account; /* of these blocks; NULL: not counted */
  waiting *slots;               /* `first`, or a block of its own */
  peal_eio_keys *keys;          /* NULL: short, or none in use, or no memory */
  size_t bytes;
  size_t firm_bytes;  /* of those that may not be dropped */
  uint32_t head, end; /* positions: they count on, slots wrap */
  uint32_t drop_at;   /* nothing between head and here may be dropped */
  uint32_t live;      /* entries that are no gaps */
  uint32_t keyed;     /* of them, unsent ones with a key */
  uint32_t cap;       /* a power of two */
  waiting first[FIRST_CAP];
};

typedef struct peal_eio_ring eio_ring;

/* What a queue of one message costs. */
_Static_assert(sizeof(eio_ring) <= 128, "the first block has grown");

static size_t message_cost(const peal_message *message) {
  return peal_message_len(message) + peal_message_count(message) * PART_COST;
}

size_t peal_eio_queue_cost(const peal_eio_item *item) {
  return message_cost(item->message);
}

/* A group that has begun must be finished. */
static bool is_firm(const waiting *entry) {
  return entry->keep || entry->part;
}

static waiting *at(const eio_ring *ring, uint32_t pos) {
  return &ring->slots[pos & (ring->cap - 1)];
}

/* -- memory ---------------------------------------------------------------- */

/* Without an account nothing is refused. */
static bool charge(peal_account_worker *account, size_t bytes) {
  return !account || !peal_account_worker_charge(account, bytes);
}

static void discharge(peal_account_worker *account, size_t bytes) {
  if (account)
    peal_account_worker_release(account, bytes);
}

static size_t slots_bytes(const eio_ring *ring) {
  return ring->slots == ring->first ? 0 : ring->cap * sizeof *ring->slots;
}

/* -- keys ------------------------------------------------------------------ */

static inline uint64_t key_of(const peal_eio_item *item) {
  return PEAL_ROLE_HAS_KEYS ? item->key : 0;
}

static inline bool is_keyed(const waiting *entry) {
  return PEAL_ROLE_HAS_KEYS && entry->message && entry->key && !entry->part;
}

static void fill_keys(const eio_ring *ring) {
  for (uint32_t pos = ring->head; pos != ring->end; pos++)
    if (is_keyed(at(ring, pos)))
      peal_eio_keys_put(ring->keys, at(ring, pos)->key, pos);
}

/* The ring grows too long to be searched, or its index too full. Looked at
 * while it is short: there is never a long one to go through. Without memory
 * for an index keys are searched for. */
static void prepare_keys(eio_ring *ring, bool has_key) {
  if (!PEAL_ROLE_HAS_KEYS)
    return;
  uint32_t keyed = ring->keyed + has_key;
  if (ring->keys ? peal_eio_keys_fits(ring->keys, keyed)
                 : !keyed || ring->end - ring->head < SCAN_MAX)
    return;
  peal_eio_keys_free(ring->keys);
  ring->keys = peal_eio_keys_new(keyed, ring->mem, ring->account);
  if (ring->keys)
    fill_keys(ring);
}

static void add_key(eio_ring *ring, uint32_t pos) {
  ring->keyed++;
  if (PEAL_ROLE_HAS_KEYS && ring->keys)
    peal_eio_keys_put(ring->keys, at(ring, pos)->key, pos);
}

/* The entry at `pos` is dropped, or has begun to be sent. */
static inline void remove_key(eio_ring *ring, uint32_t pos) {
  if (!ring->keyed || !is_keyed(at(ring, pos)))
    return;
  ring->keyed--;
  if (ring->keys)
    peal_eio_keys_remove(ring->keys, at(ring, pos)->key);
}

/* The entry with this key of which nothing has been sent; some have a key. */
static waiting *search(const eio_ring *ring, uint64_t key) {
  uint32_t pos;
  if (ring->keys)
    return peal_eio_keys_find(ring->keys, key, &pos) ? at(ring, pos) : NULL;
  for (pos = ring->head; pos != ring->end; pos++)
    if (at(ring, pos)->key == key && is_keyed(at(ring, pos)))
      return at(ring, pos);
  return NULL;
}

static inline waiting *find(const eio_ring *ring, uint64_t key) {
  return ring && key && ring->keyed ? search(ring, key) : NULL;
}

/* -- the ring -------------------------------------------------------------- */

static eio_ring *ring_new(const peal_mem *mem, peal_account_worker *account) {
  mem = peal_mem_or_libc(mem);
  if (!charge(account, sizeof(eio_ring)))
    return NULL;
  eio_ring *made = peal_mem_alloc(mem, sizeof *made);
  if (!made) {
    discharge(account, sizeof(eio_ring));
    return NULL;
  }
  made->mem = mem;
  made->account = account;
  made->slots = made->first;
  made->keys = NULL;
  made->bytes = made->firm_bytes = 0;
  made->head = made->end = made->drop_at = 0;
  made->live = made->keyed = 0;
  made->cap = FIRST_CAP;
  return made;
}

static void ring_free(eio_ring *ring) {
  discharge(ring->account, sizeof *ring + slots_bytes(ring));
  if (ring->slots != ring->first)
    peal_mem_free(ring->mem, ring->slots);
  peal_eio_keys_free(ring->keys);
  peal_mem_free(ring->mem, ring);
}

static void close_gaps(eio_ring *ring) {
  uint32_t to = ring->head;
  for (uint32_t pos = ring->head; pos != ring->end; pos++)
    if (at(ring, pos)->message)
      *at(ring, to++) = *at(ring, pos);
  ring->end = to;
  ring->drop_at = ring->head;
  if (PEAL_ROLE_HAS_KEYS && ring->keys) { /* they have moved */
    peal_eio_keys_clear(ring->keys);
    fill_keys(ring);
  }
}

static peal_err grow(eio_ring *ring) {
  uint32_t cap = ring->cap < GROWN_CAP ? GROWN_CAP : ring->cap * 2;
  size_t bytes = cap * sizeof *ring->slots;
  if (ring->cap > UINT32_MAX / 8 || !charge(ring->account, bytes))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  waiting *slots = peal_mem_alloc(ring->mem, bytes);
  if (!slots) {
    discharge(ring->account, bytes);
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  discharge(ring->account, slots_bytes(ring));
  for (uint32_t pos = ring->head; pos != ring->end; pos++)
    slots[pos & (cap - 1)] = *at(ring, pos);
  if (ring->slots != ring->first)
    peal_mem_free(ring->mem, ring->slots);
  ring->slots = slots;
  ring->cap = cap;
  return PEAL_OK;
}

/* Room for one entry more. */
static peal_err prepare(eio_ring *ring) {
  uint32_t span = ring->end - ring->head;
  if (span < ring->cap)
    return PEAL_OK;
  if (span - ring->live <= ring->cap / 4)
    return grow(ring);
  close_gaps(ring);
  return PEAL_OK;
}

void peal_eio_queue_clear(peal_eio_queue *queue) {
  eio_ring *ring = queue->ring;
  if (!ring)
    return;
  for (uint32_t pos = ring->head; pos != ring->end; pos++)
    peal_message_unref(at(ring, pos)->message);
  ring_free(ring);
  queue->ring = NULL;
}

/* Neither end of the ring is a gap; an empty queue owns no memory. */
static inline void trim(peal_eio_queue *queue) {
  eio_ring *ring = queue->ring;
  if (!ring->live) {
    ring_free(ring);
    queue->ring = NULL;
    return;
  }
  while (!at(ring, ring->head)->message)
    ring->head++;
  while (!at(ring, ring->end - 1)->message)
    ring->end--;
  /* Positions count on: one that stays behind would be ahead one day. */
  if ((int32_t)(ring->drop_at - ring->head) < 0)
    ring->drop_at = ring->head;
  if ((int32_t)(ring->drop_at - ring->end) > 0)
    ring->drop_at = ring->end;
}

static void remove_at(peal_eio_queue *queue, uint32_t pos) {
  eio_ring *ring = queue->ring;
  waiting *gone = at(ring, pos);
  peal_message *message = gone->message;
  size_t cost = message_cost(message);
  remove_key(ring, pos);
  ring->bytes -= cost;
  if (is_firm(gone))
    ring->firm_bytes -= cost;
  ring->live--;
  gone->message = NULL;
  trim(queue);
  peal_message_unref(message);
}

/* -- what waits ------------------------------------------------------------ */

size_t peal_eio_queue_count(const peal_eio_queue *queue) {
  return queue->ring ? queue->ring->live : 0;
}

size_t peal_eio_queue_bytes(const peal_eio_queue *queue) {
  return queue->ring ? queue->ring->bytes : 0;
}

size_t peal_eio_queue_firm_bytes(const peal_eio_queue *queue) {
  return queue->ring ? queue->ring->firm_bytes : 0;
}

size_t peal_eio_queue_replaced(const peal_eio_queue *queue, uint64_t key) {
  const waiting *old = find(queue->ring, key);
  return old ? message_cost(old->message) : 0;
}

static void replace(eio_ring *ring, waiting *old, const peal_eio_item *item) {
  ring->bytes += message_cost(item->message);
  ring->bytes -= message_cost(old->message);
  peal_message *message = old->message;
  old->message = peal_message_ref(item->message);
  old->no_compress = item->no_compress;
  peal_message_unref(message);
}

static void append(eio_ring *ring, const peal_eio_item *item) {
  uint32_t pos = ring->end++;
  size_t cost = message_cost(item->message);
  *at(ring, pos) = (waiting){.message = peal_message_ref(item->message),
                             .key = key_of(item),
                             .no_compress = item->no_compress,
                             .keep = item->keep};
  ring->bytes += cost;
  if (item->keep)
    ring->firm_bytes += cost;
  ring->live++;
  if (key_of(item))
    add_key(ring, pos);
}

peal_err peal_eio_queue_add(peal_eio_queue *queue, const peal_eio_item *item,
                            const peal_mem *mem, peal_account_worker *account) {
  assert(!key_of(item) || !item->keep);
  waiting *old = find(queue->ring, key_of(item));
  if (old) {
    replace(queue->ring, old, item);
    return PEAL_OK;
  }
  eio_ring *ring = queue->ring ? queue->ring : ring_new(mem, account);
  if (!ring)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_err err = prepare(ring);
  if (!err) {
    queue->ring = ring;
    prepare_keys(ring, key_of(item) != 0);
    append(ring, item);
  }
  return err;
}

bool peal_eio_queue_walk(const peal_eio_queue *queue,
                         peal_eio_queue_cursor *cursor, peal_eio_part *out) {
  const eio_ring *ring = queue->ring;
  if (!ring)
    return false;
  uint32_t span = ring->end - ring->head;
  while (cursor->entry < span && !at(ring, ring->head + cursor->entry)->message)
    cursor->entry++;
  if (cursor->entry >= span)
    return false;
  const waiting *shown = at(ring, ring->head + cursor->entry);
  uint32_t part = cursor->part ? cursor->part : shown->part;
  *out = (peal_eio_part){shown->message, part, shown->no_compress};
  cursor->part = part + 1;
  if (cursor->part == peal_message_count(shown->message)) {
    cursor->part = 0;
    cursor->entry++;
  }
  return true;
}

void peal_eio_queue_pop(peal_eio_queue *queue) {
  eio_ring *ring = queue->ring;
  assert(ring);
  waiting *first = at(ring, ring->head);
  if (first->part + 1 == peal_message_count(first->message)) {
    remove_at(queue, ring->head);
    return;
  }
  if (!is_firm(first))
    ring->firm_bytes += message_cost(first->message);
  remove_key(ring, ring->head);
  first->part++;
}

bool peal_eio_queue_drop_oldest(peal_eio_queue *queue) {
  eio_ring *ring = queue->ring;
  if (!ring)
    return false;
  uint32_t pos = ring->drop_at;
  while (pos != ring->end &&
         (!at(ring, pos)->message || is_firm(at(ring, pos))))
    pos++;
  ring->drop_at = pos;
  if (pos == ring->end)
    return false;
  remove_at(queue, pos);
  return true;
}

/* -- its ceiling ----------------------------------------------------------- */

/* A message that takes the place of another one needs room for the difference
 * only: the newest picture is taken although the queue is full. */
bool peal_eio_queue_has_room(const peal_eio_queue *queue,
                             const peal_eio_item *item, size_t max) {
  size_t others = peal_eio_queue_bytes(queue);
  if (!others)
    return true;
  size_t cost = message_cost(item->message);
  if (others <= max && cost <= max - others)
    return true;
  others -= peal_eio_queue_replaced(queue, key_of(item));
  return !others || (others <= max && cost <= max - others);
}

peal_err peal_eio_queue_make_room(peal_eio_queue *queue,
                                  const peal_eio_item *item, size_t max) {
  size_t cost = message_cost(item->message);
  size_t firm = peal_eio_queue_firm_bytes(queue);
  if (firm && (firm > max || cost > max - firm))
    return PEAL_FAIL(PEAL_ERR_QUEUE_FULL);
  while (!peal_eio_queue_has_room(queue, item, max))
    if (!peal_eio_queue_drop_oldest(queue))
      return PEAL_FAIL(PEAL_ERR_QUEUE_FULL);
  return PEAL_OK;
}

void peal_eio_queue_check(const peal_eio_queue *queue) {
  const eio_ring *ring = queue->ring;
  if (!ring)
    return;
  size_t bytes = 0, firm = 0, live = 0, indexed = 0;
  assert((int32_t)(ring->drop_at - ring->head) >= 0 &&
         (int32_t)(ring->end - ring->drop_at) >= 0);
  for (uint32_t pos = ring->head; pos != ring->end; pos++) {
    const waiting *one = at(ring, pos);
    live += one->message != NULL;
    bytes += one->message ? message_cost(one->message) : 0;
    firm += one->message && is_firm(one) ? message_cost(one->message) : 0;
    indexed += is_keyed(one);
    assert(!one->message || one->part < peal_message_count(one->message));
    assert(pos == ring->head || !one->message || !one->part);
    assert(!is_keyed(one) || find(ring, one->key) == one);
  }
  assert(indexed == ring->keyed);
  assert(!ring->keys || peal_eio_keys_count(ring->keys) == indexed);
  assert(live == ring->live && live > 0 && bytes == ring->bytes);
  assert(firm == ring->firm_bytes);
  assert(at(ring, ring->head)->message && at(ring, ring->end - 1)->message);
  (void)indexed, (void)live, (void)bytes, (void)firm;
}
