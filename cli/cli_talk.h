/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_talk: what the lines of `peal connect` mean:
 *
 *   EVENT VALUE...    sends it
 *   /COMMAND ...      /help says which
 *
 * An event's name may be a JSON string; values are JSON of any length, with
 * blanks inside of brackets and quotes, or words as everywhere. */
#include <stdbool.h>
#include <stddef.h>

#include "cli_session.h"

enum { CLI_TALK_EVENTS = 256, CLI_TALK_NSPS = 64 };

typedef struct cli_talk {
  cli_session *session;
  peal_client_nsp *nsp; /* which lines speak to */
  peal_client_nsp *nsps[CLI_TALK_NSPS];
  size_t nsp_count;
  char *events[CLI_TALK_EVENTS]; /* that were seen or sent */
  size_t event_count;
  size_t waiting; /* for acknowledgements */
  bool is_wrong;  /* a line could not be understood or sent */
  bool is_left;   /* /quit */
} cli_talk;

/* `session` has its client. */
cli_exit cli_talk_init(cli_talk *talk, cli_session *session);
void cli_talk_deinit(cli_talk *talk);

/* Do what the line says. */
void cli_talk_line(cli_talk *talk, const char *line);
/* As cli_line_opts.complete. */
void cli_talk_complete(cli_talk *talk, const char *prefix, size_t len,
                       bool is_first, void (*found)(const char *word, void *to),
                       void *to);

/* The next word of a line: to the next blank outside of brackets and quotes.
 * Returns: its length; *at is moved to it. 0: there is none. */
size_t cli_talk_word(const char **at);
