/* SPDX-License-Identifier: MIT */
#pragma once
/* replica_bus: this node's place in the cluster, where there are clusters. */
#include "hospital.h"

typedef struct replica_bus replica_bus;

/* Before the run; NULL after saying why. Emitters of Python are heard beside
 * those of Node and of Peal. */
replica_bus *replica_bus_open(hospital *app, const char *url);
/* The run is over, and the server is still there. NULL is a no-op. */
void replica_bus_close(replica_bus *bus);
/* Is Redis heard? Thread: any. */
bool replica_bus_is_up(const replica_bus *bus);
