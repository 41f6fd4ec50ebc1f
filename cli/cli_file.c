/* SPDX-License-Identifier: MIT */
#include "cli_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_say.h"

enum { FIRST = 64 * 1024 };

/* Returns: NULL with errno; EFBIG over the ceiling. */
static char *read_all(FILE *file, size_t *len) {
  size_t cap = FIRST;
  char *all = malloc(cap);
  *len = 0;
  while (all != NULL) {
    *len += fread(all + *len, 1, cap - *len, file);
    if (*len < cap)
      break;
    char *more = cap < CLI_FILE_MAX ? realloc(all, cap *= 2) : NULL;
    if (more == NULL) {
      free(all);
      errno = cap >= CLI_FILE_MAX ? EFBIG : ENOMEM;
      return NULL;
    }
    all = more;
  }
  if (all == NULL || !ferror(file))
    return all;
  int why = errno;
  free(all);
  errno = why;
  return NULL;
}

cli_exit cli_file_read(const char *command, const char *name, char **out,
                       size_t *len) {
  static bool is_stdin_used;
  bool is_stdin = strcmp(name, "-") == 0;
  if (is_stdin && is_stdin_used) {
    cli_say(command, "stdin can be read once only");
    return CLI_USAGE;
  }
  is_stdin_used |= is_stdin;
  FILE *file = is_stdin ? stdin : fopen(name, "rbe");
  *out = file != NULL ? read_all(file, len) : NULL;
  if (*out == NULL)
    cli_say(command, "%s: %s", name, strerror(errno));
  if (file != NULL && !is_stdin)
    fclose(file);
  return *out != NULL ? CLI_OK : CLI_FILE;
}
