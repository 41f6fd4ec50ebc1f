/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_words: why a client does not believe a certificate, or got no TLS at all,
 * in words that say what to do. */
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

/* The certificate that `check` stands at is refused; `host` is whom it should be
 * for. Writes `cap` bytes at most, terminated. */
void peal_tls_words_cert(char *out, size_t cap, const char *host,
                         X509_STORE_CTX *check);
/* A handshake with `host` has failed with this error of OpenSSL's. */
void peal_tls_words_error(char *out, size_t cap, const char *host,
                          unsigned long code);
