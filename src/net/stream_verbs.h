/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_verbs: what a stream asks of its transport. `state` is the transport's
 * own (NULL for a plain socket). Errors are negative errno values; -EAGAIN: not
 * now. */
#include <peal/base.h>

#include "base/account.h"
#include "base/iovs.h"
#include "net/worker.h"

/* A connection without a worker: what can be handed to another. */
typedef struct peal_stream_parcel {
  const struct peal_stream_verbs *verbs; /* NULL: a plain socket */
  void *state; /* of the transport, with what it has read ahead; taken */
  int fd;      /* open, non-blocking; taken */
  uint32_t tag;
} peal_stream_parcel;

typedef struct peal_stream_verbs {
  /* It is this worker's from now on; `account` (NULL: nobody counts) is charged
   * for what it holds. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
  peal_err (*attach)(void *state, peal_worker *worker,
                     peal_account_worker *account);
  /* Bytes read, 0 at the end. */
  ptrdiff_t (*recv)(int fd, void *state, char *out, size_t cap);
  /* Is there something behind what the last recv gave that the descriptor does
   * not tell of (the end)? Then recv is called again. */
  bool (*more)(const void *state);
  /* Bytes taken, from the first piece on; what is held already goes first. */
  ptrdiff_t (*send)(int fd, void *state, const peal_iovs *iovs);
  /* Say that nothing more will be sent; 0 if the peer will hear of it, -EAGAIN:
   * when nothing is held any more, ask again. */
  int (*shutdown)(int fd, void *state);
  /* What to poll for (PEAL_POLL_...), if the stream itself waits for
   * `events`. */
  unsigned (*wants)(const void *state, unsigned events);
  /* The peer's end may have come while nobody reads: is something unread in
   * front of it? 1: yes; 0: no, that is the end. */
  int (*peek)(int fd, void *state);
  /* Bytes that were taken and have not left. */
  size_t (*held)(const void *state);
  /* It is no worker's; nothing is charged. */
  void (*detach)(void *state);
  /* It ends; detached before. */
  void (*drop)(void *state);
} peal_stream_verbs;

/* Close what a parcel has. */
void peal_stream_parcel_close(const peal_stream_parcel *parcel);
