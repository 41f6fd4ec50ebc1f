/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_hear: what a message of another node means. Nothing in it is trusted:
 * whoever may publish may say anything in anybody's name, and what that costs is
 * bounded. */
#include "proto/cluster_state.h"

/* As peal_cluster_machine_feed, in a state in which messages are taken. */
peal_err peal_cluster_hear_take(peal_cluster_machine *machine,
                                peal_cluster_dialect dialect,
                                const peal_bus_msg *msg);
/* As peal_cluster_machine_entry, likewise. */
peal_err peal_cluster_hear_take_entry(peal_cluster_machine *machine,
                                      unsigned stream, peal_slice id,
                                      const peal_bus_msg *msg);
/* A sign of life, soon. */
void peal_cluster_hear_want_alive(peal_cluster_machine *machine);
