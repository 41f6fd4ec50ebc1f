/* SPDX-License-Identifier: MIT */
/* config_parse: the text of a key to its typed value, with units and ranges. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strings.h>

#include "web/config_impl.h"

typedef struct unit {
  const char *name;
  int64_t factor;
} unit;

static const unit byte_units[] = {
    {"", 1},          {"B", 1},        {"K", 1 << 10},   {"KB", 1 << 10},
    {"KIB", 1 << 10}, {"M", 1 << 20},  {"MB", 1 << 20},  {"MIB", 1 << 20},
    {"G", 1 << 30},   {"GB", 1 << 30}, {"GIB", 1 << 30}, {NULL, 0}};
static const unit time_units[] = {
    {"", 1},        {"MS", 1},      {"S", 1000},     {"M", 60000},
    {"MIN", 60000}, {"H", 3600000}, {"D", 86400000}, {NULL, 0}};
static const unit no_units[] = {{"", 1}, {NULL, 0}};

static bool parse_bool(const char *text, bool *out) {
  static const char *const yes[] = {"true", "yes", "on", "1"};
  static const char *const no[] = {"false", "no", "off", "0", ""};
  for (size_t i = 0; i < 4; i++) {
    if (strcasecmp(text, yes[i]) == 0) {
      *out = true;
      return true;
    }
  }
  *out = false;
  for (size_t i = 0; i < 5; i++) {
    if (strcasecmp(text, no[i]) == 0)
      return true;
  }
  return false;
}

/* Digits and a unit of the list. */
static bool parse_int(const char *text, const unit *units, int64_t *out) {
  char *end = NULL;
  *out = 0;
  if (!*text)
    return true;
  if (*text == ' ' || *text == '+')
    return false;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno || end == text)
    return false;
  for (; units->name; units++) {
    if (strcasecmp(end, units->name) == 0)
      return !__builtin_mul_overflow(value, units->factor, out);
  }
  return false;
}

static bool parse_double(const char *text, double *out) {
  char *end = NULL;
  *out = 0;
  if (!*text)
    return true;
  /* Only what looks decimal: no hex, no names. */
  if (text[strspn(text, "+-0123456789.eE")])
    return false;
  *out = strtod(text, &end);
  return end != text && !*end && isfinite(*out);
}

static bool is_choice(const char *choices, const char *text) {
  size_t len = strlen(text);
  while (*choices) {
    size_t word = strcspn(choices, " ");
    if (word == len && word && memcmp(choices, text, len) == 0)
      return true;
    choices += word;
    choices += strspn(choices, " ");
  }
  return false;
}

static const char *expected(peal_config_type type) {
  switch (type) {
  case PEAL_CONFIG_STR:
    return "a text";
  case PEAL_CONFIG_BOOL:
    return "true or false";
  case PEAL_CONFIG_INT:
    return "a whole number";
  case PEAL_CONFIG_DOUBLE:
    return "a number";
  case PEAL_CONFIG_BYTES:
    return "a size like 500, 64K or 10M";
  case PEAL_CONFIG_MS:
    return "a time like 250ms, 30s or 5m";
  }
  return "";
}

static bool parse_typed(const peal_config_key *key, const char *text,
                        peal_config_value *value) {
  switch (key->type) {
  case PEAL_CONFIG_STR:
    return true;
  case PEAL_CONFIG_BOOL:
    return parse_bool(text, &value->boolean);
  case PEAL_CONFIG_INT:
    return parse_int(text, no_units, &value->integer);
  case PEAL_CONFIG_DOUBLE:
    return parse_double(text, &value->number);
  case PEAL_CONFIG_BYTES:
    return parse_int(text, byte_units, &value->integer);
  case PEAL_CONFIG_MS:
    return parse_int(text, time_units, &value->integer);
  }
  return false;
}

static bool in_range(const peal_config_key *key,
                     const peal_config_value *value) {
  if ((!key->min && !key->max) || key->type == PEAL_CONFIG_STR ||
      key->type == PEAL_CONFIG_BOOL)
    return true;
  if (key->type == PEAL_CONFIG_DOUBLE)
    return value->number >= (double)key->min &&
           value->number <= (double)key->max;
  return value->integer >= key->min && value->integer <= key->max;
}

static bool parse_one(peal_config *config, size_t index) {
  const peal_config_key *key = &config->opts.keys[index];
  peal_config_value *value = &config->values[index];
  if (!value->text &&
      !peal_config_key_keep(config, (int)index, peal_slice_of(key->otherwise),
                            0, "default"))
    return false;
  const char *shown = key->secret ? "(secret)" : value->text;
  if (!parse_typed(key, value->text, value))
    return peal_config_key_fail(config, "%s: expected %s, not \"%.100s\" (%s)",
                                key->name, expected(key->type), shown,
                                value->source);
  /* A default of nothing may stand outside. */
  if (value->rank > 0 && !in_range(key, value))
    return peal_config_key_fail(
        config, "%s: expected %" PRId64 " to %" PRId64 ", not %.100s (%s)",
        key->name, key->min, key->max, shown, value->source);
  if (key->choices && value->rank > 0 && !is_choice(key->choices, value->text))
    return peal_config_key_fail(config,
                                "%s: expected one of %s, not \"%.100s\" (%s)",
                                key->name, key->choices, shown, value->source);
  return true;
}

bool peal_config_parse_all(peal_config *config) {
  for (size_t i = 0; i < config->opts.key_count; i++) {
    if (!parse_one(config, i))
      return false;
  }
  return true;
}
