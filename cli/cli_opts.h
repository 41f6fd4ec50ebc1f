/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_opts: the options of all subcommands, read by one table.
 *
 *   --name VALUE   --name=VALUE   -n VALUE   -nVALUE   --flag   -vq
 *
 * They may stand before, between and behind the words; "--" ends them. "-" and
 * negative numbers are words. The table also writes the help and the
 * completions, and a test holds the manual page to it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_command cli_command;

enum {
  CLI_LIST_MAX = 64,    /* of one option that may be repeated */
  CLI_WORDS_MAX = 1024, /* of a command line, without options */
};

/* Which subcommands know an option. */
enum {
  CLI_LISTEN = 1 << 0,
  CLI_EMIT = 1 << 1,
  CLI_CALL = 1 << 2,
  CLI_CONNECT = 1 << 3,
  CLI_PROBE = 1 << 4,
  CLI_BENCH = 1 << 5,
  CLI_SERVE = 1 << 6,
  CLI_CLIENTS = CLI_LISTEN | CLI_EMIT | CLI_CALL | CLI_CONNECT | CLI_BENCH,
  CLI_TALKERS = CLI_CLIENTS | CLI_PROBE, /* all that speak to a server */
  CLI_ALL = CLI_TALKERS | CLI_SERVE
};

typedef struct cli_list {
  const char *items[CLI_LIST_MAX];
  size_t count;
} cli_list;

/* What was read. Texts are borrowed from the command line. */
typedef struct cli_opts {
  const cli_command *command;
  const char *words[CLI_WORDS_MAX]; /* URL, event, values */
  size_t word_count;

  bool help;
  bool verbose, quiet;
  bool json, human; /* forms of the output; neither: as stdout is */

  /* of a connection */
  const char *nsp, *auth, *path, *transports, *origin;
  const char *parser; /* also of serve; NULL: json */
  cli_list headers, query;
  const char *ca_file, *ca_dir, *cert, *key, *server_name, *proxy;
  bool insecure, deflate, eio3;
  uint32_t timeout_ms; /* 0: the command's own */
  bool no_reconnect, retry;

  /* of values */
  bool is_binary, is_string, wants_ack;
  uint32_t count;     /* listen: events until the end; emit: how often */
  const char *answer; /* listen: to events that ask for one */

  /* emit, by way of Redis; NULL: to a server */
  const char *redis, *dialect, *channel;
  cli_list rooms, except;

  /* probe */
  bool quick;

  /* bench */
  uint32_t connections, inflight;
  double rate, ramp;    /* per second; 0: as fast as it goes */
  uint32_t duration_ms; /* also listen; 0: for ever */
  uint32_t warmup_ms;
  bool echo, no_answer;

  /* serve */
  const char *host, *cors, *token, *admin, *tls_cert, *tls_key;
  cli_list nsps;
  uint32_t port;
  uint32_t ping_interval_ms, ping_timeout_ms;
} cli_opts;

/* How the text of an option is read. */
typedef enum cli_kind {
  CLI_FLAG,   /* no text */
  CLI_TEXT,   /* as it is */
  CLI_CHOICE, /* one of `choices` */
  CLI_LIST,   /* text; may be repeated */
  CLI_COUNT,  /* a whole number */
  CLI_NUMBER, /* a number */
  CLI_TIME    /* 500ms, 5s, 2m, 1h; a bare number is seconds */
} cli_kind;

typedef struct cli_option {
  const char *name; /* without the dashes */
  char letter;      /* 0: none */
  cli_kind kind;
  unsigned commands; /* who knows it */
  size_t offset;     /* in cli_opts */
  const char *value; /* what help calls its text */
  const char *help;  /* one sentence, no full stop */
  double min, max;   /* of numbers; of times in milliseconds */
  const char *choices;
} cli_option;

/* The table, in the order of the help. */
extern const cli_option cli_option_table[];
extern const size_t cli_option_table_count;

/* Read the words behind the subcommand's name.
 * Returns: false after one line on stderr that says what was expected. */
bool cli_opts_parse(cli_opts *out, const cli_command *command, int argc,
                    char *const argv[]);
