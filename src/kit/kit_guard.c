/* SPDX-License-Identifier: MIT */
/* kit_guard: the one place that every secret comes to. */
#include <stdio.h>
#include <stdlib.h>

#include <peal/kit_auth.h>

enum { WRONG_ONES = 10, PER_MS = 60000 };

struct peal_kit_guard {
  peal_web_limit *wrong;
};

peal_kit_guard *peal_kit_guard_new(void) {
  peal_kit_guard *g = calloc(1, sizeof *g);
  if (g == NULL)
    return NULL;
  g->wrong = peal_web_limit_new(
      &(peal_web_limit_opts){.count = WRONG_ONES, .per_ms = PER_MS});
  if (g->wrong != NULL)
    return g;
  peal_kit_guard_free(g);
  return NULL;
}

void peal_kit_guard_free(peal_kit_guard *g) {
  if (g == NULL)
    return;
  peal_web_limit_free(g->wrong);
  free(g);
}

peal_kit_guard_verdict peal_kit_guard_ask(
    peal_kit_guard *g, peal_slice address, peal_slice what, peal_slice secret,
    const uint8_t hash[PEAL_KIT_DIGEST_BYTES], uint64_t *retry_ms) {
  char network[PEAL_KIT_ADDRESS_BYTES], text[128];
  peal_kit_address_network(network, address);
  int len = snprintf(text, sizeof text, "%s %.*s", network, PEAL_SFMT(what));
  size_t used = len < (int)sizeof text ? (size_t)len : sizeof text - 1;
  peal_slice key = {text, used};
  uint64_t now_ms = peal_worker_now_ms(peal_worker_self());
  // taken first: many at the same time are as many guesses
  if (!peal_web_limit_take(g->wrong, key, now_ms, retry_ms))
    return PEAL_KIT_GUARD_WAIT;
  uint8_t found[PEAL_KIT_DIGEST_BYTES];
  if (!peal_kit_digest_of(found, secret) ||
      !peal_kit_digest_is_equal(found, hash))
    return PEAL_KIT_GUARD_WRONG;
  peal_web_limit_give(g->wrong, key, now_ms);
  return PEAL_KIT_GUARD_RIGHT;
}
