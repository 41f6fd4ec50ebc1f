/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_sessions_impl: what the parts of a store over streams share. On worker
 * 0, but for what says otherwise.
 *
 *   cluster_sessions   a session into Redis
 *   cluster_take       one out of it
 *   cluster_missed     and what of a stream its socket has not had
 *   cluster_session    the form of it */
#include "cluster/cluster_impl.h"
#include "server/recovery_store.h"

struct peal_cluster_sessions {
  peal_recovery_store store; /* first: a server knows it by this */
  peal_cluster *cluster;
  peal_list asking; /* answers that are waited for */
  unsigned page;    /* entries of one answer; fewer where they were long */
};
