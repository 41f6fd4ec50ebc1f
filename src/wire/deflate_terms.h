/* SPDX-License-Identifier: MIT */
#pragma once
/* deflate_terms: what the two ends of a WebSocket agree on about compression:
 * values of Sec-WebSocket-Extensions, read and written (RFC7692 5, 7.1).
 *
 *   client                         server
 *     _offer   ---- an offer ---->   _accept    takes the first that it can keep
 *     _check   <--- one answer ---   _answer
 *
 * All Thread: pure. */
#include <peal/deflate.h>

#include "base/buf.h"

/* zlib has no smaller raw window; RFC7692 has 8, too. */
#define PEAL_DEFLATE_TERMS_BITS_MIN 9u
#define PEAL_DEFLATE_TERMS_BITS_MAX 15u

typedef struct peal_deflate_terms {
  bool on; /* else the rest says nothing */
  /* May a message refer to those before it? */
  bool server_takeover;
  bool client_takeover;
  /* The windows, 8 to 15. A server of ours takes none below 9 for itself; what
   * ought to be sent with one of 8 is not deflated. */
  uint8_t server_bits;
  uint8_t client_bits;
} peal_deflate_terms;

/* Are they options that can be kept: numbers in their ranges? */
bool peal_deflate_terms_is_known(const peal_deflate_opts *opts);

/* The server's side: the first offer among those of one field's value that can
 * be accepted; out->on is false if there is none.
 * Returns: PEAL_OK; PEAL_ERR_HTTP_SYNTAX: this is no list of extensions, and
 * the handshake is to be refused. Spec: RFC6455 9.1, RFC7692 5.1, 7.1. */
PEAL_MUST_CHECK peal_err peal_deflate_terms_accept(
    peal_deflate_terms *out, const peal_deflate_opts *opts, peal_slice value);
/* The field's value that says so. */
void peal_deflate_terms_answer(peal_buf *out, const peal_deflate_terms *terms);

/* The client's side: the field's value. */
void peal_deflate_terms_offer(peal_buf *out, const peal_deflate_opts *opts);
/* Does the value answer what `opts` have offered? out->on is false if it is
 * empty.
 * Returns: PEAL_OK; PEAL_ERR_ANSWER: the connection is to be failed, *text
 * says why (constant). Spec: RFC7692 5.1, 7.1. */
PEAL_MUST_CHECK peal_err peal_deflate_terms_check(peal_deflate_terms *out,
                                                  const peal_deflate_opts *opts,
                                                  peal_slice value,
                                                  const char **text);
