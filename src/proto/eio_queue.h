/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_queue: what one session has to send: messages by reference, in order,
 * with a ceiling in bytes and replacement by key; a packet and its attachments
 * are sent or dropped as one. An empty queue owns no
 * memory. */
#include <peal/base.h>

#include "proto/message.h"

/* One message to queue, and how. */
typedef struct peal_eio_item {
  peal_message *message; /* borrowed by _add, which takes a reference */
  uint64_t key;          /* conflation key, 0: none */
  bool no_compress;
  bool keep; /* not to be dropped for others (connects, acknowledgements) */
} peal_eio_item;

typedef struct peal_eio_entry {
  peal_message *message; /* one reference */
  uint64_t key;
  uint32_t part; /* the next one to be sent */
  bool no_compress, keep;
} peal_eio_entry;

typedef struct peal_eio_queue {
  peal_eio_entry *ring;
  const peal_mem *mem;
  size_t bytes; /* of all entries, bookkeeping included */
  uint32_t head, count, cap;
} peal_eio_queue;

void peal_eio_queue_init(peal_eio_queue *queue, const peal_mem *mem);
void peal_eio_queue_clear(peal_eio_queue *queue);
/* What an entry is charged with. */
size_t peal_eio_queue_cost(const peal_eio_item *item);
/* The cost of the unsent entry that _add with this key would replace; 0 if
 * there is none, or the key is 0. */
size_t peal_eio_queue_replaced(const peal_eio_queue *queue, uint64_t key);
/* Append (one more reference is held), or replace the unsent entry with the same
 * key in its place. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_eio_queue_add(peal_eio_queue *queue,
                                            const peal_eio_item *item);
/* The next part of a message (borrowed); false if empty. */
bool peal_eio_queue_peek(const peal_eio_queue *queue, peal_message **message,
                         size_t *part, bool *no_compress);
/* Drop what _peek showed. */
void peal_eio_queue_pop(peal_eio_queue *queue);
/* Drop the oldest entry that may go: nothing of it has been sent, and it is
 * not to be kept. False if there is none. */
bool peal_eio_queue_drop_oldest(peal_eio_queue *queue);
