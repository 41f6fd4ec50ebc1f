/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_act: does what the machine says: one event, on worker 0. */
#include "cluster/cluster_impl.h"

void peal_cluster_act(peal_cluster *cluster, const peal_cluster_event *event);
