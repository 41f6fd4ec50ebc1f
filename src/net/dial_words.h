/* SPDX-License-Identifier: MIT */
#pragma once
/* dial_words: why there is no connection, in words that say what to look at. */
#include <stddef.h>
#include <stdint.h>

/* "a.test:80", "[::1]:80", "unix:/run/a.sock" (port 0). Writes `cap` bytes at
 * most, terminated; so do the others. */
void peal_dial_words_place(char *out, size_t cap, const char *host,
                           uint16_t port);
/* `status`: EAI_..., of a lookup. */
void peal_dial_words_lookup(char *out, size_t cap, const char *host,
                            int status);
/* An errno, of connecting. */
void peal_dial_words_connect(char *out, size_t cap, const char *place,
                             int error);
