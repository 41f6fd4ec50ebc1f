/* SPDX-License-Identifier: MIT */
#include "cli_say.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli_json.h"

void cli_say(const char *command, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  fprintf(stderr, "peal%s%s: ", command != NULL ? " " : "",
          command != NULL ? command : "");
  // words of a server may be in it: no escape sequences, and one line
  for (char *p = text; *p != '\0'; p++)
    *p = *p == '\n' ? ' ' : *p;
  cli_json_text(stderr, peal_slice_of(text));
  fputc('\n', stderr);
}
