/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_send: hands an outbox's events to the client and takes what comes of
 * them.
 * In the flow: client/outbox_thread -> [outbox_send] -> client. */
#include "client/outbox_impl.h"

/* On the outbox's thread. An event of `link`'s outbox, decoded.
 * Returns: as peal_client_emit_ack; on errors nothing was sent. */
PEAL_MUST_CHECK peal_err peal_outbox_send(peal_outbox_link *link,
                                          const peal_outbox_opts *opts,
                                          uint64_t seq,
                                          const peal_outbox_event *event);
/* A link with one reference. NULL: memory is out. */
PEAL_MUST_CHECK peal_outbox_link *peal_outbox_send_link(peal_outbox *outbox,
                                                        peal_client_nsp *nsp);
/* For the thread, while it sends. */
void peal_outbox_send_ref(peal_outbox_link *link);
void peal_outbox_send_unref(peal_outbox_link *link);
/* No answer comes any more; gives the reference back. */
void peal_outbox_send_unlink(peal_outbox_link *link);
