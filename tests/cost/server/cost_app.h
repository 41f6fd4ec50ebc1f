/* SPDX-License-Identifier: MIT */
#pragma once
/* cost_app: what the clients of the cost suite meet: a relay application with
 * the usual events, a namespace "/near" for the honest neighbour, one whose
 * middleware never answers by itself, "/slow", and one that refuses,
 * "/refused". */
#include <peal/peal.h>

/* Before the run. Returns false if memory is out. */
bool cost_app_open(peal_server *server);
/* Let the middleware of "/slow" go on for all that wait in it. */
void cost_app_release(void);
/* Emit `count` events of `bytes` bytes to everyone in "/"; `key` (may be NULL)
 * conflates them. Returns how many were taken. */
size_t cost_app_broadcast(peal_server *server, size_t count, size_t bytes,
                          const char *key);
/* Microseconds of this thread's CPU for one conflated emit to everyone, the
 * mean of `count`. */
double cost_app_conflate_us(peal_server *server, size_t count);
