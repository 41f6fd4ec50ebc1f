/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_relay: of which dialect an operation is taken, so that it runs once,
 * and who tells those of the other one.
 *
 * A node of Peal says what is its own in each dialect it speaks, in Peal's if it
 * does not speak Node's: another takes it by Node's or Peal's, and by Python's
 * where it hears no other. What one relays is known as such: whoever hears both
 * has it from where it came; with streams, where it is stored, all that relay
 * take it from there.
 *
 * Of those that can relay, one does: who does keeps on; where none does, it is
 * the one with the lowest name. While it is being replaced (its silence, at
 * most) nothing is relayed: rather that than twice. Acknowledgements are not
 * relayed. */
#include "proto/cluster_state.h"

/* Who relays, anew: behind each change of who is there. */
void peal_cluster_relay_settle(peal_cluster_machine *machine);
/* It has come up, or stood still: it says HELLO, and does not relay before that
 * has come back, behind all that was said before, and been answered. */
void peal_cluster_relay_wait(peal_cluster_machine *machine);
/* Its HELLO has come back. */
void peal_cluster_relay_greeted(peal_cluster_machine *machine);
/* Is what `from` says in this dialect heard by another one, too? */
bool peal_cluster_relay_is_double(const peal_cluster_machine *machine,
                                  peal_cluster_dialect dialect,
                                  peal_slice from);
/* An operation of the channels, EMIT, JOIN, LEAVE or DISCONNECT, that is no
 * double: RUN and SEND are said. There is room for two.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_cluster_relay_take(peal_cluster_machine *machine,
                                                 peal_cluster_dialect dialect,
                                                 const peal_bus_msg *msg);
/* One of a stream, of another node's. There is room as above.
 * Returns: PEAL_OK; PEAL_ERR_EXISTS: it is a double, or has been stored twice. */
peal_err peal_cluster_relay_take_entry(peal_cluster_machine *machine,
                                       unsigned stream, const peal_bus_msg *msg,
                                       peal_slice offset);
