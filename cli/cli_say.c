/* SPDX-License-Identifier: MIT */
#include "cli_say.h"

#include <stdarg.h>
#include <stdio.h>

void cli_say(const char *command, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  // words of a server may be in it: no escape sequences
  for (char *p = text; *p != '\0'; p++)
    if ((unsigned char)*p < ' ' || *p == 0x7f)
      *p = ' ';
  if (command != NULL)
    fprintf(stderr, "peal %s: %s\n", command, text);
  else
    fprintf(stderr, "peal: %s\n", text);
}
