/* SPDX-License-Identifier: MIT */
/* A JSON text against a table with everything that a table can say: what is let
 * pass keeps it, what is refused has words that a client may read. */
#include <stdlib.h>
#include <string.h>

#include <peal/kit_answer.h>

static const peal_kit_field point[] = {
    {.name = "x", .type = PEAL_DOUBLE, .range = PEAL_KIT_BETWEEN(-1, 1)},
    {.name = "t", .type = PEAL_STRING, .optional = true, .max_chars = 4},
    {0}};
static const peal_kit_field item = {
    .type = PEAL_OBJECT, .fields = point, .others = PEAL_KIT_REFUSE_OTHERS};
static const peal_kit_field table[] = {
    {.name = "n",
     .type = PEAL_INT,
     .optional = true,
     .range = PEAL_KIT_FROM(0)},
    {.name = "s",
     .type = PEAL_STRING,
     .optional = true,
     .min_len = 1,
     .max_len = 5,
     .one_line = true},
    {.name = "c", .type = PEAL_STRING, .optional = true, .choices = "a bb"},
    {.name = "o", .type = PEAL_OBJECT, .optional = true, .fields = point},
    {.name = "l",
     .type = PEAL_ARRAY,
     .optional = true,
     .max_len = 3,
     .item = &item},
    {0}};

static void expect(bool is_so) {
  if (!is_so)
    abort();
}

static void look_at_point(peal_val value) {
  double x = peal_val_double(peal_val_get(value, "x"), 2);
  expect(x >= -1 && x <= 1);
  expect(peal_kit_utf8_count(peal_val_str(peal_val_get(value, "t"))) <= 4);
}

static void look_at(peal_val value) {
  peal_val n = peal_val_get(value, "n"), s = peal_val_get(value, "s");
  peal_val c = peal_val_get(value, "c"), l = peal_val_get(value, "l");
  expect(!peal_val_is_number(n) || peal_val_double(n, -1) >= 0);
  expect(!peal_val_is(s, PEAL_STRING) ||
         (peal_val_str(s).len >= 1 && peal_val_str(s).len <= 5));
  expect(!peal_val_is(c, PEAL_STRING) || peal_slice_is(peal_val_str(c), "a") ||
         peal_slice_is(peal_val_str(c), "bb"));
  if (peal_val_is(peal_val_get(value, "o"), PEAL_OBJECT))
    look_at_point(peal_val_get(value, "o"));
  for (size_t i = 0; peal_val_is(l, PEAL_ARRAY) && i < l.len; i++)
    look_at_point(peal_val_at(l, i));
  expect(!peal_val_is(l, PEAL_ARRAY) || l.len <= 3);
}

static void look_at_refusal(const peal_kit_refusal *why) {
  size_t len = strnlen(why->message, sizeof why->message);
  expect(why->status == 422 && len > 0 && len < sizeof why->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  peal_doc *doc = NULL;
  peal_kit_refusal why;
  if (peal_doc_from_json(&doc, (peal_slice){(const char *)data, size}, NULL) !=
      PEAL_OK)
    return 0;
  peal_val value = peal_doc_val(doc);
  bool is_right = peal_kit_check(value, table, PEAL_KIT_IGNORE_OTHERS, &why);
  if (is_right)
    look_at(value);
  else
    look_at_refusal(&why);
  // whoever refuses more lets pass less
  bool is_strict = peal_kit_check(value, table, PEAL_KIT_REFUSE_OTHERS, &why);
  expect(is_right || !is_strict);
  if (!is_strict)
    look_at_refusal(&why);
  peal_doc_free(doc);
  return 0;
}
