/* SPDX-License-Identifier: MIT */
/* web_fields: checks a JSON object against a table of fields. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <peal/web.h>

#include "base/reserved.h"

static bool tell(peal_web_problem *out, const peal_web_field *field,
                 const char *words) {
  out->field = field->name;
  snprintf(out->message, sizeof(out->message), "%s %s", field->name, words);
  return false;
}

static const char *type_words(peal_type type) {
  switch (type) {
  case PEAL_UNDEFINED:
    return "anything";
  case PEAL_NULL:
    return "null";
  case PEAL_BOOL:
    return "true or false";
  case PEAL_INT:
    return "a whole number";
  case PEAL_DOUBLE:
    return "a number";
  case PEAL_STRING:
    return "a string";
  case PEAL_BINARY:
    return "binary";
  case PEAL_ARRAY:
    return "an array";
  case PEAL_OBJECT:
    return "an object";
  }
  return "";
}

/* 3.0 is a whole number, too: JSON does not tell them apart. */
static bool is_whole(peal_val value) {
  if (peal_val_is(value, PEAL_INT))
    return true;
  return peal_val_is(value, PEAL_DOUBLE) && isfinite(value.as.number) &&
         value.as.number == floor(value.as.number) &&
         fabs(value.as.number) < 9007199254740992.0;
}

static bool has_type(peal_val value, peal_type type) {
  if (type == PEAL_UNDEFINED)
    return true;
  if (type == PEAL_INT)
    return is_whole(value);
  if (type == PEAL_DOUBLE)
    return peal_val_is_number(value) &&
           isfinite(peal_val_double(value, (double)NAN));
  return peal_val_is(value, type);
}

static bool is_choice(const char *choices, peal_slice text) {
  while (*choices) {
    size_t len = strcspn(choices, " ");
    if (len && peal_slice_eq((peal_slice){choices, len}, text))
      return true;
    choices += len;
    choices += strspn(choices, " ");
  }
  return false;
}

static bool check_number(peal_val value, const peal_web_field *field,
                         peal_web_problem *out) {
  double number = peal_val_double(value, 0);
  char words[96];
  if ((field->min == 0 && field->max == 0) ||
      (number >= field->min && number <= field->max))
    return true;
  snprintf(words, sizeof(words), "must be from %g to %g, not %g", field->min,
           field->max, number);
  return tell(out, field, words);
}

static bool check_text(peal_val value, const peal_web_field *field,
                       peal_web_problem *out) {
  peal_slice text = peal_val_str(value);
  char words[128];
  if (field->not_empty && !text.len)
    return tell(out, field, "must not be empty");
  if (field->max_len && text.len > field->max_len) {
    snprintf(words, sizeof(words), "must be at most %zu bytes long, not %zu",
             field->max_len, text.len);
    return tell(out, field, words);
  }
  if (field->choices && !is_choice(field->choices, text)) {
    snprintf(words, sizeof(words), "must be one of: %.80s", field->choices);
    return tell(out, field, words);
  }
  return true;
}

static bool check_one(peal_val value, const peal_web_field *field,
                      peal_web_problem *out) {
  char words[96];
  bool absent =
      peal_val_is(value, PEAL_UNDEFINED) || peal_val_is(value, PEAL_NULL);
  if (!PEAL_RESERVED_IS_KNOWN(field))
    return tell(out, field, "is asked for what this library does not know");
  if (absent && field->optional)
    return true;
  if (peal_val_is(value, PEAL_UNDEFINED))
    return tell(out, field, "is missing");
  if (!has_type(value, field->type)) {
    snprintf(words, sizeof(words), "must be %s, not %s",
             type_words(field->type), peal_val_type_name(value));
    return tell(out, field, words);
  }
  if (peal_val_is_number(value))
    return check_number(value, field, out);
  if (peal_val_is(value, PEAL_STRING))
    return check_text(value, field, out);
  if (peal_val_is(value, PEAL_ARRAY) && field->max_len &&
      value.len > field->max_len) {
    snprintf(words, sizeof(words), "must have at most %zu items",
             field->max_len);
    return tell(out, field, words);
  }
  return true;
}

bool peal_web_fields_check(peal_val object, const peal_web_field *fields,
                           size_t count, peal_web_problem *out) {
  peal_web_problem unused;
  if (!out)
    out = &unused;
  *out = (peal_web_problem){0};
  if (!peal_val_is(object, PEAL_OBJECT)) {
    snprintf(out->message, sizeof(out->message), "expected an object, not %s",
             peal_val_type_name(object));
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    if (!check_one(peal_val_get(object, fields[i].name), &fields[i], out))
      return false;
  }
  return true;
}

bool peal_web_fields(peal_http_req *req, peal_val object,
                     const peal_web_field *fields, size_t count) {
  peal_web_problem problem;
  if (peal_web_fields_check(object, fields, count, &problem))
    return true;
  peal_web_error(req, 422, problem.message, problem.field);
  return false;
}
