/* SPDX-License-Identifier: MIT */
/* config_key: the keys of a configuration: found by name, refused with the
 * nearest one, kept by rank; and the first thing that is wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/config_impl.h"

bool peal_config_key_fail(peal_config *config, const char *format, ...) {
  va_list args;
  if (config->error[0])
    return false;
  va_start(args, format);
  vsnprintf(config->error, sizeof(config->error), format, args);
  va_end(args);
  return false;
}

static char fold(char c) {
  if (c == '_')
    return '-';
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool peal_config_key_is(const char *known, peal_slice name) {
  size_t i = 0;
  for (; i < name.len && known[i]; i++) {
    if (known[i] != fold(name.ptr[i]))
      return false;
  }
  return i == name.len && !known[i];
}

int peal_config_key_find(const peal_config *config, peal_slice name) {
  for (size_t i = 0; i < config->opts.key_count; i++) {
    if (peal_config_key_is(config->opts.keys[i].name, name))
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

bool peal_config_key_refuse(peal_config *config, peal_slice name,
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
    return peal_config_key_fail(config,
                                "unknown key %.*s (%s), did you mean %s?",
                                PEAL_SFMT(name), where, nearest);
  return peal_config_key_fail(config, "unknown key %.*s (%s), see --help",
                              PEAL_SFMT(name), where);
}

bool peal_config_key_keep(peal_config *config, int index, peal_slice text,
                          unsigned rank, const char *source) {
  peal_config_value *value = &config->values[index];
  if (value->rank > rank)
    return true;
  char *copy = malloc(text.len + 1);
  if (!copy)
    return peal_config_key_fail(config, "out of memory");
  if (text.len)
    memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  free(value->text);
  value->text = copy;
  value->rank = rank;
  value->source = source;
  return true;
}
