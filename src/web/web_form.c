/* SPDX-License-Identifier: MIT */
#include "web/web_form.h"

#include <string.h>

#include "wire/percent.h"
#include "wire/query.h"
#include "wire/utf8.h"

/* Offsets into the text, which moves while it grows. */
typedef struct span {
  size_t key, key_len, value, value_len;
} span;

/* Fields of one form: bounds the table. */
#define FIELDS 1000u

void peal_web_form_init(peal_web_form *form, const peal_mem *mem, size_t max) {
  peal_buf_init(&form->text, mem, max);
  peal_buf_init(&form->spans, mem, FIELDS * sizeof(span));
  peal_buf_init(&form->pairs, mem, 0);
}

void peal_web_form_deinit(peal_web_form *form) {
  peal_buf_deinit(&form->text);
  peal_buf_deinit(&form->spans);
  peal_buf_deinit(&form->pairs);
}

static span *last_span(peal_web_form *form) {
  if (form->spans.err || form->spans.len < sizeof(span))
    return NULL;
  return (span *)(void *)(form->spans.ptr + form->spans.len - sizeof(span));
}

void peal_web_form_begin(peal_web_form *form, peal_slice name) {
  span begun = {.key = form->text.len, .key_len = name.len};
  begun.value = begun.key + name.len;
  peal_buf_add(&form->text, name);
  peal_buf_add(&form->spans, (peal_slice){(const char *)&begun, sizeof(begun)});
}

void peal_web_form_add(peal_web_form *form, peal_slice data) {
  span *open = last_span(form);
  peal_buf_add(&form->text, data);
  if (open && !form->text.err)
    open->value_len += data.len;
}

/* Decoding never makes a text longer. */
static size_t decode(peal_buf *out, peal_slice in) {
  char *to = peal_buf_reserve(out, in.len);
  if (!to)
    return 0;
  size_t len = peal_percent_decode_form(to, in);
  peal_buf_advance(out, len);
  return len;
}

void peal_web_form_decode(peal_web_form *form, peal_slice text) {
  peal_query_param param;
  while (peal_query_next(&text, &param)) {
    span added = {.key = form->text.len};
    added.key_len = decode(&form->text, param.name);
    added.value = form->text.len;
    added.value_len = decode(&form->text, param.value);
    peal_buf_add(&form->spans,
                 (peal_slice){(const char *)&added, sizeof(added)});
  }
}

peal_err peal_web_form_val(peal_web_form *form, peal_val *out) {
  peal_err err = form->text.err ? form->text.err : form->spans.err;
  if (err)
    return err;
  const char *text = form->text.ptr ? form->text.ptr : "";
  size_t count = form->spans.len / sizeof(span);
  for (size_t i = 0; i < count; i++) {
    span at;
    memcpy(&at, form->spans.ptr + i * sizeof(span), sizeof(at));
    peal_pair pair = {
        .key = at.key_len ? text + at.key : "",
        .key_len = at.key_len,
        .value = peal_str_slice((peal_slice){text + at.value, at.value_len})};
    if (!peal_utf8_is_valid((peal_slice){text + at.key, at.key_len}) ||
        !peal_utf8_is_valid(peal_val_str(pair.value)))
      return PEAL_ERR_UTF8;
    peal_buf_add(&form->pairs, (peal_slice){(const char *)&pair, sizeof(pair)});
  }
  *out = peal_object((const peal_pair *)(const void *)form->pairs.ptr, count);
  return form->pairs.err;
}
