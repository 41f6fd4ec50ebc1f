/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_places: how far the streams have been read. Each entry is taken once:
 * reading goes on behind the last one, through outages. */
#include "proto/cluster_state.h"

/* "ms-n". False: it is none. */
bool peal_cluster_places_parse(peal_cluster_place *out, peal_slice id);
/* Below 0, 0, above 0. */
int peal_cluster_places_compare(peal_cluster_place a, peal_cluster_place b);
/* The stream of a namespace: redis-streams-adapter's, hashCode(nsp) % count,
 * where that is not negative: such a one nobody would read. */
unsigned peal_cluster_places_stream(const peal_cluster_machine *machine,
                                    peal_slice nsp);
/* Has it been read that far? */
bool peal_cluster_places_has_passed(const peal_cluster_machine *machine,
                                    unsigned stream, peal_cluster_place place);
/* An entry of this id is next. Returns: PEAL_OK, PEAL_ERR_USAGE (no such stream,
 * no id), PEAL_ERR_EXISTS: it has been read. */
PEAL_MUST_CHECK peal_err peal_cluster_places_pass(peal_cluster_machine *machine,
                                                  unsigned stream,
                                                  peal_slice id);
void peal_cluster_places_up(peal_cluster_machine *machine);
/* Returns whether all have been read up to now. */
bool peal_cluster_places_current(peal_cluster_machine *machine, unsigned stream,
                                 peal_slice id);
/* As peal_cluster_machine_trimmed. Returns whether something is lost. */
bool peal_cluster_places_trimmed(peal_cluster_machine *machine, unsigned stream,
                                 peal_slice id);
/* READ, or IS_LOST. */
bool peal_cluster_places_next(peal_cluster_machine *machine,
                              peal_cluster_event *event);
