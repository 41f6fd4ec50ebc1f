/* SPDX-License-Identifier: MIT */
#pragma once
/* owner: a person's devices: make one with its key, list them, revoke a key; on
 * the pages and on the command line. */
#include "care.h"

/* Behind the hook of people; `user` is the care. */
void owner_on_list(peal_http_req *req, void *user);
void owner_on_add(peal_http_req *req, peal_val body, void *user);
void owner_on_revoke(peal_http_req *req, void *user);

/* Does the command line want keys managed in place of a run? Then do it and
 * return true; *exit_code is that of the program. */
bool owner_manage(care *app, int *exit_code);
/* `count` simulated devices of this person, all with the same new key, which is
 * written to `key`: it is good until the next run makes another. Blocks: before
 * the run. */
PEAL_MUST_CHECK bool owner_simulated(care *app, int64_t user_id, unsigned count,
                                     char *key);
