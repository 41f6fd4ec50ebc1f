/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_command: one subcommand: what it is called, what it takes, what runs
 * it. */
#include <stddef.h>

#include "cli_exit.h"
#include "cli_opts.h"

typedef struct cli_command {
  unsigned bit;        /* in cli_option.commands */
  const char *name;    /* "emit" */
  const char *words;   /* "URL EVENT [VALUE...]" */
  const char *summary; /* one line */
  const char *details; /* the paragraphs of `peal help NAME` */
  const char *example; /* a line that can be tried */
  size_t min, max;     /* how many words it takes */
  cli_exit (*run)(const cli_opts *opts);
} cli_command;
