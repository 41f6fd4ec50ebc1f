/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <peal/config.h>

#include "web/config_impl.h"

extern char **environ;

bool peal_config_fail(peal_config *config, const char *format, ...) {
  va_list args;
  if (config->error[0])
    return false;
  va_start(args, format);
  vsnprintf(config->error, sizeof(config->error), format, args);
  va_end(args);
  return false;
}

/* -- names ----------------------------------------------------------------- */

static char fold(char c) {
  if (c == '_')
    return '-';
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_name(const char *known, peal_slice name) {
  size_t i = 0;
  for (; i < name.len && known[i]; i++) {
    if (known[i] != fold(name.ptr[i]))
      return false;
  }
  return i == name.len && !known[i];
}

int peal_config_find(const peal_config *config, peal_slice name) {
  for (size_t i = 0; i < config->opts.key_count; i++) {
    if (same_name(config->opts.keys[i].name, name))
      return (int)i;
  }
  return -1;
}

/* Changes that turn one word into the other (Levenshtein), up to 40 letters. */
static unsigned distance(const char *known, peal_slice name) {
  unsigned row[42];
  size_t width = strlen(known);
  if (width > 40 || name.len > 40)
    return 100;
  for (unsigned j = 0; j <= width; j++)
    row[j] = j;
  for (unsigned i = 0; i < name.len; i++) {
    unsigned corner = row[0];
    row[0] = i + 1;
    for (unsigned j = 0; j < width; j++) {
      unsigned change = corner + (known[j] != fold(name.ptr[i]));
      corner = row[j + 1];
      unsigned best = row[j] < corner ? row[j] : corner;
      row[j + 1] = best + 1 < change ? best + 1 : change;
    }
  }
  return row[width];
}

bool peal_config_refuse(peal_config *config, peal_slice name,
                        const char *where) {
  const char *nearest = NULL;
  unsigned best = 1 + (unsigned)(name.len / 2);
  for (size_t i = 0; i < config->opts.key_count; i++) {
    unsigned found = distance(config->opts.keys[i].name, name);
    if (found < best) {
      best = found;
      nearest = config->opts.keys[i].name;
    }
  }
  if (nearest)
    return peal_config_fail(config, "unknown key %.*s (%s), did you mean %s?",
                            PEAL_SFMT(name), where, nearest);
  return peal_config_fail(config, "unknown key %.*s (%s), see --help",
                          PEAL_SFMT(name), where);
}

bool peal_config_keep(peal_config *config, int index, peal_slice text,
                      unsigned rank, const char *source) {
  peal_config_value *value = &config->values[index];
  if (value->rank > rank)
    return true;
  char *copy = malloc(text.len + 1);
  if (!copy)
    return peal_config_fail(config, "out of memory");
  if (text.len)
    memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  free(value->text);
  value->text = copy;
  value->rank = rank;
  value->source = source;
  return true;
}

/* -- flags ----------------------------------------------------------------- */

static bool keep_file(peal_config *config, const char *path) {
  free(config->file);
  config->file = strdup(path);
  return config->file || peal_config_fail(config, "out of memory");
}

static bool take_flag(peal_config *config, peal_slice name, const char *value) {
  int index = peal_config_find(config, name);
  if (index < 0)
    return peal_config_refuse(config, name, "flag");
  if (config->opts.keys[index].secret)
    return peal_config_fail(config,
                            "--%.*s is secret: give it by file or environment, "
                            "a flag is visible to everybody",
                            PEAL_SFMT(name));
  return peal_config_keep(config, index, peal_slice_of(value), 3, "flag");
}

/* --key without =: a boolean is on or off, others take the next word. Returns
 * how many words were used, 0 on failure. */
static int take_bare(peal_config *config, const char *word, const char *next) {
  peal_slice name = peal_slice_of(word);
  int index = peal_config_find(config, name);
  bool is_bool =
      index >= 0 && config->opts.keys[index].type == PEAL_CONFIG_BOOL;
  if (is_bool)
    return take_flag(config, name, "true") ? 1 : 0;
  if (index < 0 && strncmp(word, "no-", 3) == 0) {
    int other = peal_config_find(config, peal_slice_of(word + 3));
    if (other >= 0 && config->opts.keys[other].type == PEAL_CONFIG_BOOL)
      return take_flag(config, peal_slice_of(word + 3), "false") ? 1 : 0;
  }
  if (index < 0) {
    peal_config_refuse(config, name, "flag");
    return 0;
  }
  if (!next) {
    peal_config_fail(config, "--%s expects a value", word);
    return 0;
  }
  return take_flag(config, name, next) ? 2 : 0;
}

static int take_word(peal_config *config, const char *word, const char *next) {
  if (strncmp(word, "--", 2) != 0 || !word[2]) {
    peal_config_fail(config, "expected a flag, not %.200s, see --help", word);
    return 0;
  }
  word += 2;
  const char *eq = strchr(word, '=');
  if (strncmp(word, "config=", 7) == 0)
    return keep_file(config, word + 7) ? 1 : 0;
  if (strcmp(word, "config") == 0) {
    if (next)
      return keep_file(config, next) ? 2 : 0;
    peal_config_fail(config, "--config expects a file");
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
    if (same_name("config", name)) {
      if (!config->file && !keep_file(config, eq + 1))
        return false;
      continue;
    }
    int index = peal_config_find(config, name);
    if (index < 0)
      return peal_config_refuse(config, name, "environment");
    if (!peal_config_keep(config, index, peal_slice_of(eq + 1), 2,
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
      explicit_bzero(config->values[i].text, strlen(config->values[i].text));
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
  int index = peal_config_find(config, peal_slice_of(name));
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
