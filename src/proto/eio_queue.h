/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_queue: what one session has to send: messages by reference, in order,
 * with a ceiling in bytes, replacement by key, and groups (a packet and its
 * attachments) that are sent or dropped as one. An empty queue owns no
 * memory. */
#include <peal/base.h>

#include "base/bytes.h"

/* A text message followed by its binary attachments; shared. */
typedef struct peal_eio_group peal_eio_group;

/* Copies the references in `parts` (each is taken); parts[0] is the text.
 * `mem` NULL: libc; a group from a worker's allocator must not leave it.
 * Returns NULL if memory is out (the parts are not taken). */
PEAL_MUST_CHECK peal_eio_group *peal_eio_group_new(peal_bytes *const *parts,
                                                   size_t count,
                                                   const peal_mem *mem);
peal_eio_group *peal_eio_group_ref(peal_eio_group *group);
void peal_eio_group_unref(peal_eio_group *group);
size_t peal_eio_group_count(const peal_eio_group *group);
/* Borrowed. */
peal_bytes *peal_eio_group_part(const peal_eio_group *group, size_t index);

/* One message to send: text alone, binary alone, or a group. */
typedef struct peal_eio_message {
  peal_bytes *bytes;     /* if group is NULL; borrowed by _add */
  peal_eio_group *group; /* borrowed by _add */
  uint64_t key;          /* conflation key, 0: none */
  bool binary;           /* of bytes */
  bool no_compress;
  bool keep; /* not to be dropped for others (connects, acknowledgements) */
} peal_eio_message;

typedef struct peal_eio_entry {
  void *item; /* peal_bytes or peal_eio_group, one reference */
  uint64_t key;
  uint32_t part; /* next part of a group */
  bool is_group, binary, no_compress, keep;
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
size_t peal_eio_queue_cost(const peal_eio_message *message);
/* The cost of the unsent entry that _add with this key would replace; 0 if
 * there is none, or the key is 0. */
size_t peal_eio_queue_replaced(const peal_eio_queue *queue, uint64_t key);
/* Append (one more reference is held), or replace the unsent entry with the same
 * key in its place. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_eio_queue_add(peal_eio_queue *queue,
                                            const peal_eio_message *message);
/* The next single message (borrowed); false if empty. */
bool peal_eio_queue_peek(const peal_eio_queue *queue, peal_bytes **bytes,
                         bool *binary, bool *no_compress);
/* Drop what _peek showed; the reference goes to the caller if `out` is not
 * NULL. */
void peal_eio_queue_pop(peal_eio_queue *queue, peal_bytes **out);
/* Drop the oldest entry that may go: nothing of it has been sent, and it is
 * not to be kept. False if there is none. */
bool peal_eio_queue_drop_oldest(peal_eio_queue *queue);
