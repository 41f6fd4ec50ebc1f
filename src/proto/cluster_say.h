/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_say: what a verb was lent, on its way to the owner: it is told in
 * order, before all else, and nothing of it is copied. */
#include "proto/cluster_state.h"

/* Is there room for so many? If not, the owner has not asked _next. */
bool peal_cluster_say_has_room(const peal_cluster_machine *machine,
                               unsigned count);
/* One more, for which there is room; what else it tells is filled in by the
 * caller. `msg` NULL: none. */
peal_cluster_event *peal_cluster_say_add(peal_cluster_machine *machine,
                                         peal_cluster_event_type type,
                                         peal_cluster_dialect dialect,
                                         const peal_bus_msg *msg);
/* SEND an operation, in this node's name or as what it relays. */
void peal_cluster_say_op(peal_cluster_machine *machine,
                         peal_cluster_dialect dialect, const peal_bus_msg *msg,
                         bool relayed);
bool peal_cluster_say_next(peal_cluster_machine *machine,
                           peal_cluster_event *event);
/* This node's name. */
peal_slice peal_cluster_say_name(const peal_cluster_machine *machine,
                                 peal_cluster_dialect dialect, bool relayed);
/* Is it one of this node's own? */
bool peal_cluster_say_is_own(const peal_cluster_machine *machine,
                             peal_slice name);
