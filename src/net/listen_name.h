/* SPDX-License-Identifier: MIT */
#pragma once
/* listen_name: the place of a listening socket as text, for the log. */
#include "net/address.h"

/* Bytes of the text, its terminator included: a Unix path (108), or two
 * addresses. */
#define PEAL_LISTEN_NAME_MAX 192

/* "http://192.0.2.7:3000", "http://[2001:db8::1]:3000", terminated. Returns its
 * length. */
size_t peal_listen_name_url(const peal_address *address, const char *scheme,
                            char out[PEAL_LISTEN_NAME_MAX]);
/* Where a TCP socket is bound; *both: at all addresses of both families. False
 * if it is none. */
bool peal_listen_name_address(int fd, peal_address *out, bool *both);
/* With the scheme "http": "http://127.0.0.1:3000", "http://[::1]:3000",
 * "http://[::]:3000 and http://0.0.0.0:3000" (one socket for both families),
 * "unix:/run/it.sock", "unix:@it" (a name without a file); "" if the kernel
 * does not say. */
void peal_listen_name_of(int fd, const char *scheme,
                         char out[PEAL_LISTEN_NAME_MAX]);
