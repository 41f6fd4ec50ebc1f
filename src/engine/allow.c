/* SPDX-License-Identifier: MIT */
#include "engine/allow.h"

peal_allow *peal_allow_open(peal_engine_local *local) {
  peal_allow *allow = peal_ticket_pool_open(&local->allows);
  if (allow)
    allow->local = local;
  return allow;
}

peal_http_req *peal_allow_answer(peal_allow *allow) {
  peal_http_req *req = allow->req;
  if (!req)
    return NULL;
  allow->req = NULL;
  peal_ticket_pool_close(&allow->local->allows, &allow->ticket);
  return req;
}
