/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_completion: completion for shells, written from the tables of commands
 * and options: it cannot know less or more than the program. */
#include <stdbool.h>
#include <stdio.h>

/* `shell` is "bash" or "zsh". Returns: false if it is another. */
bool cli_completion_print(FILE *out, const char *shell);
/* What `peal help completion` says. */
void cli_completion_help(FILE *out);
