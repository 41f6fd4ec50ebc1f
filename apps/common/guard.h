/* SPDX-License-Identifier: MIT */
#pragma once
/* guard: the one place that every secret comes to, whatever the way: the login
 * form, a bearer header, the handshake of a socket, the key of a device. An
 * address that was wrong too often waits, also with what is right: else the
 * waiting would tell a guess that is. */
#include <peal/web.h>

#include "digest.h"

typedef struct guard guard;

typedef enum guard_verdict {
  GUARD_RIGHT,
  GUARD_WRONG,
  GUARD_WAIT, /* not looked at: too many were wrong */
} guard_verdict;

/* NULL: out of memory. */
guard *guard_new(void);
void guard_free(guard *g);

/* Is `secret` that of `hash`? Ten wrong ones a minute are looked at, for each
 * address (IPv6: its /64) and `what` they are for. *retry_ms (may be NULL) is
 * set with GUARD_WAIT. On a worker. */
PEAL_MUST_CHECK guard_verdict guard_ask(guard *g, peal_slice address,
                                        peal_slice what, peal_slice secret,
                                        const uint8_t hash[DIGEST_BYTES],
                                        uint64_t *retry_ms);
