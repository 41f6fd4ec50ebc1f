/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_help: what `peal help` prints, from the tables of commands and
 * options. */
#include <stdio.h>

#include "cli_command.h"

/* The list of commands. */
void cli_help_all(FILE *out);
/* One command with its options. */
void cli_help_one(FILE *out, const cli_command *command);
