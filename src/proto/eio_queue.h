/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_queue: what one session has to send: messages by reference, in order,
 * their bytes counted; a message and its attachments leave or go as one.
 *
 *   head                          end
 *    |kept|keyed| gone |...| ... |     a ring; what is dropped from its middle
 *          ^      ^drop_at             leaves a gap, gaps are closed when the
 *          eio_keys: key -> position   ring is full
 *
 * Replacing by key, dropping the oldest that may go, adding and popping cost
 * the same whatever waits. An empty queue owns no memory; the first entries
 * lie in the block that knows of the others. */
#include <peal/base.h>

#include "base/account.h"
#include "proto/message.h"

/* One message to queue, and how. */
typedef struct peal_eio_item {
  peal_message *message; /* borrowed by _add, which takes a reference */
  uint64_t key;          /* conflation key, 0: none */
  bool no_compress;
  bool keep; /* not to be dropped for others (connects, acknowledgements) */
} peal_eio_item;

typedef struct peal_eio_queue {
  struct peal_eio_ring *ring; /* NULL: empty */
} peal_eio_queue;

/* A part of a message that waits. */
typedef struct peal_eio_part {
  peal_message *message; /* borrowed until it is popped */
  size_t part;
  bool no_compress;
} peal_eio_part;

/* Where a walk stands; {0}: at the beginning. Adding, popping and dropping end
 * a walk. */
typedef struct peal_eio_queue_cursor {
  uint32_t entry; /* behind the head */
  uint32_t part;  /* 0: none of this entry has been shown */
} peal_eio_queue_cursor;

/* Drop everything. */
void peal_eio_queue_clear(peal_eio_queue *queue);
/* Messages that wait. */
size_t peal_eio_queue_count(const peal_eio_queue *queue);
/* What they are charged with together. */
size_t peal_eio_queue_bytes(const peal_eio_queue *queue);
/* Of them, what _drop_oldest would leave. */
size_t peal_eio_queue_firm_bytes(const peal_eio_queue *queue);
/* What one is charged with: its bytes, and something for each of its parts. */
size_t peal_eio_queue_cost(const peal_eio_item *item);
/* The cost of the unsent message that _add with this key would replace; 0 if
 * there is none, or the key is 0. */
size_t peal_eio_queue_replaced(const peal_eio_queue *queue, uint64_t key);
/* Has it room below `max` bytes? Into an empty queue any message fits, and one
 * that takes the place of another needs room for the difference only. */
bool peal_eio_queue_has_room(const peal_eio_queue *queue,
                             const peal_eio_item *item, size_t max);
/* Drop the oldest that may go until it has. Returns: PEAL_OK;
 * PEAL_ERR_QUEUE_FULL: what may not go is too much. */
PEAL_MUST_CHECK peal_err peal_eio_queue_make_room(peal_eio_queue *queue,
                                                  const peal_eio_item *item,
                                                  size_t max);
/* Append (one more reference is held), or replace the unsent message with the
 * same key in its place. `mem` and `account` (NULL: not counted), which the
 * entries' own memory is charged to, are borrowed until the queue is empty.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_eio_queue_add(peal_eio_queue *queue,
                                            const peal_eio_item *item,
                                            const peal_mem *mem,
                                            peal_account_worker *account);
/* The next part of the walk; false at the end. */
bool peal_eio_queue_walk(const peal_eio_queue *queue,
                         peal_eio_queue_cursor *cursor, peal_eio_part *out);
/* Drop the first part, that which a walk shows first. */
void peal_eio_queue_pop(peal_eio_queue *queue);
/* Drop the oldest message that may go: nothing of it has been sent, and it is
 * not to be kept. False if there is none. */
bool peal_eio_queue_drop_oldest(peal_eio_queue *queue);
/* Asserts what always holds. */
void peal_eio_queue_check(const peal_eio_queue *queue);
