/* SPDX-License-Identifier: MIT */
/* config_file: a configuration file, line by line: `key = value`, comments,
 * quotes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/config_impl.h"

typedef struct reading {
  peal_config *config;
  const char *path;
  unsigned line;
  char section[80]; /* with a trailing `-`, or empty */
} reading;

static bool fail(reading *r, const char *what) {
  return peal_config_key_fail(r->config, "%s:%u: %s", r->path, r->line, what);
}

static char *trim(char *text) {
  text += strspn(text, " \t\r\n");
  size_t len = strlen(text);
  while (len && strchr(" \t\r\n", text[len - 1]))
    text[--len] = 0;
  return text;
}

static bool take_section(reading *r, char *text) {
  char *end = strchr(text, ']');
  if (!end || trim(end + 1)[0])
    return fail(r, "expected [section]");
  *end = 0;
  char *name = trim(text + 1);
  if (!*name || strlen(name) > sizeof(r->section) - 2)
    return fail(r, "expected a section name of 1 to 78 letters");
  snprintf(r->section, sizeof(r->section), "%s-", name);
  return true;
}

/* "text with # and blanks": \" and \\ are known; behind it only a comment. */
static bool unquote(reading *r, char *text, char **out) {
  char *to = text;
  char *from = text + 1;
  for (; *from && *from != '"'; from++) {
    if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
      from++;
    *to++ = *from;
  }
  if (*from != '"')
    return fail(r, "the closing quote is missing");
  char *rest = trim(from + 1);
  if (*rest && *rest != '#' && *rest != ';')
    return fail(r, "unexpected text behind the quote");
  *to = 0;
  *out = text;
  return true;
}

/* A comment begins with # or ; behind a blank. */
static void cut_comment(char *text) {
  for (char *p = text; *p; p++) {
    if ((*p == '#' || *p == ';') &&
        (p == text || p[-1] == ' ' || p[-1] == '\t')) {
      *p = 0;
      return;
    }
  }
}

static bool take_pair(reading *r, char *text) {
  char name[200];
  char *eq = strchr(text, '=');
  if (!eq)
    return fail(r, "expected key = value");
  *eq = 0;
  char *value = trim(eq + 1);
  if (*value == '"') {
    if (!unquote(r, value, &value))
      return false;
  } else {
    cut_comment(value);
    value = trim(value);
  }
  int len = snprintf(name, sizeof(name), "%s%s", r->section, trim(text));
  if (len < 0 || (size_t)len >= sizeof(name))
    return fail(r, "the key is too long");
  int index = peal_config_key_find(r->config, peal_slice_of(name));
  if (index >= 0)
    return peal_config_key_keep(r->config, index, peal_slice_of(value), 1,
                                r->path);
  char where[300];
  snprintf(where, sizeof(where), "%.250s:%u", r->path, r->line);
  return peal_config_key_refuse(r->config, peal_slice_of(name), where);
}

static bool take_line(reading *r, char *line) {
  char *text = trim(line);
  if (!*text || *text == '#' || *text == ';')
    return true;
  return *text == '[' ? take_section(r, text) : take_pair(r, text);
}

bool peal_config_file_read(peal_config *config, const char *path) {
  reading r = {.config = config, .path = path};
  char *line = NULL;
  size_t cap = 0;
  FILE *file = fopen(path, "re");
  if (!file)
    return peal_config_key_fail(config, "%s: %s", path, strerror(errno));
  bool ok = true;
  while (ok && getline(&line, &cap, file) >= 0) {
    r.line++;
    ok = take_line(&r, line);
  }
  if (ok && ferror(file))
    ok = peal_config_key_fail(config, "%s: %s", path, strerror(errno));
  free(line);
  fclose(file);
  return ok;
}
