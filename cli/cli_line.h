/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_line: lines from stdin: edited, with history and completion on a terminal
 * (libedit), plain from a pipe or a file. While it waits for keys it lets
 * somebody else run. */
#include <stdbool.h>
#include <stddef.h>

typedef struct cli_line cli_line;

typedef struct cli_line_opts {
  /* Returns when stdin can be read: true; or false: there is no more. */
  bool (*wait)(void *user);
  const char *(*prompt)(void *user);
  /* Calls `found` for each word that may follow `prefix` here; `is_first`: at
   * the beginning of the line. */
  void (*complete)(const char *prefix, size_t len, bool is_first,
                   void (*found)(const char *word, void *to), void *to,
                   void *user);
  void *user;
} cli_line_opts;

/* NULL: no memory. */
cli_line *cli_line_new(const cli_line_opts *opts);
/* The terminal is as it was before; the history has been saved. */
void cli_line_free(cli_line *line);

/* The next line without its end (borrowed until the next call); NULL: that was
 * all. */
const char *cli_line_read(cli_line *line);
/* It ended before all was read: behind a line on stderr. */
bool cli_line_has_failed(const cli_line *line);
/* Around what somebody prints while a line is edited. */
void cli_line_hide(cli_line *line);
void cli_line_show(cli_line *line);

/* $XDG_STATE_HOME/peal/history or ~/.local/state/peal/history, its folders
 * made. Returns: false if there is no home, or it cannot be made. */
bool cli_line_history_path(char *out, size_t cap);
