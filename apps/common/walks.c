/* SPDX-License-Identifier: MIT */
#include "walks.h"

bool walks_begin(walks *all, peal_http_req *req) {
  if (atomic_fetch_add(&all->count, 1) < all->max)
    return true;
  walks_end(all);
  (void)peal_http_answer_header(req, "Retry-After", PEAL_S("1"));
  peal_web_error(req, 503, "too many long answers at once, try again", NULL);
  return false;
}

void walks_end(walks *all) {
  atomic_fetch_sub(&all->count, 1);
}
