/* SPDX-License-Identifier: MIT */
/* kit_check: a request's JSON against a table of fields. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <peal/kit_answer.h>

enum { PATH_BYTES = 96, NAME_BYTES = 40 };

/* Where one is: the path from the outermost object, the field of the outermost
 * table, and where to say what is wrong. */
typedef struct place {
  char path[PATH_BYTES];
  size_t len;
  const char *field;
  peal_kit_refusal *why;
} place;

static bool check_object(peal_val object, const peal_kit_field *fields,
                         peal_kit_others others, place *at);
static bool check_one(peal_val value, const peal_kit_field *field, place *at);

/* ---- words ----------------------------------------------------------------- */

PEAL_PRINTF(2, 3)

static bool tell(const place *at, const char *format, ...) {
  char words[128];
  va_list args;
  va_start(args, format);
  vsnprintf(words, sizeof words, format, args);
  va_end(args);
  peal_kit_refusal_set(at->why, 422, at->field, "%s%s%s", at->path,
                       at->len > 0 ? " " : "", words);
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

/* Go into a member or an item; what does not fit is cut. Back by setting `len`
 * to what this returns. */
PEAL_PRINTF(2, 3)

static size_t enter(place *at, const char *format, ...) {
  size_t before = at->len;
  va_list args;
  va_start(args, format);
  int len = vsnprintf(at->path + before, PATH_BYTES - before, format, args);
  va_end(args);
  at->len = len < 0 || (size_t)len >= PATH_BYTES - before
                ? PATH_BYTES - 1
                : before + (size_t)len;
  return before;
}

static void leave(place *at, size_t before) {
  at->len = before;
  at->path[before] = '\0';
}

/* ---- numbers --------------------------------------------------------------- */

/* 3.0 is a whole number, too: JSON does not tell them apart. */
static bool is_whole(peal_val value) {
  double number = peal_val_double(value, (double)NAN);
  return peal_val_is(value, PEAL_INT) ||
         (peal_val_is(value, PEAL_DOUBLE) && isfinite(number) &&
          number == floor(number) && fabs(number) < 9007199254740992.0);
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

static bool check_number(peal_val value, const peal_kit_range *range,
                         const place *at) {
  double number = peal_val_double(value, 0);
  bool is_low = range->has_min && number < range->min;
  bool is_high = range->has_max && number > range->max;
  if (!is_low && !is_high)
    return true;
  if (range->has_min && range->has_max)
    return tell(at, "must be from %g to %g, not %g", range->min, range->max,
                number);
  return is_low ? tell(at, "must be at least %g, not %g", range->min, number)
                : tell(at, "must be at most %g, not %g", range->max, number);
}

/* ---- text ------------------------------------------------------------------ */

static bool is_choice(const char *choices, peal_slice text) {
  while (*choices != '\0') {
    size_t len = strcspn(choices, " ");
    if (len > 0 && peal_slice_eq((peal_slice){choices, len}, text))
      return true;
    choices += len;
    choices += strspn(choices, " ");
  }
  return false;
}

/* C0, DEL, and C1 (U+0080 to U+009F). */
static bool has_control(peal_slice text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    bool is_c1 =
        c == 0xC2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xA0;
    if (c < 0x20 || c == 0x7F || is_c1)
      return true;
  }
  return false;
}

static bool check_text(peal_slice text, const peal_kit_field *field,
                       const place *at) {
  if (field->min_len > 0 && text.len == 0)
    return tell(at, "must not be empty");
  if (text.len < field->min_len)
    return tell(at, "must be at least %zu bytes long, not %zu", field->min_len,
                text.len);
  if (field->max_len > 0 && text.len > field->max_len)
    return tell(at, "must be at most %zu bytes long, not %zu", field->max_len,
                text.len);
  if (!peal_kit_utf8_is_good(text))
    return tell(at, "must be UTF-8");
  size_t chars = field->max_chars > 0 ? peal_kit_utf8_count(text) : 0;
  if (chars > field->max_chars)
    return tell(at, "must be at most %zu characters long, not %zu",
                field->max_chars, chars);
  if (field->one_line && has_control(text))
    return tell(at, "must be one line without control characters");
  if (field->choices != NULL && !is_choice(field->choices, text))
    return tell(at, "must be one of: %.80s", field->choices);
  return true;
}

/* ---- what holds others ----------------------------------------------------- */

static bool check_array(peal_val array, const peal_kit_field *field,
                        place *at) {
  if (array.len < field->min_len)
    return tell(at, "must have at least %zu items", field->min_len);
  if (field->max_len > 0 && array.len > field->max_len)
    return tell(at, "must have at most %zu items", field->max_len);
  for (size_t i = 0; field->item != NULL && i < array.len; i++) {
    size_t before = enter(at, "[%zu]", i);
    if (!check_one(peal_val_at(array, i), field->item, at))
      return false;
    leave(at, before);
  }
  return true;
}

static bool check_value(peal_val value, const peal_kit_field *field,
                        place *at) {
  if (peal_val_is_number(value) && !check_number(value, &field->range, at))
    return false;
  if (peal_val_is(value, PEAL_STRING) &&
      !check_text(peal_val_str(value), field, at))
    return false;
  if (peal_val_is(value, PEAL_ARRAY) && !check_array(value, field, at))
    return false;
  if (peal_val_is(value, PEAL_OBJECT) && field->fields != NULL &&
      !check_object(value, field->fields, field->others, at))
    return false;
  return field->is_good == NULL || field->is_good(value) ||
         tell(at, "must be %s", field->words != NULL ? field->words : "right");
}

static bool check_one(peal_val value, const peal_kit_field *field, place *at) {
  bool is_absent =
      peal_val_is(value, PEAL_UNDEFINED) || peal_val_is(value, PEAL_NULL);
  if (is_absent && field->optional)
    return true;
  if (peal_val_is(value, PEAL_UNDEFINED))
    return tell(at, "is missing");
  if (!has_type(value, field->type))
    return tell(at, "must be %s, not %s", type_words(field->type),
                peal_val_type_name(value));
  return check_value(value, field, at);
}

static bool is_known(const peal_kit_field *fields, peal_slice name) {
  for (; fields->name != NULL; fields++)
    if (peal_slice_is(name, fields->name))
      return true;
  return false;
}

/* A name that came from outside is shown as far as it can be read. */
static bool refuse_other(peal_slice name, const place *at) {
  bool can_be_shown = name.len > 0 && name.len < NAME_BYTES;
  for (size_t i = 0; i < name.len && can_be_shown; i++)
    can_be_shown = name.ptr[i] > ' ' && name.ptr[i] < 0x7F;
  return can_be_shown
             ? tell(at, "has a field that is not known: %.*s", PEAL_SFMT(name))
             : tell(at, "has a field that is not known");
}

static bool check_others(peal_val object, const peal_kit_field *fields,
                         const place *at) {
  for (size_t i = 0; i < object.len; i++) {
    peal_slice name = peal_val_key(object, i);
    if (!is_known(fields, name))
      return refuse_other(name, at);
  }
  return true;
}

static bool check_object(peal_val object, const peal_kit_field *fields,
                         peal_kit_others others, place *at) {
  bool is_outermost = at->len == 0;
  for (const peal_kit_field *field = fields; field->name != NULL; field++) {
    size_t before = enter(at, "%s%s", at->len > 0 ? "." : "", field->name);
    if (is_outermost)
      at->field = field->name;
    if (!check_one(peal_val_get(object, field->name), field, at))
      return false;
    leave(at, before);
  }
  if (is_outermost)
    at->field = NULL;
  return others != PEAL_KIT_REFUSE_OTHERS || check_others(object, fields, at);
}

bool peal_kit_check(peal_val object, const peal_kit_field *fields,
                    peal_kit_others others, peal_kit_refusal *why) {
  peal_kit_refusal unused;
  place at = {.why = why != NULL ? why : &unused};
  *at.why = (peal_kit_refusal){0};
  if (!peal_val_is(object, PEAL_OBJECT))
    return tell(&at, "expected an object, not %s", peal_val_type_name(object));
  return check_object(object, fields, others, &at);
}
