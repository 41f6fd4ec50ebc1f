/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <peal/config.h>

#include "base/reserved.h"
#include "net/system.h"
#include "web/config_impl.h"

extern char **environ;

/* -- flags ----------------------------------------------------------------- */

static bool keep_file(peal_config *config, const char *path) {
  free(config->file);
  config->file = strdup(path);
  return config->file || peal_config_key_fail(config, "out of memory");
}

static bool take_flag(peal_config *config, peal_slice name, const char *value) {
  int index = peal_config_key_find(config, name);
  if (index < 0)
    return peal_config_key_refuse(config, name, "flag");
  if (config->opts.keys[index].secret)
    return peal_config_key_fail(
        config,
        "--%.*s is secret: give it by file or environment, "
        "a flag is visible to everybody",
        PEAL_SFMT(name));
  return peal_config_key_keep(config, index, peal_slice_of(value), 3, "flag");
}

/* --key without =: a boolean is on or off, others take the next word. Returns
 * how many words were used, 0 on failure. */
static int take_bare(peal_config *config, const char *word, const char *next) {
  peal_slice name = peal_slice_of(word);
  int index = peal_config_key_find(config, name);
  bool is_bool =
      index >= 0 && config->opts.keys[index].type == PEAL_CONFIG_BOOL;
  if (is_bool)
    return take_flag(config, name, "true") ? 1 : 0;
  if (index < 0 && strncmp(word, "no-", 3) == 0) {
    int other = peal_config_key_find(config, peal_slice_of(word + 3));
    if (other >= 0 && config->opts.keys[other].type == PEAL_CONFIG_BOOL)
      return take_flag(config, peal_slice_of(word + 3), "false") ? 1 : 0;
  }
  if (index < 0) {
    peal_config_key_refuse(config, name, "flag");
    return 0;
  }
  if (!next) {
    peal_config_key_fail(config, "--%s expects a value", word);
    return 0;
  }
  return take_flag(config, name, next) ? 2 : 0;
}

static int take_word(peal_config *config, const char *word, const char *next) {
  if (strncmp(word, "--", 2) != 0 || !word[2]) {
    peal_config_key_fail(config, "expected a flag, not %.200s, see --help",
                         word);
    return 0;
  }
  word += 2;
  const char *eq = strchr(word, '=');
  if (strncmp(word, "config=", 7) == 0)
    return keep_file(config, word + 7) ? 1 : 0;
  if (strcmp(word, "config") == 0) {
    if (next)
      return keep_file(config, next) ? 2 : 0;
    peal_config_key_fail(config, "--config expects a file");
    return 0;
  }
  if (!eq)
    return take_bare(config, word, next);
  peal_slice name = {word, (size_t)(eq - word)};
  return take_flag(config, name, eq + 1) ? 1 : 0;
}

static bool read_flags(peal_config *config, int argc, char *const argv[]) {
  for (int i = 1; i < argc;) {
    int used = take_word(config, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
    if (!used)
      return false;
    i += used;
  }
  return true;
}

/* -- environment ----------------------------------------------------------- */

/* PREFIX_NAME=value; names that belong to nobody are refused like others. */
static bool read_environment(peal_config *config) {
  const char *prefix = config->opts.env_prefix;
  size_t len = prefix ? strlen(prefix) : 0;
  for (char **entry = environ; prefix && *entry; entry++) {
    const char *text = *entry;
    if (strncmp(text, prefix, len) != 0 || text[len] != '_')
      continue;
    const char *eq = strchr(text, '=');
    if (!eq)
      continue;
    peal_slice name = {text + len + 1, (size_t)(eq - text) - len - 1};
    if (peal_config_key_is("config", name)) {
      if (!config->file && !keep_file(config, eq + 1))
        return false;
      continue;
    }
    int index = peal_config_key_find(config, name);
    if (index < 0)
      return peal_config_key_refuse(config, name, "environment");
    if (!peal_config_key_keep(config, index, peal_slice_of(eq + 1), 2,
                              "environment"))
      return false;
  }
  return true;
}

static bool read_file(peal_config *config) {
  if (config->file)
    return peal_config_file_read(config, config->file);
  const char *usual = config->opts.file;
  if (!usual || (access(usual, F_OK) && errno == ENOENT))
    return true;
  return peal_config_file_read(config, usual);
}

/* -- life ------------------------------------------------------------------ */

static bool wants(int argc, char *const argv[], const char *flag) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], flag) == 0)
      return true;
  }
  return false;
}

/* Were the options and the table made for this library or an older one? */
static bool is_known(const peal_config_opts *opts) {
  bool known = PEAL_RESERVED_IS_KNOWN(opts);
  for (size_t i = 0; known && i < opts->key_count; i++)
    known = PEAL_RESERVED_IS_KNOWN(&opts->keys[i]);
  return known;
}

/* Text of our own that ends the program well. */
static bool answer_question(const peal_config *config, int argc,
                            char *const argv[]) {
  if (wants(argc, argv, "--help")) {
    peal_config_help_print(config);
    return true;
  }
  if (!wants(argc, argv, "--version"))
    return false;
  printf("%s %s\n", config->opts.program, peal_version());
  return true;
}

static peal_config *make(const peal_config_opts *opts) {
  peal_config *config = calloc(1, sizeof(*config));
  if (!config)
    return NULL;
  config->opts = *opts;
  size_t count = opts->key_count ? opts->key_count : 1;
  config->values = calloc(count, sizeof(*config->values));
  if (!config->values) {
    free(config);
    return NULL;
  }
  return config;
}

peal_config *peal_config_new(const peal_config_opts *opts, int argc,
                             char *const argv[], int *exit_code) {
  *exit_code = 1;
  if (!is_known(opts)) {
    fprintf(stderr, "%s: needs a newer libpeal than %s\n", opts->program,
            peal_version());
    return NULL;
  }
  peal_config *config = make(opts);
  if (!config) {
    fprintf(stderr, "%s: out of memory\n", opts->program);
    return NULL;
  }
  if (answer_question(config, argc, argv)) {
    *exit_code = 0;
    peal_config_free(config);
    return NULL;
  }
  if (read_flags(config, argc, argv) && read_environment(config) &&
      read_file(config) && peal_config_parse_all(config)) {
    *exit_code = 0;
    return config;
  }
  fprintf(stderr, "%s: %s\n", opts->program, config->error);
  peal_config_free(config);
  return NULL;
}

void peal_config_free(peal_config *config) {
  if (!config)
    return;
  for (size_t i = 0; i < config->opts.key_count; i++) {
    if (config->values[i].text && config->opts.keys[i].secret)
      peal_system_wipe(config->values[i].text, strlen(config->values[i].text));
    free(config->values[i].text);
  }
  free(config->values);
  free(config->file);
  free(config);
}

/* -- values ---------------------------------------------------------------- */

static const peal_config_value *value_of(const peal_config *config,
                                         const char *name) {
  static const peal_config_value none = {.source = "default"};
  int index = peal_config_key_find(config, peal_slice_of(name));
  return index < 0 ? &none : &config->values[index];
}

const char *peal_config_str(const peal_config *config, const char *name) {
  const char *text = value_of(config, name)->text;
  return text ? text : "";
}

bool peal_config_bool(const peal_config *config, const char *name) {
  return value_of(config, name)->boolean;
}

int64_t peal_config_int(const peal_config *config, const char *name) {
  return value_of(config, name)->integer;
}

double peal_config_double(const peal_config *config, const char *name) {
  return value_of(config, name)->number;
}

const char *peal_config_source(const peal_config *config, const char *name) {
  const char *source = value_of(config, name)->source;
  return source ? source : "default";
}
