/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_session: one client of the library with the options of the command line:
 * who it is, what it says about its connection, and with which exit code it
 * ends. listen, emit, call and connect stand on it.
 *
 *   on_ready   the namespace is joined, each time anew
 *   on_over    it has ended for good, once: `code` says how */
#include <peal/client.h>

#include "cli_exit.h"
#include "cli_opts.h"
#include "cli_out.h"

typedef struct cli_session cli_session;

enum { CLI_SETTLE_MS = 100 }; /* between the last event and the goodbye */

struct cli_session {
  const cli_opts *opts;
  cli_out out;
  peal_client *client;
  peal_client_nsp *nsp; /* that of the command line */
  peal_build *build;    /* what is said, for the whole run */
  bool was_connected;   /* to the namespace, ever */
  bool is_open;         /* there is a connection to the server */
  bool is_over;
  cli_exit code;
  /* May be NULL. */
  void (*on_ready)(cli_session *session);
  void (*on_over)(cli_session *session);
  bool (*is_waiting)(cli_session *session); /* for answers: do not settle */
  peal_timer *timer, *settle;
  uint32_t limit_ms, quiet_ms; /* quiet: how long nothing has waited */
  cli_exit settled;
  void *user;
};

/* What differs between the commands. */
typedef struct cli_session_rules {
  bool is_once; /* says something and leaves: does not reconnect */
} cli_session_rules;

/* Returns: CLI_OK, or another behind a line on stderr. In any case to be
 * freed. */
cli_exit cli_session_init(cli_session *session, const cli_opts *opts,
                          const cli_session_rules *rules);
void cli_session_deinit(cli_session *session);

/* Until it is over, or a signal ends it. Returns: the exit code. */
cli_exit cli_session_run(cli_session *session);
/* It is over with this code, unless it is already: what was emitted still
 * leaves. */
void cli_session_end(cli_session *session, cli_exit code);
/* Ends it when the time has come; the last one counts. */
void cli_session_limit(cli_session *session, uint32_t ms);

/* Ends it with this code when all has been sent and answered, and a moment
 * later: the reference's server drops events that it reads together with the
 * goodbye. */
void cli_session_settle(cli_session *session, cli_exit code);

/* The handlers for a namespace: notes about it, and its end. */
peal_err cli_session_watch(cli_session *session, peal_client_nsp *nsp);

/* The words behind URL and event as values.
 * Returns: CLI_OK, or another behind a line on stderr. */
cli_exit cli_session_values(cli_session *session, size_t first, peal_args *out);

/* "connecting to URL: WORDS" and kin. */
const char *cli_session_words(const peal_client_problem *problem);
