/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_use: functions of the program's that every request passes before the
 * engine looks at it (reference: engine.use). */
#include <peal/engine_use.h>

#include "base/ticket_pool.h"
#include "engine/engine_types.h"

struct peal_incoming;

/* Before the run. Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_use_add(peal_engine *engine,
                                             peal_engine_use_fn fn, void *user);

/* Call `then` when all let it pass, at once or later; or the request is
 * answered. */
void peal_engine_use_run(const struct peal_incoming *incoming,
                         void (*then)(const struct peal_incoming *incoming));

/* What is handed out. */
struct peal_engine_next {
  peal_ticket ticket;
  peal_http_req *req; /* NULL: answered */
  peal_engine *engine;
  const struct peal_engine_hook *hook; /* that was called */
  void (*then)(const struct peal_incoming *incoming);
  int *said; /* the call is on the stack: to be told there */
  bool is_upgrade;
};
