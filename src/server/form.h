/* SPDX-License-Identifier: MIT */
#pragma once
/* form: the message of an event in an operation: as the server's parser makes it,
 * so that clients get it as it is; on a bus, to and from other nodes, it is what
 * the default parser makes, whatever the parsers of the nodes are.
 * In the flow: server/packet -> op_round -> [form] -> adapter. */
#include "base/arena.h"
#include "server/server_impl.h"

/* What an offset of recovery looks like before it has its number: 8 bytes. */
#define PEAL_FORM_PLACE "AAAAAAAA"

/* Event and arguments as values: packet->data. Returns: as peal_op_values. */
PEAL_MUST_CHECK peal_err peal_form_values(peal_sio_packet *packet,
                                          const peal_server *server,
                                          peal_message *message,
                                          peal_arena *arena);
/* An operation's message for the bus, or from it; a reference of the caller's,
 * which may cross. NULL: memory is out, or it is no event. Thread: any. */
PEAL_MUST_CHECK peal_message *peal_form_for_bus(const peal_server *server,
                                                peal_slice nsp,
                                                peal_message *message);
PEAL_MUST_CHECK peal_message *peal_form_from_bus(const peal_server *server,
                                                 peal_slice nsp,
                                                 peal_message *message);

/* A copy of an event with `last` as one argument more, which may cross. NULL:
 * memory is out, or it is no event. Thread: any. */
PEAL_MUST_CHECK peal_message *peal_form_stamp(const peal_server *server,
                                              peal_slice nsp,
                                              peal_message *message,
                                              peal_slice last);
/* Where the 8 bytes of an event's last argument stand in its first part.
 * SIZE_MAX: an application's parser has hidden them, or they are not
 * PEAL_FORM_PLACE any more. */
size_t peal_form_place(const peal_server *server, peal_slice nsp,
                       const peal_message *message);
/* The last argument, if it is a string; otherwise empty. In the arena, or the
 * message. */
peal_slice peal_form_last(const peal_server *server, peal_message *message,
                          peal_arena *arena);
