/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_peer: the certificate of the other end, for those who decide by it. */
#include <openssl/ssl.h>

#include <peal/tls.h>

/* False, *out unchanged: it has shown none, or memory is out. */
bool peal_tls_peer_of(const SSL *ssl, peal_tls_peer *out);
