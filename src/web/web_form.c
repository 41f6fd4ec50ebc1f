/* SPDX-License-Identifier: MIT */
#include "web/web_form.h"

#include <string.h>

#include "base/val_impl.h"
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

/* The terminator behind a name, which does not count. */
static void end_name(peal_web_form *form) {
  if (form->text.max)
    form->text.max++;
  peal_buf_add(&form->text, PEAL_S("\0"));
}

static span *last_span(peal_web_form *form) {
  if (form->spans.err || form->spans.len < sizeof(span))
    return NULL;
  return (span *)(void *)(form->spans.ptr + form->spans.len - sizeof(span));
}

void peal_web_form_begin(peal_web_form *form, peal_slice name) {
  span begun = {.key = form->text.len, .key_len = name.len};
  begun.value = begun.key + name.len + 1;
  peal_buf_add(&form->text, name);
  end_name(form);
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
    end_name(form);
    added.value = form->text.len;
    added.value_len = decode(&form->text, param.value);
    peal_buf_add(&form->spans,
                 (peal_slice){(const char *)&added, sizeof(added)});
  }
}

static span span_at(const peal_web_form *form, size_t index) {
  span at;
  memcpy(&at, form->spans.ptr + index * sizeof(span), sizeof(at));
  return at;
}

static peal_slice name_at(const peal_web_form *form, size_t index) {
  span at = span_at(form, index);
  return (peal_slice){form->text.ptr + at.key, at.key_len};
}

static peal_err add_pair(peal_web_form *form, size_t index) {
  span at = span_at(form, index);
  peal_slice text = {form->text.ptr + at.value, at.value_len};
  peal_pair pair = {form->text.ptr + at.key, peal_str_slice(text)};
  if (!peal_utf8_is_valid(name_at(form, index)) || !peal_utf8_is_valid(text))
    return PEAL_ERR_UTF8;
  peal_buf_add(&form->pairs, (peal_slice){(const char *)&pair, sizeof(pair)});
  return PEAL_OK;
}

/* The lengths of the names behind the pairs, if some name has a NUL byte. */
static bool add_lens(peal_web_form *form, size_t count) {
  bool keyed = false;
  for (size_t i = 0; i < count; i++) {
    peal_slice name = name_at(form, i);
    keyed |= memchr(name.ptr, 0, name.len) != NULL;
  }
  for (size_t i = 0; keyed && i < count; i++) {
    uint32_t len = (uint32_t)name_at(form, i).len;
    peal_buf_add(&form->pairs, (peal_slice){(const char *)&len, sizeof(len)});
  }
  return keyed;
}

peal_err peal_web_form_val(peal_web_form *form, peal_val *out) {
  peal_err err = form->text.err ? form->text.err : form->spans.err;
  size_t count = form->spans.len / sizeof(span);
  for (size_t i = 0; i < count && err == PEAL_OK; i++)
    err = add_pair(form, i);
  if (err)
    return err;
  bool keyed = add_lens(form, count);
  *out = peal_object((const peal_pair *)(const void *)form->pairs.ptr, count);
  if (keyed)
    *out = peal_val_impl_keyed(*out);
  return form->pairs.err;
}
