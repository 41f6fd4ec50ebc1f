/* SPDX-License-Identifier: MIT */
#pragma once
/* node_query: what another node asks of this one: its own sockets, on all workers.
 *
 *   adapter -> [node_query] -> op_round, server_event -> adapter's verb `answer` */
#include "server/adapter.h"

/* Answer question `number` (ASK, FETCH, IDS, ROOMS, COUNT, CALL; borrowed) by the
 * adapter: ASK once with ASKED and with ACKED for each client that answers, CALL
 * with RETURN if a handler does, the others once. On worker 0.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (no such namespace here, no question),
 * PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM: no answer will come. */
PEAL_MUST_CHECK peal_err peal_node_query_run(peal_server *server,
                                             const peal_bus_msg *question,
                                             uint64_t number);
