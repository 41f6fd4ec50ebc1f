/* SPDX-License-Identifier: MIT */
#pragma once
/* deflate_verbs: what deflates and inflates messages (RFC7692 7.2), given to
 * machines that must not know a library for it (net/deflater has one).
 *
 *   begin(window) ; inflate(in, out) until all is used ; is_whole
 *
 * One message at a time, and nothing is remembered from one to the next: what a
 * message may refer to is lent to it as `window`. Deflating with takeover has a
 * context instead. */
#include <peal/base.h>

typedef struct peal_deflate_verbs {
  void *user;
  /* Messages below and above go as they are. */
  size_t threshold_bytes, max_bytes;

  /* A new message, in place of any that was begun. Returns: PEAL_OK,
   * PEAL_ERR_NOMEM. */
  peal_err (*begin)(void *user, peal_slice window);
  /* Inflate from *in to *out, where *room bytes are; all three are moved on.
   * All that could be said has been if room is left.
   * Returns: PEAL_OK, PEAL_ERR_WS_DEFLATE, PEAL_ERR_NOMEM. */
  peal_err (*inflate)(void *user, peal_slice *in, char **out, size_t *room);
  /* Does what was inflated end where a message may? */
  bool (*is_whole)(const void *user);

  /* Deflate `prefix` (0: none) and `data` as one message into `room` bytes, for
   * a window of so many bits; `context` NULL: one that refers to none before.
   * Returns its length; 0: no memory, or it becomes no shorter: then it goes as
   * it is, and the context begins anew. */
  size_t (*deflate)(void *user, void *context, unsigned bits, char prefix,
                    peal_slice data, char *out, size_t room);
  /* The memory of a context, to be charged before it is made. */
  size_t (*context_bytes)(const void *user, unsigned bits);
  void *(*context_new)(void *user, unsigned bits);
  void (*context_free)(void *user, void *context);
} peal_deflate_verbs;

/* Behind the bytes that are sent, deflating needs room for four more. */
#define PEAL_DEFLATE_VERBS_TAIL 4u
