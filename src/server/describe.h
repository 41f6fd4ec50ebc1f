/* SPDX-License-Identifier: MIT */
#pragma once
/* describe: what can be told of sockets and rooms to those who are elsewhere:
 * values in a document that may travel. */
#include "server/server_impl.h"

/* {id, handshake, rooms, data}, in memory of the turn. On its worker. */
peal_val peal_describe_socket(peal_socket *socket);
/* An array with an object for each: {id, handshake, rooms, data}. NULL if memory
 * is out. On their worker. */
PEAL_MUST_CHECK peal_doc *peal_describe_sockets(peal_socket *const *sockets,
                                                size_t count);
/* An array of the names of the rooms on this worker, those of ids too; `local`
 * NULL: an empty one. */
PEAL_MUST_CHECK peal_doc *peal_describe_rooms(const peal_nsp_local *local);
/* An array of their names and, behind each, how many of this worker are in it;
 * without those of ids. */
PEAL_MUST_CHECK peal_doc *peal_describe_seats(const peal_nsp_local *local);
