/* SPDX-License-Identifier: MIT */
#pragma once

/* cli_exit: what the program's exit code says. The manual page and the guide
 * have the same list. */

typedef enum cli_exit {
  CLI_OK = 0,      /* done */
  CLI_FAILED = 1,  /* refused, disconnected, or something was found wrong */
  CLI_USAGE = 2,   /* the command line, or a value on it */
  CLI_TIMEOUT = 3, /* the time ran out */
  CLI_OFFLINE = 4, /* no connection could be made, or it was lost for good */
  CLI_FILE = 5     /* a file could not be read or written */
} cli_exit;
