/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_send: the queue of one connection, and what happens when it is full. */
#include "ws/ws_impl.h"

/* Queue a message, by a reference of its own. A volatile one that was dropped is
 * PEAL_OK. Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_QUEUE_FULL,
 * PEAL_ERR_NOMEM. */
peal_err peal_ws_send_item(peal_ws *ws, const peal_eio_item *item,
                           bool is_volatile);
/* The conflation key of a name; 0: it is empty. Thread: any. */
uint64_t peal_ws_send_key(const peal_ws_endpoint *endpoint, peal_slice name);
