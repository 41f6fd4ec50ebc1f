/* SPDX-License-Identifier: MIT */
#include "events/opts_json.h"

#include <stdio.h>
#include <string.h>

#include <peal/val.h>

typedef struct reading {
  char *opts;
  const peal_opts_table *table;
  peal_arena *strings;
  char *why;
} reading;

_Static_assert(sizeof(unsigned) == sizeof(uint32_t),
               "a number of PEAL_OPTS_U32 has 32 bits");

static bool complain(reading *r, const char *name, const char *what) {
  snprintf(r->why, PEAL_OPTS_WHY, "%.80s %.78s", name, what);
  return false;
}

static const peal_opts_row *find(const peal_opts_table *table,
                                 const char *name) {
  for (size_t i = 0; i < table->count; i++)
    if (strcmp(table->rows[i].name, name) == 0)
      return &table->rows[i];
  return NULL;
}

static bool set_text(reading *r, const peal_opts_row *to, peal_val value) {
  const char **at = (const char **)(void *)(r->opts + to->at);
  peal_slice text = peal_val_str(value);
  if (!peal_val_is(value, PEAL_STRING) || memchr(text.ptr, 0, text.len))
    return complain(r, to->name, "must be a string");
  *at = peal_arena_str(r->strings, text);
  return *at || complain(r, to->name, "finds no memory");
}

/* The place of a word among others, -1: it is none of them. */
static int word_of(const char *words, peal_slice word) {
  for (int place = 0; *words; place++) {
    size_t len = strcspn(words, " ");
    if (peal_slice_eq((peal_slice){words, len}, word))
      return place;
    words += len + (words[len] == ' ');
  }
  return -1;
}

static bool set_word(reading *r, const peal_opts_row *to, peal_val value) {
  int place = word_of(to->words, peal_val_str(value));
  char what[128];
  snprintf(what, sizeof what, "must be one of: %s", to->words);
  if (place < 0)
    return complain(r, to->name, what);
  memcpy(r->opts + to->at, &place, sizeof place);
  return true;
}

/* Those of an application are functions: they have no name in JSON. */
static bool set_parser(reading *r, const peal_opts_row *to, peal_val value) {
  int place = word_of("json msgpack", peal_val_str(value));
  const peal_parser *parser =
      place ? peal_parser_msgpack() : peal_parser_json();
  if (place < 0)
    return complain(r, to->name, "must be one of: json msgpack");
  memcpy(r->opts + to->at, &parser, sizeof parser);
  return true;
}

static bool set_number(reading *r, const peal_opts_row *to, peal_val value) {
  int64_t min = to->kind == PEAL_OPTS_INT ? -1 : 0;
  int64_t max = to->kind == PEAL_OPTS_INT    ? INT32_MAX
                : to->kind == PEAL_OPTS_BYTE ? UINT8_MAX
                : to->kind == PEAL_OPTS_U32  ? (int64_t)UINT32_MAX
                                             : PTRDIFF_MAX;
  int64_t number = peal_val_int(value, INT64_MIN);
  if (number < min || number > max)
    return complain(r, to->name, "must be a whole number that fits");
  size_t size = (size_t)number;
  uint32_t small = (uint32_t)number;
  uint8_t byte = (uint8_t)number;
  if (to->kind == PEAL_OPTS_BYTE)
    memcpy(r->opts + to->at, &byte, sizeof byte);
  else if (to->kind == PEAL_OPTS_SIZE)
    memcpy(r->opts + to->at, &size, sizeof size);
  else
    memcpy(r->opts + to->at, &small, sizeof small);
  return true;
}

static bool set_double(reading *r, const peal_opts_row *to, peal_val value) {
  if (!peal_val_is(value, PEAL_INT) && !peal_val_is(value, PEAL_DOUBLE))
    return complain(r, to->name, "must be a number");
  double number = peal_val_double(value, 0);
  memcpy(r->opts + to->at, &number, sizeof number);
  return true;
}

static bool set_flag(reading *r, const peal_opts_row *to, peal_val value) {
  if (!peal_val_is(value, PEAL_BOOL))
    return complain(r, to->name, "must be true or false");
  memcpy(r->opts + to->at, &value.as.boolean, sizeof(bool));
  return true;
}

static bool is_text(peal_slice text, bool is_string) {
  return is_string && (!text.len || !memchr(text.ptr, 0, text.len));
}

static bool set_fields(reading *r, const peal_opts_row *to, peal_val object) {
  size_t count = object.len;
  peal_client_field *fields =
      peal_arena_alloc(r->strings, (count + 1) * sizeof *fields);
  if (!fields)
    return complain(r, to->name, "finds no memory");
  for (size_t i = 0; i < count; i++) {
    peal_slice key = peal_val_key(object, i);
    peal_val value = object.as.pairs[i].value;
    peal_slice text = peal_val_str(value);
    if (!is_text(key, true) || !is_text(text, peal_val_is(value, PEAL_STRING)))
      return complain(r, to->name, "must have strings");
    fields[i].name = peal_arena_str(r->strings, key);
    fields[i].value = peal_arena_str(r->strings, text);
    if (!fields[i].name || !fields[i].value)
      return complain(r, to->name, "finds no memory");
  }
  memcpy(r->opts + to->at, &fields, sizeof fields);
  memcpy(r->opts + to->at + sizeof fields, &count, sizeof count);
  return true;
}

static bool set(reading *r, const char *name, peal_val value) {
  const peal_opts_row *to = find(r->table, name);
  if (!to)
    return complain(r, name, "is no option");
  switch ((peal_opts_kind)to->kind) {
  case PEAL_OPTS_TEXT:
    return set_text(r, to, value);
  case PEAL_OPTS_FLAG:
    return set_flag(r, to, value);
  case PEAL_OPTS_DOUBLE:
    return set_double(r, to, value);
  case PEAL_OPTS_WORD:
    return set_word(r, to, value);
  case PEAL_OPTS_PARSER:
    return set_parser(r, to, value);
  case PEAL_OPTS_FIELDS:
    return peal_val_is(value, PEAL_OBJECT)
               ? set_fields(r, to, value)
               : complain(r, name, "must be an object");
  case PEAL_OPTS_INT:
  case PEAL_OPTS_BYTE:
  case PEAL_OPTS_U32:
  case PEAL_OPTS_SIZE:
    return set_number(r, to, value);
  }
  return false;
}

/* Is the object one of fields, and not one of options? */
static bool has_fields(const reading *r, const char *name) {
  const peal_opts_row *row = find(r->table, name);
  return row && row->kind == PEAL_OPTS_FIELDS;
}

/* The members of an object, whose own name and a dot stand in front of theirs. */
static bool set_all(reading *r, const char *inside, peal_val object) {
  for (size_t i = 0; i < object.len; i++) {
    char name[64];
    peal_slice key = peal_val_key(object, i);
    peal_val value = object.as.pairs[i].value;
    snprintf(name, sizeof name, "%s%s%.40s", inside, *inside ? "." : "",
             key.ptr);
    if (strlen(key.ptr) != key.len || key.len > 40)
      return complain(r, name, "is no option");
    bool deeper =
        !*inside && peal_val_is(value, PEAL_OBJECT) && !has_fields(r, name);
    if (!(deeper ? set_all(r, name, value) : set(r, name, value)))
      return false;
  }
  return true;
}

bool peal_opts_json_read(void *opts, const peal_opts_table *table,
                         peal_slice json, peal_arena *strings,
                         char why[PEAL_OPTS_WHY]) {
  peal_err_info info;
  peal_doc *doc;
  reading r = {opts, table, strings, why};
  if (peal_doc_from_json(&doc, json, &info)) {
    snprintf(why, PEAL_OPTS_WHY, "options: %s at %zu", info.msg, info.pos);
    return false;
  }
  bool read = peal_val_is(peal_doc_val(doc), PEAL_OBJECT)
                  ? set_all(&r, "", peal_doc_val(doc))
                  : complain(&r, "options", "must be an object");
  peal_doc_free(doc);
  return read;
}
