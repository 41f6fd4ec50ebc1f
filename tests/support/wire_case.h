/* SPDX-License-Identifier: MIT */
#pragma once
/* wire_case: bytes in, expected log out, from tests/wire/<stem>/<name>.txt.
 *
 *   # a comment: before the first case, or where the log stands
 *   == the name of the case as a sentence
 *   -- key=value flag            options for the decoder under test, optional
 *   GET / HTTP/1.1\r\n           input: lines are joined without a newline;
 *   Host: a\r\n\r\n              \r \n \t \0 \\ \s (space) \xNN, and \*N{text}
 *                                for N times text; blanks at the ends of a
 *                                line do not count
 *   >>                           what follows is the expected log
 *   request GET /
 *
 * A case ends at the next "==" or at the end of the file; blank lines at its
 * end do not count. In mode SPLIT each case is replayed whole, byte by byte,
 * and in two pieces split at each position: the log must always be the same.
 * Each piece is given in a block of its own size which is freed at the next
 * call, so that a sanitizer sees reading outside and keeping. */
#include <peal/base.h>

typedef enum wire_case_mode {
  WIRE_CASE_WHOLE, /* one piece: for what is no incremental decoder */
  WIRE_CASE_SPLIT
} wire_case_mode;

typedef struct wire_case wire_case;
typedef struct wire_feed wire_feed;
typedef struct wire_log wire_log;

/* Decodes one case: takes the pieces with wire_feed_next until that returns
 * false, and writes what happens into the log. Called once per replay. */
typedef void (*wire_case_fn)(const wire_case *test, wire_feed *feed,
                             wire_log *log, void *user);

/* Run all files of tests/wire/<stem>/ in the order of their names. Prints
 * each case that differs. Returns how many differed, or -1 if there is no
 * case at all or a file is malformed. */
int wire_case_run(const char *stem, wire_case_mode mode, wire_case_fn fn,
                  void *user);

const char *wire_case_name(const wire_case *test);
/* The option's value ("" for a flag), NULL if it is not given. */
const char *wire_case_opt(const wire_case *test, const char *key);
uint64_t wire_case_opt_u64(const wire_case *test, const char *key,
                           uint64_t otherwise);

/* The next piece, borrowed until the next call. Empty input is one empty
 * piece. */
bool wire_feed_next(wire_feed *feed, peal_slice *piece);

/* One line of the log; the newline is added. */
void wire_log_add(wire_log *log, const char *format, ...) PEAL_PRINTF(2, 3);
/* One line: the words, a space, the bytes escaped as in the files. */
void wire_log_add_bytes(wire_log *log, const char *words, peal_slice data);
/* Without a newline: for pieces of one body that comes in several parts. */
void wire_log_put_bytes(wire_log *log, peal_slice data);
/* End the line that wire_log_put_bytes began. */
void wire_log_end(wire_log *log);
