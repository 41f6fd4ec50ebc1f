/* SPDX-License-Identifier: MIT */
#pragma once
/* config: a program's configuration from a table of keys: flags over
 * environment over file over default. Unknown keys are refused with the
 * nearest known name; --help is written from the table.
 *
 *   static const peal_config_key keys[] = {
 *       {"port", PEAL_CONFIG_INT, .otherwise = "3000",
 *        .help = "port to listen on", .min = 1, .max = 65535},
 *       {"verbose", PEAL_CONFIG_BOOL, .help = "log what is done"}};
 *   peal_config *config = peal_config_new(
 *       &(peal_config_opts){"chat", "a chat server", "CHAT", NULL, keys,
 *                           PEAL_CONFIG_COUNT(keys)},
 *       argc, argv, &code);
 *   if (!config)
 *     return code;
 *   int64_t port = peal_config_int(config, "port");
 *
 * The same key, in each of the places:
 *
 *   --data-dir=/var/lib/x   --data-dir /var/lib/x   --verbose   --no-verbose
 *   ESP32_DATA_DIR=/var/lib/x
 *   data-dir = /var/lib/x        # in the file given by --config
 *   [vision]                     # a section: "key" becomes "vision-key"
 *   key = "text with # and blanks"
 *
 * Who wins, if several places name a key; of one place, the last:
 *
 *   flag  >  environment  >  file  >  default (`otherwise`)
 *
 * Between words `_` and `-` are the same, and letters may be of either case.
 * --help, --version and --config FILE (PREFIX_CONFIG) are there without being
 * in the table. In a file, a comment begins with `#` or `;` (at the beginning
 * of a line or behind a blank); in quotes \" and \\ stand for " and \. An empty
 * value is "", 0 or false. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What was read; it does not change any more, so any thread may look. */
typedef struct peal_config peal_config;

/* How the text of a key is read. What cannot be read that way ends the program
 * with a line that says what was expected. */
typedef enum peal_config_type {
  PEAL_CONFIG_STR,    /* as it is */
  PEAL_CONFIG_BOOL,   /* true false yes no on off 1 0; a bare flag is true */
  PEAL_CONFIG_INT,    /* decimal, of 64 bits */
  PEAL_CONFIG_DOUBLE, /* decimal, with fraction and exponent */
  PEAL_CONFIG_BYTES,  /* 500, 64K, 10M, 2G (powers of 1024) */
  PEAL_CONFIG_MS      /* 250ms, 30s, 5m, 12h, 7d; a bare number is ms */
} peal_config_type;

/* One key of the table. Everything is borrowed for the life of the config. A
 * row of C names the members behind the type, one of C++17 writes them in this
 * order; either may leave out what it does not need. */
typedef struct peal_config_key {
  const char *name;      /* lower case words joined by `-`: "data-dir" */
  peal_config_type type; /* how its text is read */
  const char *otherwise PEAL_OR_(NULL); /* the default as text; NULL: "", 0 or
                                           false */
  const char *help PEAL_OR_("");        /* one sentence, no full stop needed */
  /* Numbers: smallest and largest value, in bytes or milliseconds where the
   * type is one of these; both 0: no range. The default may lie outside: so 0
   * can mean "none" where no user may say 0. */
  int64_t min PEAL_OR_(0), max PEAL_OR_(0);
  /* Strings: the values allowed, separated by blanks; NULL: any. */
  const char *choices PEAL_OR_(NULL);
  /* Never shown: from environment or file only (a flag is visible in the
   * process list and refused). */
  bool secret PEAL_OR_(false);
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4] PEAL_OR_({});
} peal_config_key;

/* The program and its table. All texts are borrowed for the life of the
 * config. */
typedef struct peal_config_opts {
  const char *program;    /* "peal-esp32": begins the lines on stderr */
  const char *summary;    /* a line for --help */
  const char *env_prefix; /* "ESP32" gives ESP32_DATA_DIR; NULL: no
                             environment */
  const char *file; /* read if it exists and --config is not given; or NULL */
  const peal_config_key *keys; /* the table, in the order of --help */
  size_t key_count;            /* PEAL_CONFIG_COUNT(keys) */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_config_opts;

/* A table with its count, for peal_config_opts. */
#define PEAL_CONFIG_COUNT(keys) (sizeof(keys) / sizeof((keys)[0]))

/* Read everything: the first thing that main does. Every word behind the
 * program's name has to be a flag; in the environment every name that begins
 * with the prefix has to be a key. `opts` and `exit_code` are not NULL.
 * Returns NULL if the program is to end with *exit_code: 0 after --help or
 * --version (printed to stdout), 1 after an error (one line on stderr that
 * names the key, where it came from and what was expected: the first thing that
 * is wrong). Thread: any, while no other changes the environment. */
PEAL_API PEAL_MUST_CHECK peal_config *peal_config_new(
    const peal_config_opts *opts, int argc, char *const argv[], int *exit_code);
/* Free it, after the last use of its strings; secrets are wiped. NULL is a
 * no-op. */
PEAL_API void peal_config_free(peal_config *config);

/* Values. `name` is a key of the table, of the function's type; of a name that
 * is none they return "", false, 0 (a mistake of the program's that no user can
 * make). `config` is not NULL. They search the table: keep what is used often.
 * Thread: any. */

/* The text, terminated, never NULL; of a key of any type as it was written.
 * Borrowed for the life of the config. */
PEAL_API const char *peal_config_str(const peal_config *config,
                                     const char *name);
/* A PEAL_CONFIG_BOOL. */
PEAL_API bool peal_config_bool(const peal_config *config, const char *name);
/* A PEAL_CONFIG_INT; also PEAL_CONFIG_BYTES, in bytes, and PEAL_CONFIG_MS, in
 * milliseconds. */
PEAL_API int64_t peal_config_int(const peal_config *config, const char *name);
/* A PEAL_CONFIG_DOUBLE; always finite. */
PEAL_API double peal_config_double(const peal_config *config, const char *name);
/* Where the value came from: "default", "flag", "environment" or the path of
 * the file. For a line in the log at the start. Borrowed as above. */
PEAL_API const char *peal_config_source(const peal_config *config,
                                        const char *name);

/* A secret kept in a file of its own: an API key, the key of a signature.
 *
 *   the file is there --> its first line (at most 4096 bytes)
 *   it is not         --> `bytes` (16 to 64) random ones, written in hex with
 *                         mode 0600, and *is_new (may be NULL) is true, so that
 *                         the program says so
 *
 * The file appears whole or not at all; of two programs that start at once one
 * makes it and both read it. Its folder has to be there. A file that others may
 * read is refused. *out is terminated and the caller's: free it with
 * peal_config_secret_free. `info`, if not NULL, says in words what went wrong.
 * Returns: PEAL_OK, PEAL_ERR_SYSTEM (it cannot be read or written), or
 * PEAL_ERR_USAGE (others may read it, it is empty or no regular file, `bytes`
 * out of range), PEAL_ERR_NOMEM. Blocks. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_config_secret(char **out,
                                                     const char *path,
                                                     size_t bytes, bool *is_new,
                                                     peal_err_info *info);
/* Wipe a secret and free it; NULL is a no-op. Thread: any. */
PEAL_API void peal_config_secret_free(char *secret);

#ifdef __cplusplus
}
#endif
