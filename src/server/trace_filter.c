/* SPDX-License-Identifier: MIT */
#include "server/trace_filter.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 100u
#define VALUE_BYTES_MAX 900u /* a line has about a thousand */

/* What stands behind "key=", or NULL. */
static const char *behind(const char *word, const char *key) {
  size_t len = strlen(key);
  return strncmp(word, key, len) == 0 ? word + len : NULL;
}

static peal_err add_name(const char **names, unsigned *count,
                         const char *name) {
  if (!*name || *count == PEAL_TRACE_FILTER_NAMES)
    return PEAL_ERR_OPTION;
  names[(*count)++] = name;
  return PEAL_OK;
}

static peal_err read_values(peal_trace_filter *filter, const char *text) {
  size_t len = strlen(text);
  if (!len || len > 4 || strspn(text, "0123456789") != len)
    return PEAL_ERR_OPTION;
  uint32_t bytes = (uint32_t)strtoul(text, NULL, 10);
  filter->max_value_bytes = bytes < VALUE_BYTES_MAX ? bytes : VALUE_BYTES_MAX;
  return PEAL_OK;
}

static peal_err read_word(peal_trace_filter *filter, const char *word) {
  const char *rest;
  if (!strcmp(word, "all"))
    return PEAL_OK;
  if (!strcmp(word, "in"))
    filter->in = true;
  else if (!strcmp(word, "out"))
    filter->out = true;
  else if ((rest = behind(word, "nsp=")))
    return add_name(filter->nsps, &filter->nsp_count, rest);
  else if ((rest = behind(word, "event=")))
    return add_name(filter->events, &filter->event_count, rest);
  else if ((rest = behind(word, "values=")))
    return read_values(filter, rest);
  else
    return PEAL_ERR_OPTION;
  return PEAL_OK;
}

peal_err peal_trace_filter_init(peal_trace_filter *filter, const char *text) {
  size_t len = strlen(text);
  *filter = (peal_trace_filter){.max_value_bytes = VALUE_BYTES};
  if (!len || len >= sizeof filter->text)
    return PEAL_ERR_OPTION;
  memcpy(filter->text, text, len + 1);
  char *word = filter->text;
  for (bool more = true; more;) {
    char *end = word + strcspn(word, ",");
    more = *end == ',';
    *end = 0;
    peal_err err = read_word(filter, word);
    if (err)
      return err;
    word = end + 1;
  }
  if (!filter->in && !filter->out)
    filter->in = filter->out = true;
  return PEAL_OK;
}

static bool is_like(const char *pattern, peal_slice name) {
  size_t len = strlen(pattern);
  if (len && pattern[len - 1] == '*')
    return len == 1 ||
           (name.len >= len - 1 && !memcmp(pattern, name.ptr, len - 1));
  return peal_slice_is(name, pattern);
}

static bool is_any(const char *const *patterns, unsigned count,
                   peal_slice name) {
  for (unsigned i = 0; i < count; i++)
    if (is_like(patterns[i], name))
      return true;
  return !count;
}

bool peal_trace_filter_matches(const peal_trace_filter *filter,
                               const peal_trace_record *record) {
  return (record->way == PEAL_TRACE_IN ? filter->in : filter->out) &&
         is_any(filter->nsps, filter->nsp_count, record->nsp) &&
         is_any(filter->events, filter->event_count, record->event);
}
