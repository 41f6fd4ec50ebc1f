/* SPDX-License-Identifier: MIT */
#pragma once
/* cookie_jar: the cookies that one server has set, for the requests to it that
 * follow (RFC6265 5.2 to 5.4, for one host: proxies choose a server by them).
 * Bounded in number and bytes: a server that sets more loses its oldest.
 * In the flow: answers' Set-Cookie -> [cookie_jar] -> requests' Cookie. */
#include <peal/base.h>

#include "base/buf.h"

/* Name, value and path of one cookie together, and cookies of one server: the
 * least that RFC6265 6.1 asks of an agent. */
#define PEAL_COOKIE_JAR_BYTES 4096u
#define PEAL_COOKIE_JAR_COUNT 50u
/* All of them together: a Cookie field that every server and proxy takes. Theirs
 * are 8 KiB for a line (nginx, Apache) and 16 KiB for a head (Node): beyond that
 * a server that has set too much would be answering 431 for ever. */
#define PEAL_COOKIE_JAR_ALL_BYTES 6144u

typedef struct peal_cookie_jar_item peal_cookie_jar_item;

/* Its fields are its own. */
typedef struct peal_cookie_jar {
  const peal_mem *mem;         /* borrowed */
  peal_cookie_jar_item *first; /* the oldest */
  size_t count;
  size_t bytes; /* of names, values and paths */
} peal_cookie_jar;

/* `mem` NULL: libc. Cannot fail. */
void peal_cookie_jar_init(peal_cookie_jar *jar, const peal_mem *mem);
void peal_cookie_jar_deinit(peal_cookie_jar *jar);
/* A Set-Cookie field of an answer to a request for `path`. `secure`: it came
 * over TLS. `wall_ms`: milliseconds since 1970, for Expires; `now_ms`:
 * monotonic, by which it ends. One that is malformed or too long is left out,
 * as RFC6265 5.2 has it.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (it is not kept). */
PEAL_MUST_CHECK peal_err peal_cookie_jar_set(peal_cookie_jar *jar,
                                             peal_slice field, peal_slice path,
                                             bool secure, int64_t wall_ms,
                                             uint64_t now_ms);
/* Append "a=1; b=2", what goes with a request for `path`; longer paths first,
 * then older ones (RFC6265 5.4). Nothing is appended if there is none. */
void peal_cookie_jar_get(const peal_cookie_jar *jar, peal_buf *out,
                         peal_slice path, bool secure, uint64_t now_ms);
size_t peal_cookie_jar_count(const peal_cookie_jar *jar);
