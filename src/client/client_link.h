/* SPDX-License-Identifier: MIT */
#pragma once
/* client_link: the connections of a client, one after the other: the one that
 * its machine knows of, and those that are closing behind it. */
#include "client/client_impl.h"

/* Begin to connect; `user` of the callbacks is the peal_client_link.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_client_link_open(
    peal_client *client, const peal_client_engine_callbacks *callbacks);
/* The machine has hung up: what was sent leaves first, and behind it the
 * connection ends. What waits on all that are closing has the ceiling of one:
 * above it the oldest of them end at once. */
void peal_client_link_hang_up(peal_client *client);
/* Gone; at once, if it is not. */
void peal_client_link_free(peal_client_link *link);
void peal_client_link_free_all(peal_client *client);
/* Bytes that may wait on a connection, and do they? Who adds something asks
 * before: one that is too large is taken if nothing waits. */
size_t peal_client_link_max_queue(const peal_client *client);
bool peal_client_link_is_full(const peal_client *client);
/* For any thread. */
void peal_client_link_note_transport(peal_client *client);
