/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_take: a session out of Redis, once, with all that its socket has missed,
 * for a client that comes back. */
#include "cluster/cluster_impl.h"
#include "server/recovery_store.h"

/* As peal_recovery_store_verbs.take. Thread: any. */
PEAL_MUST_CHECK peal_err peal_cluster_take_begin(
    peal_cluster_sessions *sessions, const peal_nsp *nsp, peal_slice pid,
    peal_slice offset, peal_recovery_asker *asker);
/* Behind the run: those that are still waited for find nothing. On worker 0. */
void peal_cluster_take_drop(peal_cluster_sessions *sessions);
