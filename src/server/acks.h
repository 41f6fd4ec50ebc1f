/* SPDX-License-Identifier: MIT */
#pragma once
/* acks: acknowledgements that a socket owes us. Each is told exactly once: it
 * leaves the list before its function is called. */
#include "server/server_impl.h"

struct peal_pending_ack {
  peal_pending_ack *next;
  uint64_t id;
  uint64_t deadline; /* UINT64_MAX: the disconnect ends it */
  peal_ack_fn fn;
  void *user;
};

/* Remember; the id was sent. Returns: PEAL_OK, PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_acks_add(peal_socket *socket, uint64_t id,
                                       uint32_t timeout_ms, peal_ack_fn fn,
                                       void *user);
/* Forget it without calling it (its event could not be sent). */
void peal_acks_forget(peal_socket *socket, uint64_t id);
/* An acknowledgement has come; unknown ids are ignored. */
void peal_acks_resolve(peal_socket *socket, const peal_sio_packet *packet);
/* End those whose time is over. */
void peal_acks_expire(peal_socket *socket, uint64_t now_ms);
/* End all with PEAL_ERR_CLOSED. */
void peal_acks_close(peal_socket *socket);
/* UINT64_MAX: none. */
uint64_t peal_acks_deadline(const peal_socket *socket);
