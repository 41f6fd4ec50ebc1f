/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>

#include "address.h"

enum { WRONG_ONES = 10, PER_MS = 60000 };

struct guard {
  peal_web_limit *wrong;
};

guard *guard_new(void) {
  guard *g = calloc(1, sizeof *g);
  if (g == NULL)
    return NULL;
  g->wrong = peal_web_limit_new(
      &(peal_web_limit_opts){.count = WRONG_ONES, .per_ms = PER_MS});
  if (g->wrong != NULL)
    return g;
  guard_free(g);
  return NULL;
}

void guard_free(guard *g) {
  if (g == NULL)
    return;
  peal_web_limit_free(g->wrong);
  free(g);
}

guard_verdict guard_ask(guard *g, peal_slice address, peal_slice what,
                        peal_slice secret, const uint8_t hash[DIGEST_BYTES],
                        uint64_t *retry_ms) {
  char network[ADDRESS_BYTES], text[128];
  address_network(network, address);
  int len = snprintf(text, sizeof text, "%s %.*s", network, PEAL_SFMT(what));
  size_t used = len < (int)sizeof text ? (size_t)len : sizeof text - 1;
  peal_slice key = {text, used};
  uint64_t now_ms = peal_worker_now_ms(peal_worker_self());
  // taken first: many at the same time are as many guesses
  if (!peal_web_limit_take(g->wrong, key, now_ms, retry_ms))
    return GUARD_WAIT;
  uint8_t found[DIGEST_BYTES];
  if (!digest_of(found, secret) || !digest_is_equal(found, hash))
    return GUARD_WRONG;
  peal_web_limit_give(g->wrong, key, now_ms);
  return GUARD_RIGHT;
}
