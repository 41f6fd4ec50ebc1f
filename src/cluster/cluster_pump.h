/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_pump: the machine's calls, under its lock, and the loop over what it
 * tells. On worker 0. */
#include "cluster/cluster_impl.h"

/* Do all that the machine says, until it has nothing more; then its deadline is
 * waited for. Nothing if it is being done already: the loop on the stack does
 * it. */
void peal_cluster_pump(peal_cluster *cluster);
/* An answer to a question of another node, copied: the machine has it when it is
 * asked next. */
void peal_cluster_pump_answer(peal_cluster *cluster,
                              peal_cluster_dialect dialect,
                              const peal_bus_msg *answer);
/* Those that wait are forgotten. */
void peal_cluster_pump_drop(peal_cluster *cluster);
