/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_bench: the parts of peal-bench-tls. Each returns an exit code. */
#include <stdint.h>

/* An echo over WebSocket and TLS, on the public headers. */
int tls_serve(int port, const char *cert_file, const char *key_file);
/* The same bytes by OpenSSL and a bare epoll loop: no parsing beyond the frame
 * boundaries, one canned answer. */
int tls_floor(int port, const char *cert_file, const char *key_file);
/* `count` connections one after the other, up to the end of their handshake. */
int tls_load_shake(int port, int count, int resumed);
/* Join with `clients`; say so on stdout; with rounds, that many messages of each
 * (one in flight), otherwise wait for the end of stdin. */
int tls_load_join(int port, int clients, long rounds, size_t bytes);
