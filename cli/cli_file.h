/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_file: a whole file, or all of stdin. */
#include <peal/base.h>

#include "cli_exit.h"

enum { CLI_FILE_MAX = 256 << 20 }; /* what fits no server's ceiling anyway */

/* `name` "-" is stdin, which can be read once. *out is to be freed.
 * Returns: CLI_OK; CLI_FILE or CLI_USAGE behind a line on stderr. */
cli_exit cli_file_read(const char *command, const char *name, char **out,
                       size_t *len);
