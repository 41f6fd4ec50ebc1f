/* SPDX-License-Identifier: MIT */
/* kit_walks: how many long walks through the store are under way. */
#include <peal/kit_history.h>

bool peal_kit_walks_begin(peal_kit_walks *all, peal_http_req *req) {
  if (__atomic_fetch_add(&all->count, 1, __ATOMIC_SEQ_CST) < all->max)
    return true;
  peal_kit_walks_end(all);
  (void)peal_http_answer_header(req, "Retry-After", PEAL_S("1"));
  peal_web_error(req, 503, "too many long answers at once, try again", NULL);
  return false;
}

void peal_kit_walks_end(peal_kit_walks *all) {
  __atomic_fetch_sub(&all->count, 1, __ATOMIC_SEQ_CST);
}
