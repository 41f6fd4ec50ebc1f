/* SPDX-License-Identifier: MIT */
#include "engine/allow.h"

peal_allow *peal_allow_open(peal_ticket_pool *pool) {
  peal_allow *allow = peal_ticket_pool_open(pool);
  if (allow)
    allow->pool = pool;
  return allow;
}

peal_http_req *peal_allow_answer(peal_allow *allow) {
  peal_http_req *req = allow->req;
  if (!req)
    return NULL;
  allow->req = NULL;
  peal_ticket_pool_close(allow->pool, &allow->ticket);
  return req;
}
