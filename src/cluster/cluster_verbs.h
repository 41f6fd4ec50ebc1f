/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_verbs: a cluster as the adapter of its server: what any worker says
 * goes to worker 0 by mail, so that what one thread says keeps its order. */
#include "cluster/cluster_impl.h"

extern const peal_adapter_verbs peal_cluster_verbs;
