/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_login: what is said at the beginning of a connection, and what is
 * thought of the answers.
 *
 *   AUTH  INFO server  [ROLE]  [SELECT db]  CLIENT SETNAME */
#include "cluster/redis_ask.h"
#include "cluster/redis_how.h"

typedef struct peal_redis_login {
  unsigned step;
  unsigned version; /* 70015 for 7.0.15; 0: not known */
} peal_redis_login;

/* The next command, to be sent behind the last; *out is NULL when there is no
 * more. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_redis_login_next(peal_redis_login *login,
                                               const peal_redis_how *how,
                                               const peal_mem *mem,
                                               peal_redis_ask **out);
/* The answer to one of them. Returns: PEAL_OK; PEAL_ERR_REFUSED: the server does
 * not want us, or we not it; PEAL_ERR_CLOSED: later, perhaps. Then `out` says
 * why. */
PEAL_MUST_CHECK peal_err peal_redis_login_heard(peal_redis_login *login,
                                                const peal_redis_how *how,
                                                const peal_redis_ask *ask,
                                                const peal_redis_reply *reply,
                                                char *out, size_t cap);
