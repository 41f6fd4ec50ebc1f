/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_error: OpenSSL's queue of errors in words. */
#include <stddef.h>

/* "no shared cipher": the reason that came first, and nothing is left in the
 * queue. Returns `out`, of `cap` bytes, terminated. */
const char *peal_tls_error_text(char *out, size_t cap);
