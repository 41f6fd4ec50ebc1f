/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_python: what python-socketio's managers (message_queue) publish, from
 * 5.15.1 on: JSON objects, everything but ASCII escaped.
 *
 *   emit         OP EMIT; with a callback OP ASK: `number` is its id, `room`
 *                where it was asked, `from` the host that keeps it
 *   callback     CALLBACK: to, room, nsp, number, args
 *   enter_room   OP JOIN: op.to names the sid
 *   leave_room   OP LEAVE: op.to names the sid
 *   close_room   OP LEAVE of everybody in it: op.to names the room itself
 *   disconnect   OP DISCONNECT: op.to names the sid
 *
 * Binaries are base64 behind the data, with placeholders in it.
 * In the flow: cluster/redis -> [bus_python] -> proto/cluster_machine. */
#include "proto/bus.h"

/* Append a message. `arena` is scratch. Sticky errors as
 * peal_bus_classic_encode; PEAL_ERR_USAGE also for JOIN, LEAVE and DISCONNECT
 * of other than one name, and for callbacks with binaries: the dialect has
 * none. Exceptions are sids here: those that are rooms keep nobody away.
 * Thread: pure. */
void peal_bus_python_encode(peal_buf *out, const peal_bus_msg *msg,
                            peal_arena *arena);
/* As peal_bus_classic_decode. Messages of a host of no name (`from` is empty)
 * are taken. */
PEAL_MUST_CHECK peal_err peal_bus_python_decode(peal_bus_msg *out,
                                                peal_slice in,
                                                peal_arena *arena);
