/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_verbs: what a stream asks of its transport, in five verbs. `state` is
 * the transport's own (NULL for a plain socket). Errors are negative errno
 * values; -EAGAIN: not now. */
#include <peal/base.h>

#include "base/iovs.h"

/* A connection without a worker: what can be handed to another. */
typedef struct peal_stream_parcel {
  const struct peal_stream_verbs *verbs; /* NULL: a plain socket */
  void *state; /* of the transport, with what it has read ahead; taken */
  int fd;      /* open, non-blocking; taken */
  uint32_t tag;
} peal_stream_parcel;

typedef struct peal_stream_verbs {
  /* Bytes read, 0 at the end. */
  ptrdiff_t (*recv)(int fd, void *state, char *out, size_t cap);
  /* Bytes taken, from the first piece on. */
  ptrdiff_t (*send)(int fd, void *state, const peal_iovs *iovs);
  /* Say that nothing more will be sent; 0 if the peer will hear of it. */
  int (*shutdown)(int fd, void *state);
  /* What to poll for, whatever the stream itself waits for (PEAL_POLL_...). */
  unsigned (*wants)(int fd, const void *state);
  /* Fill in fd and state. */
  void (*detach)(int fd, void *state, peal_stream_parcel *out);
} peal_stream_verbs;
