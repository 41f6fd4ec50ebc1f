/* SPDX-License-Identifier: MIT */
#pragma once
/* config: a program's configuration from a table of keys: flags over
 * environment over file over default. Unknown keys are refused with the
 * nearest known name; --help is written from the table.
 *
 *   --data-dir=/var/lib/x   --data-dir /var/lib/x   --verbose   --no-verbose
 *   ESP32_DATA_DIR=/var/lib/x
 *   data-dir = /var/lib/x        # in the file given by --config
 *   [vision]                     # a section: "key" becomes "vision-key"
 *   key = "text with # and blanks"
 *
 * In file and environment `_` and `-` are the same. --help, --version and
 * --config FILE (PREFIX_CONFIG) are there without being in the table. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_config peal_config;

typedef enum peal_config_type {
  PEAL_CONFIG_STR,
  PEAL_CONFIG_BOOL,   /* true false yes no on off 1 0; a bare flag is true */
  PEAL_CONFIG_INT,    /* decimal */
  PEAL_CONFIG_DOUBLE, /* decimal, with fraction and exponent */
  PEAL_CONFIG_BYTES,  /* 500, 64K, 10M, 2G (powers of 1024) */
  PEAL_CONFIG_MS      /* 250ms, 30s, 5m, 12h, 7d; a bare number is ms */
} peal_config_type;

/* A row may end where its defaults begin, and the braces are the caller's: no
 * narrower place can say so to the compiler. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* One key of the table. Everything is borrowed for the life of the config. */
typedef struct peal_config_key {
  const char *name; /* lower case words joined by `-`: "data-dir" */
  peal_config_type type;
  const char *otherwise; /* the default as text; NULL: "", 0 or false */
  const char *help;      /* one sentence, no full stop needed */
  /* Numbers: smallest and largest value; both 0: no range. */
  int64_t min, max;
  /* Strings: the values allowed, separated by blanks; NULL: any. */
  const char *choices;
  /* Never shown: from environment or file only (a flag is visible in the
   * process list and refused). */
  bool secret;
} peal_config_key;

typedef struct peal_config_opts {
  const char *program;    /* "peal-esp32" */
  const char *summary;    /* a line for --help */
  const char *env_prefix; /* "ESP32" gives ESP32_DATA_DIR; NULL: no
                             environment */
  const char *file; /* read if it exists and --config is not given; or NULL */
  const peal_config_key *keys;
  size_t key_count;
} peal_config_opts;

/* A table with its count, for peal_config_opts. */
#define PEAL_CONFIG_COUNT(keys) (sizeof(keys) / sizeof((keys)[0]))

/* Read everything. NULL: end the program with *exit_code: 0 after --help or
 * --version (printed to stdout), 1 after an error (one line on stderr that
 * names the key, where it came from and what was expected). Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_config *peal_config_new(
    const peal_config_opts *opts, int argc, char *const argv[], int *exit_code);
PEAL_API void peal_config_free(peal_config *config);

/* Values; `name` must be in the table and of this type (INT also reads BYTES
 * and MS). Strings are borrowed for the life of the config. Thread: any. */
PEAL_API const char *peal_config_str(const peal_config *config,
                                     const char *name);
PEAL_API bool peal_config_bool(const peal_config *config, const char *name);
PEAL_API int64_t peal_config_int(const peal_config *config, const char *name);
PEAL_API double peal_config_double(const peal_config *config, const char *name);
/* Where the value came from: "default", "flag", "environment" or the path of
 * the file. */
PEAL_API const char *peal_config_source(const peal_config *config,
                                        const char *name);

/* A secret kept in a file: read it, or on the first run make `bytes` (16 to
 * 64) random ones, store them in hex with mode 0600 and set *is_new (may be
 * NULL) so that the program says so. A file that others may read is refused.
 * *out is terminated and the caller's: free it with peal_config_secret_free,
 * which also wipes it. `info`, if not NULL, says in words what went wrong.
 * Returns: PEAL_OK, PEAL_ERR_SYSTEM, PEAL_ERR_USAGE (others may read it, or it
 * is empty), PEAL_ERR_NOMEM. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_config_secret(char **out,
                                                     const char *path,
                                                     size_t bytes, bool *is_new,
                                                     peal_err_info *info);
PEAL_API void peal_config_secret_free(char *secret);

#ifdef __cplusplus
}
#endif
