/* SPDX-License-Identifier: MIT */
#include "wire/python_json.h"

#include "base/hex.h"
#include "wire/json.h"
#include "wire/utf8_char.h"

static void add_unit(peal_buf *out, uint32_t unit) {
  char text[6] = {'\\', 'u'};
  for (int i = 0; i < 4; i++)
    text[2 + i] = peal_hex_digit(unit >> (12 - 4 * i) & 15);
  peal_buf_add(out, (peal_slice){text, sizeof text});
}

/* The character at `p`, as one UTF-16 unit or a pair of surrogates. */
static size_t add_escaped(peal_buf *out, const char *p, size_t len) {
  uint32_t code = (uint8_t)p[0] & (len == 1 ? 0x7fu : 0x7fu >> len);
  for (size_t i = 1; i < len; i++)
    code = code << 6 | ((uint8_t)p[i] & 0x3fu);
  if (code >= 0x10000) {
    add_unit(out, 0xd800 + ((code - 0x10000) >> 10));
    code = 0xdc00 + ((code - 0x10000) & 0x3ff);
  }
  add_unit(out, code);
  return len;
}

static bool is_plain(char c) {
  return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f;
}

static void add_run(peal_buf *out, const char *from, const char *to) {
  peal_buf_add(out, (peal_slice){from, (size_t)(to - from)});
}

/* `text` is JSON as the encoder writes it: valid, without blanks. What stays as
 * it is is copied run by run. */
static void spread(peal_buf *out, peal_slice text) {
  const char *p = text.ptr, *run = p, *end = text.ptr + text.len;
  bool quoted = false;
  while (p < end && !out->err) {
    char c = *p;
    if (!is_plain(c)) {
      add_run(out, run, p);
      p += add_escaped(out, p, peal_utf8_char_len(p, end));
      run = p;
      continue;
    }
    quoted ^= c == '"';
    p += quoted && c == '\\' ? 2 : 1; /* an escape with its letter */
    if (quoted || (c != ',' && c != ':'))
      continue;
    add_run(out, run, p);
    peal_buf_add_char(out, ' ');
    run = p;
  }
  add_run(out, run, end);
}

void peal_python_json_encode(peal_buf *out, peal_val value,
                             const peal_mem *mem) {
  peal_buf text;
  peal_buf_init(&text, mem, 0);
  peal_json_encode(&text, value, NULL);
  if (text.err && !out->err)
    out->err = text.err;
  spread(out, peal_buf_slice(&text));
  peal_buf_deinit(&text);
}
