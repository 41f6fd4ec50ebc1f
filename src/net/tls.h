/* SPDX-License-Identifier: MIT */
#pragma once
/* tls: the inside of peal_tls: what is in use now. */
#include <openssl/ssl.h>

#include <peal/tls.h>

/* A server's end of a connection that begins now. NULL: memory is out.
 * Thread: any. */
SSL *peal_tls_begin(peal_tls *tls);
