/* SPDX-License-Identifier: MIT */
/* kit_csv: values as cells of a file that spreadsheets read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit_history.h>

enum { MAX_TEXT_BYTES = 8 << 20 };

void peal_kit_csv_add(peal_kit_csv *t, const char *bytes, size_t len) {
  if (!t->failed && t->len + len > t->cap) {
    size_t cap = t->cap > 0 ? 2 * t->cap : 65536;
    while (cap < t->len + len)
      cap *= 2;
    char *grown = cap <= MAX_TEXT_BYTES ? realloc(t->bytes, cap) : NULL;
    t->failed = grown == NULL;
    if (grown != NULL) {
      t->bytes = grown;
      t->cap = cap;
    }
  }
  if (t->failed || len == 0)
    return;
  memcpy(t->bytes + t->len, bytes, len);
  t->len += len;
}

static void add_char(peal_kit_csv *t, char c) {
  peal_kit_csv_add(t, &c, 1);
}

/* The shortest of the two that is read back as the same number. */
static void add_double(peal_kit_csv *t, double value) {
  char out[40];
  int len = snprintf(out, sizeof out, "%.15g", value);
  if (strtod(out, NULL) != value)
    len = snprintf(out, sizeof out, "%.17g", value);
  peal_kit_csv_add(t, out, (size_t)len);
}

/* RFC 4180 2: quotes around what needs them, doubled inside. What a
 * spreadsheet would take for a formula gets an apostrophe in front. */
static void add_cell(peal_kit_csv *t, peal_slice cell) {
  bool is_formula = cell.len > 0 && memchr("=+-@\t\r", cell.ptr[0], 6) != NULL;
  bool is_quoted = false;
  for (size_t i = 0; i < cell.len; i++)
    is_quoted = is_quoted || memchr("\",\r\n", cell.ptr[i], 4) != NULL;
  if (is_quoted)
    add_char(t, '"');
  if (is_formula)
    add_char(t, '\'');
  for (size_t i = 0; i < cell.len; i++) {
    if (cell.ptr[i] == '"')
      add_char(t, '"');
    add_char(t, cell.ptr[i]);
  }
  if (is_quoted)
    add_char(t, '"');
}

void peal_kit_csv_add_value(peal_kit_csv *t, peal_val value) {
  char out[24];
  if (peal_val_is(value, PEAL_STRING))
    add_cell(t, peal_val_str(value));
  else if (peal_val_is(value, PEAL_INT))
    peal_kit_csv_add(t, out,
                     (size_t)snprintf(out, sizeof out, "%lld",
                                      (long long)peal_val_int(value, 0)));
  else if (peal_val_is(value, PEAL_DOUBLE))
    add_double(t, peal_val_double(value, 0));
}

void peal_kit_csv_free(peal_kit_csv *t) {
  free(t->bytes);
  *t = (peal_kit_csv){0};
}
