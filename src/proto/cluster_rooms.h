/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_rooms: the rooms of this node: which are subscribed to, and what the
 * others are told of them (the messages: proto/cluster_presence). Changes are
 * gathered, so that a room that fills is told a few times a second and not once
 * for each who comes. */
#include "proto/cluster_state.h"

void peal_cluster_rooms_init(peal_cluster_machine *machine, uint32_t seed);
void peal_cluster_rooms_deinit(peal_cluster_machine *machine);
/* As peal_cluster_machine_room. */
PEAL_MUST_CHECK peal_err peal_cluster_rooms_set(peal_cluster_machine *machine,
                                                peal_slice nsp, peal_slice room,
                                                size_t count, bool is_private);
/* `name` wants to be told all. */
void peal_cluster_rooms_asked(peal_cluster_machine *machine, peal_slice name);
void peal_cluster_rooms_tick(peal_cluster_machine *machine);
/* The next change of a subscription. */
bool peal_cluster_rooms_next_sub(peal_cluster_machine *machine,
                                 peal_arena *arena, peal_cluster_event *event);
/* The next message about rooms: kind, to and args are set. `is_alone`: nobody
 * is there who would hear it, nothing is to be told. */
bool peal_cluster_rooms_next(peal_cluster_machine *machine, bool is_alone,
                             peal_arena *arena, peal_bus_msg *out);
bool peal_cluster_rooms_has_news(const peal_cluster_machine *machine);
bool peal_cluster_rooms_check(const peal_cluster_machine *machine);
