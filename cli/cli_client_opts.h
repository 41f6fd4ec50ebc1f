/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_client_opts: the options of the command line as those of the client
 * library. */
#include <peal/client.h>

#include "cli_exit.h"
#include "cli_opts.h"

enum { CLI_FIELDS = 2 * CLI_LIST_MAX + 2 };

typedef struct cli_client_opts {
  peal_client_opts opts;
  peal_client_field headers[CLI_LIST_MAX + 1], query[CLI_LIST_MAX];
  char *names[CLI_FIELDS]; /* what was copied */
  size_t name_count;
} cli_client_opts;

/* Returns: CLI_OK, or CLI_USAGE behind a line on stderr. In any case to be
 * deinited. The texts of `from` are borrowed. */
cli_exit cli_client_opts_init(cli_client_opts *out, const cli_opts *from);
/* Of this word; NULL: the default one. */
const peal_parser *cli_client_opts_parser(const char *word);
void cli_client_opts_deinit(cli_client_opts *out);
