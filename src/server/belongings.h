/* SPDX-License-Identifier: MIT */
#pragma once
/* belongings: what the application hung on a socket: values, timers, handlers,
 * a place among the references. It is charged to the client, and goes with the
 * socket; a socket on which nothing hangs owns nothing for it. */
#include "server/server_impl.h"

struct peal_belongings {
  struct peal_socket_value *values; /* socket_key */
  struct peal_socket_timer *timers; /* socket_timer */
  struct peal_socket_hook *hooks;   /* socket_hook */
  struct peal_event_own_use *uses;  /* event_use */
  struct peal_event_bucket *bucket; /* event_rate */
  struct peal_event_chain *waits;   /* event_use: an event in the middleware */
  size_t charged;                   /* bytes */
  uint32_t slot;                    /* socket_ref: its place + 1; 0: none */
  bool is_calling;                  /* some of its hooks are on the stack */
};

/* What hangs on it, or NULL. */
static inline peal_belongings *peal_belongings_of(const peal_socket *socket) {
  return socket->extra ? socket->extra->belongings : NULL;
}

/* Made if it is missing. NULL if memory is out, or its client has gone. */
PEAL_MUST_CHECK peal_belongings *peal_belongings_open(peal_socket *socket);
/* A block of this many bytes, zeroed, charged together with `also` more that
 * the caller takes elsewhere.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED (its client has gone), PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_belongings_alloc(peal_socket *socket,
                                               size_t bytes, size_t also,
                                               void **out);
/* Give one back; `bytes` with what was charged beside it. */
void peal_belongings_release(peal_socket *socket, void *block, size_t bytes);
/* Its client goes: nothing is charged any more. */
void peal_belongings_discharge(peal_socket *socket);
