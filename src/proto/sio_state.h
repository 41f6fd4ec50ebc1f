/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_state: the inside of a Socket.IO connection, and what reading (sio_input)
 * and the verbs (sio_conn) both do to it.
 * In the flow: a part of proto/sio_conn. */
#include "base/account.h"
#include "proto/role.h"
#include "proto/sio_links.h"
#include "proto/sio_types.h"

/* Its fields are its own; it stands here so that an owner can embed it. */
struct peal_sio_conn {
  const peal_sio_conn_opts *opts;
  peal_account *account;
  peal_sio_links links;
  peal_sio_held *partial; /* its attachments are coming */

  /* A server waits for the first namespace, and only behind its acceptance can
   * anything be ready. */
  union {
    uint64_t connect_at;  /* !joined: when one must have been joined */
    peal_sio_held *ready; /* joined: a ring of packets to be told */
  };

  const char *input; /* lent */
  uint64_t input_at; /* ms */
  uint32_t input_len;
  uint32_t last_serial; /* of the links */
  uint32_t held_bytes;  /* of `partial`, `ready` and what links hold */
  int16_t err;          /* sticky peal_err */
  bool err_told : 1;
  bool joined : 1; /* a client from the beginning */
  bool has_input : 1;
  bool input_binary : 1;
  bool ready_told : 1; /* the oldest of `ready` is being used by the owner */
  bool sio2 : 1;       /* Socket.IO 2 is spoken (proto/sio2) */
  bool root_up : 1;    /* its client: the server has connected "/" alone */
  bool root_owed : 1;  /* "/" is to be told: a server's client wants it by
                          itself, a client that asks for it late has it */
  bool root_gone : 1;  /* it was left, and has to be asked for */
};

/* What an idle client costs here: a budget, kept small. The namespace
 * "/" is in it. */
_Static_assert(sizeof(peal_sio_conn) <= 96, "peal_sio_conn has grown");

/* -- options, with their defaults ------------------------------------------- */

const peal_mem *peal_sio_state_mem(const peal_sio_conn *conn);
uint32_t peal_sio_state_or(uint32_t option, uint32_t usual);
uint32_t peal_sio_state_max_attachments(const peal_sio_conn *conn);
uint32_t peal_sio_state_max_namespaces(const peal_sio_conn *conn);
uint32_t peal_sio_state_max_held(const peal_sio_conn *conn);
peal_sio_links_source peal_sio_state_source(const peal_sio_conn *conn);

/* -- packets that wait -------------------------------------------------------- */

/* The ring of packets to be told; NULL: none. */
peal_sio_held *peal_sio_state_ready(const peal_sio_conn *conn);
/* Keep a packet; charged.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_state_hold(peal_sio_conn *conn,
                                             peal_sio_held **out,
                                             peal_slice text, uint32_t wanted);
/* Keep its next attachment, or the last one by reference (`lend`: it is told
 * before `data` goes); charged. Returns: the same. */
PEAL_MUST_CHECK peal_err peal_sio_state_attach(peal_sio_conn *conn,
                                               peal_sio_held *held,
                                               peal_slice data, bool lend);
void peal_sio_state_drop(peal_sio_conn *conn, peal_sio_held *held);
void peal_sio_state_drop_ring(peal_sio_conn *conn, peal_sio_held **ring);

/* -- links ---------------------------------------------------------------------- */

/* Packets that were held for it are told now, before all that comes. */
void peal_sio_state_open_link(peal_sio_conn *conn, peal_sio_links_item *item);
/* A membership is over. What waits elsewhere finds that out by its handle. */
void peal_sio_state_end_link(peal_sio_conn *conn, peal_sio_links_item *item,
                             bool we_left);
/* Client of Socket.IO 2: the message that asks for a namespace, if there has to
 * be one. Returns: the same as _control. */
PEAL_MUST_CHECK peal_err peal_sio_state_ask_sio2(peal_sio_conn *conn,
                                                 peal_slice nsp, peal_val auth,
                                                 peal_message **out);
/* The message of a CONNECT, DISCONNECT or CONNECT_ERROR.
 * Returns: PEAL_OK and *out (the caller's), PEAL_ERR_NOMEM, PEAL_ERR_DEPTH, what
 * the parser says. */
PEAL_MUST_CHECK peal_err peal_sio_state_control(const peal_sio_conn *conn,
                                                peal_sio_type type,
                                                peal_slice nsp, peal_val data,
                                                peal_message **out);
