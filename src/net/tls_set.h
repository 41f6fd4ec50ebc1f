/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_set: the certificates that were read at one time, one SSL_CTX each, and
 * which of them a client gets. It lives as long as a connection that began with
 * it: each reload makes another. */
#include <openssl/ssl.h>

#include <peal/tls.h>

#include "net/tls_tickets.h"

/* The one for clients that name none of the others' names. One reference; the
 * others go with it. NULL: `why` says what is wrong, and *err is
 * PEAL_ERR_TLS or PEAL_ERR_NOMEM. */
SSL_CTX *peal_tls_set_new(const peal_tls_opts *opts, peal_tls_tickets *tickets,
                          peal_tls_problem *why, peal_err *err);
