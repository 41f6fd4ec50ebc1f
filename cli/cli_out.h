/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_out: what is printed on stdout, in one of two forms:
 *
 *   lines of JSON   {"event":"chat","args":["hi"],"nsp":"/","time":"…Z"}
 *   for people      18:03:01 chat "hi"
 *
 * and notes about the connection, for people, on stderr. Text that came from
 * elsewhere cannot move the cursor or change colours. */
#include <stdbool.h>
#include <stdio.h>

#include <peal/val.h>

#include "cli_opts.h"

typedef struct cli_out {
  bool json;       /* stdout */
  bool colour;     /* stdout */
  bool colour_err; /* stderr */
  bool quiet, verbose;
  bool is_broken; /* nobody reads any more */
  /* Around each line: a prompt that stands there is taken away, and put back.
   * May be NULL. */
  void (*before)(void *user);
  void (*after)(void *user);
  void *user;
} cli_out;

void cli_out_init(cli_out *out, const cli_opts *opts);

/* What came, or goes. */
typedef struct cli_packet {
  const char *what; /* "event" with a name, "ack", "connect", "disconnect" */
  peal_slice name;
  peal_args args;
  const char *nsp;
  const char *id; /* of the other end; NULL: it goes without saying */
  bool wants_ack; /* somebody waits for an answer */
} cli_packet;

void cli_out_packet(cli_out *out, const cli_packet *packet);

/* A value alone, in a line. */
void cli_out_value(cli_out *out, peal_val value);

/* An object in a line of JSON; for people `text`. `mark` is a word in front
 * that has a colour: "ok", "warn", "error", or "" for none. */
void cli_out_line(cli_out *out, peal_val json, const char *mark,
                  const char *text);

/* About the connection: on stderr, not with quiet. */
void cli_out_note(cli_out *out, const char *format, ...) PEAL_PRINTF(2, 3);
/* The same with verbose only. */
void cli_out_trace(cli_out *out, const char *format, ...) PEAL_PRINTF(2, 3);
/* A packet, with verbose only: `way` is ">" or "<". */
void cli_out_trace_packet(cli_out *out, const char *way,
                          const cli_packet *packet);
