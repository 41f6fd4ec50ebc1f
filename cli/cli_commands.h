/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_commands: the table of subcommands, in the order of the help. */
#include "cli_command.h"

extern const cli_command cli_commands[];
extern const size_t cli_commands_count;

/* NULL: there is none of this name. */
const cli_command *cli_commands_find(const char *name);
