/* SPDX-License-Identifier: MIT */
#pragma once
/* replica: several nodes that share a Redis are one hospital. Each has a store
 * of its own, and tells the others each entry of its journal when it is stored:
 *
 *   A: store --> screens of A
 *        |
 *        +-- hospital_entry {node A, seq, previous} --Redis--> B: store --> its
 *                                                                      screens
 *
 * What gets lost on the way is found by counting: each node says now and then
 * how far it knows everybody's journal (hospital_hello), and who knows less asks
 * (hospital_want) and is sent what it lacks (hospital_have), in order, by
 * whoever has it. So the entries of a node are stored, and shown, in the same
 * order everywhere and without holes, however often lines, Redis or nodes break:
 * what one store has acknowledged, all have in the end.
 *
 * A node that comes back is behind: it says so on its health page until it has
 * caught up with the others that are there, so that a load balancer waits. */
#include "hospital.h"

typedef struct replica replica;

/* Join, if there is an URL of Redis; else app->replica stays NULL. Behind the
 * journal, before the run. False after saying why. */
bool replica_open(hospital *app);
/* NULL is a no-op in each. */
void replica_free(replica *all);
/* The run is over, and the server is still there. */
void replica_leave(replica *all);
/* On worker 0. */
void replica_start(replica *all);
void replica_stop(replica *all);
/* "up", "down", or NULL without Redis: static text. Thread: any. */
const char *replica_redis(const replica *all);
