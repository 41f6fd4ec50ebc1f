/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_opts: the options of a server on these sessions, whichever it is:
 * checked and kept once, and the HTTP server that they ask for. */
#include <peal/engine.h>

#include "base/arena.h"
#include "net/logger.h"

/* What is contradictory in them, in words; NULL: nothing. */
const char *peal_engine_opts_wrong(const peal_engine_server_opts *opts);
/* Their strings are copied to the arena, but for what is copied by who gets
 * it: the fields of the HTTP server and cors.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_opts_keep(peal_engine_server_opts *opts,
                                               peal_arena *strings);
/* The HTTP server that was given, or a new one, which is the caller's to free.
 * Returns: PEAL_OK; as peal_http_server_new, which has said why it could not
 * listen. */
PEAL_MUST_CHECK peal_err peal_engine_opts_http(
    const peal_engine_server_opts *opts, peal_http_server **out);
/* That the server cannot be made. `log` NULL, as there is none yet: one of its
 * own as the options (or NULL) say. */
void peal_engine_opts_report(const peal_engine_server_opts *opts,
                             peal_logger *log, const char *why);
