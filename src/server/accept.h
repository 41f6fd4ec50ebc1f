/* SPDX-License-Identifier: MIT */
#pragma once
/* accept: the middleware has let a socket pass: the connect handlers run, then
 * it is a member and its client told, or it is refused. */
#include "server/next.h"

void peal_accept_run(peal_next *next);
/* CONNECT_ERROR with `data`; socket and `next` end with the turn. */
void peal_accept_refuse(peal_next *next, peal_val data);
/* {"message":…,"data":…} without data if it is undefined; lies in `pairs`. */
peal_val peal_accept_refusal(const char *message, peal_val data,
                             peal_pair pairs[2]);
