/* SPDX-License-Identifier: MIT */
#include "replica_bus.h"

#include <stdio.h>

#ifdef HOSPITAL_HAVE_CLUSTER

#include <peal/cluster.h>

/* It is nothing but the cluster. */
static peal_cluster *cluster_of(const replica_bus *bus) {
  return (peal_cluster *)(uintptr_t)bus;
}

replica_bus *replica_bus_open(hospital *app, const char *url) {
  return (replica_bus *)peal_cluster_new(
      app->house.server, &(peal_cluster_opts){.url = url, .python = true});
}

void replica_bus_close(replica_bus *bus) {
  peal_cluster_free(cluster_of(bus));
}

bool replica_bus_is_up(const replica_bus *bus) {
  peal_cluster_stats stats;
  peal_cluster_stats_get(cluster_of(bus), &stats);
  return stats.state == PEAL_CLUSTER_UP;
}

#else

replica_bus *replica_bus_open(hospital *app, const char *url) {
  (void)app, (void)url;
  fputs("peal-hospital: redis-url: this program was built without clusters "
        "(PEAL_CLUSTER)\n",
        stderr);
  return NULL;
}

void replica_bus_close(replica_bus *bus) {
  (void)bus;
}

bool replica_bus_is_up(const replica_bus *bus) {
  (void)bus;
  return false;
}

#endif
