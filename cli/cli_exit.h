/* SPDX-License-Identifier: MIT */
#pragma once

/* cli_exit: how a command ended, and what the program's exit code says of it:
 * 0 done, 1 failed, 2 usage. The manual page and the guide have the same
 * list. */

typedef enum cli_exit {
  CLI_OK,      /* done */
  CLI_USAGE,   /* the command line, or a value on it */
  CLI_FAILED,  /* refused, disconnected, or something was found wrong */
  CLI_TIMEOUT, /* the time ran out */
  CLI_OFFLINE, /* no connection could be made, or it was lost for good */
  CLI_FILE     /* a file could not be read or written */
} cli_exit;
