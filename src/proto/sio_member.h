/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_member: a client's namespace on its way in and out: the question for its
 * auth, CONNECT with the session to be recovered, what the server answers, the
 * end.
 * In the flow: a part of proto/sio_client.
 *
 *   out --ask--> asking --join--> joining --joined--> opening --finish--> in
 *    ^             |                |  |                  |               |
 *    |             |                |  +--leave--> leaving|               |
 *    +-------------+----------------+---------------+-----+------- end ---+ */
#include "proto/sio_client_state.h"

/* Charged. NULL if that or memory is out; the name is one. */
peal_sio_client_nsp *peal_sio_member_new(peal_sio_client *client,
                                         peal_slice name);
/* With all that waits in it, untold. */
void peal_sio_member_free(peal_sio_client_nsp *nsp);

/* Online: begin to join; nothing if it does already. */
void peal_sio_member_ask(peal_sio_client_nsp *nsp);
/* The answer. Returns: PEAL_OK, PEAL_ERR_DEPTH; PEAL_ERR_LIMIT (it cannot be
 * joined); PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_member_join(peal_sio_client_nsp *nsp,
                                              peal_val auth);
/* The server has let it in.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PAYLOAD (no sid: a server of Socket.IO 2),
 * PEAL_ERR_TOO_LONG (the sid), PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_member_joined(peal_sio_client_nsp *nsp,
                                                peal_val data);
/* What was held has been told: what waits leaves, CONNECT is told. */
void peal_sio_member_finish(peal_sio_client_nsp *nsp);
/* The program leaves; on with DISCONNECT, if the server knows it. The
 * connection stays (`stays`) or goes as well.
 * Returns: PEAL_OK; PEAL_ERR_NOMEM: the server was not told. */
peal_err peal_sio_member_leave(peal_sio_client_nsp *nsp, bool stays);
/* The membership is over, or its beginning. DISCONNECT is told if CONNECT
 * was. */
void peal_sio_member_end(peal_sio_client_nsp *nsp, peal_client_reason reason,
                         peal_err err);
/* There is no session to be recovered. */
void peal_sio_member_forget(peal_sio_client_nsp *nsp);
/* An event has come: where to go on from after a recovery. */
void peal_sio_member_note(peal_sio_client_nsp *nsp,
                          const peal_sio_packet *packet);
/* LEAVING: the server has answered; if it is wanted again it joins anew.
 * Returns: as _leave. */
PEAL_MUST_CHECK peal_err peal_sio_member_answered(peal_sio_client_nsp *nsp,
                                                  bool joined);
