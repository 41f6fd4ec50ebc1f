/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_form: packets as the messages that another parser than the default one
 * makes of them, and back; what a parser of an application says is believed as
 * little as what a peer says.
 * In the flow: values -> [sio_form] -> proto/message; proto/sio_input. */
#include <peal/parser.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proto/message.h"
#include "wire/sio_packet.h"

/* Whose memory a message is: `mem`'s, or, if it crosses, libc's and charged. */
typedef struct peal_sio_form_owner {
  const peal_mem *mem;
  peal_account_server *crossing; /* NULL: it stays on its worker */
} peal_sio_form_owner;

/* An event, or, if `event` has no ptr, an acknowledgement. `scratch` is
 * emptied first.
 * Returns: PEAL_OK and *out (the caller's); PEAL_ERR_DEPTH, PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM, the error of a value, what the parser says. */
PEAL_MUST_CHECK peal_err peal_sio_form_event(
    peal_message **out, const peal_parser *parser, peal_buf *scratch,
    peal_sio_form_owner owner, peal_slice nsp, peal_slice event, peal_args args,
    const uint64_t *id);
/* CONNECT, DISCONNECT or CONNECT_ERROR. The same. */
PEAL_MUST_CHECK peal_err peal_sio_form_control(peal_message **out,
                                               const peal_parser *parser,
                                               peal_buf *scratch,
                                               peal_sio_form_owner owner,
                                               peal_sio_type type,
                                               peal_slice nsp, peal_val data);

/* Decode a message, with the binaries behind it as soon as they are there: until
 * then packet->attachments says how many come, and the data is nobody's.
 * Returns: PEAL_OK; as peal_sio_packet_decode; PEAL_ERR_SIO_PACKET (no
 * namespace); what the parser says. */
PEAL_MUST_CHECK peal_err peal_sio_form_decode(peal_sio_packet *out,
                                              const peal_parser *parser,
                                              const peal_parser_in *in,
                                              uint32_t max_attachments,
                                              peal_arena *arena);
/* All parts of a message. */
PEAL_MUST_CHECK peal_err peal_sio_form_values(peal_sio_packet *out,
                                              const peal_parser *parser,
                                              const peal_message *message,
                                              peal_arena *arena);
