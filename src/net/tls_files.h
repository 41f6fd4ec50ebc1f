/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_files: what both roles have in common: certificates and keys out of
 * files, and the rules that are nobody's choice. */
#include <openssl/ssl.h>

#include <peal/tls.h>

/* Forward secrecy and authenticated encryption; RFC9325 4.2. */
#define PEAL_TLS_FILES_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"

/* TLS 1.2 (or only 1.3) and up, no renegotiation, no compression, buffers given
 * back, chains of at most PEAL_LIMIT_TLS_CERTS. `ciphers` of TLS 1.2; NULL:
 * those above. Returns false if there are no such ciphers. */
bool peal_tls_files_rules(SSL_CTX *ctx, bool tls13_only, const char *ciphers,
                          peal_tls_problem *why);
/* The certificate with what is behind it, and its key; key_file NULL: in
 * cert_file, too. */
bool peal_tls_files_use(SSL_CTX *ctx, const char *cert_file,
                        const char *key_file, peal_tls_problem *why);
/* "WHAT FILE: the reason that OpenSSL has". Returns false. */
bool peal_tls_files_wrong(peal_tls_problem *why, const char *what,
                          const char *file);
