/* SPDX-License-Identifier: MIT */
#include "wire/json_string.h"

#include <string.h>

#include "base/err_site.h"
#include "base/hex.h"
#include "wire/json_scan.h"

#define REPLACEMENT 0xfffdu

/* -- decode ----------------------------------------------------------------- */

/* Four hexadecimal digits at `p`; false if they are not. */
static bool hex_unit(const char *p, const char *end, uint32_t *out) {
  if (end - p < 4)
    return false;
  uint32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = peal_hex_value(p[i]);
    if (digit < 0)
      return false;
    unit = unit << 4 | (uint32_t)digit;
  }
  *out = unit;
  return true;
}

/* The byte that a one-letter escape stands for; 0 if it is none. */
static char letter_byte(char letter) {
  switch (letter) {
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  case '"':
  case '\\':
  case '/':
    return letter;
  default:
    return '\0';
  }
}

/* The letter of a short escape, 0 if there is none. */
static char short_escape(char c) {
  switch (c) {
  case '\b':
    return 'b';
  case '\f':
    return 'f';
  case '\n':
    return 'n';
  case '\r':
    return 'r';
  case '\t':
    return 't';
  case '"':
  case '\\':
    return c;
  default:
    return '\0';
  }
}

/* Length of the escape at `p` (a backslash), or 0 if it is malformed. */
static size_t escape_len(const char *p, const char *end) {
  uint32_t unit = 0;
  if (end - p < 2)
    return 0;
  if (p[1] == 'u')
    return hex_unit(p + 2, end, &unit) ? 6 : 0;
  return letter_byte(p[1]) ? 2 : 0;
}

/* Is the escape at `p` the one that encoding writes? */
static bool is_same_escape(const char *p) {
  if (p[1] != 'u')
    return p[1] != '/';
  char c = (char)(peal_hex_value(p[4]) << 4 | peal_hex_value(p[5]));
  return p[2] == '0' && p[3] == '0' && (p[4] == '0' || p[4] == '1') &&
         p[5] == peal_hex_digit((unsigned)c) && !short_escape(c);
}

static peal_err fail_at(peal_json_string *string) {
  const char *p = string->at;
  if (p == string->end)
    string->msg = "unterminated string";
  else if (*p == '\\')
    string->msg = "malformed escape";
  else if ((unsigned char)*p < 0x20)
    string->msg = "control character in a string";
  else {
    string->msg = "invalid UTF-8 in a string";
    return PEAL_FAIL(PEAL_ERR_UTF8);
  }
  return PEAL_FAIL(PEAL_ERR_JSON);
}

static char *put_char(char *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (char)c;
  } else if (c < 0x800) {
    *to++ = (char)(0xc0 | c >> 6);
    *to++ = (char)(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    *to++ = (char)(0xe0 | c >> 12);
    *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    *to++ = (char)(0x80 | (c & 0x3f));
  } else {
    *to++ = (char)(0xf0 | c >> 18);
    *to++ = (char)(0x80 | (c >> 12 & 0x3f));
    *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    *to++ = (char)(0x80 | (c & 0x3f));
  }
  return to;
}

/* The character of a \u escape at *p, which moves behind it; a pair of
 * surrogates is one character (RFC8259 7). */
static uint32_t take_unicode(const char **p, const char *end) {
  uint32_t unit = 0, low = 0;
  (void)hex_unit(*p + 2, end, &unit);
  *p += 6;
  if (unit < 0xd800 || unit > 0xdfff)
    return unit;
  if (unit >= 0xdc00 || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' ||
      !hex_unit(*p + 2, end, &low) || low < 0xdc00 || low > 0xdfff)
    return REPLACEMENT;
  *p += 6;
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

/* Everything from `p` to the closing quote at `end` is known to be good. No
 * escape is shorter than what it stands for. */
static char *unescape(char *to, const char *p, const char *end) {
  while (p < end) {
    const char *slash = memchr(p, '\\', (size_t)(end - p));
    size_t len = (size_t)((slash ? slash : end) - p);
    memcpy(to, p, len);
    to += len;
    p += len;
    if (p == end)
      break;
    if (p[1] == 'u') {
      to = put_char(to, take_unicode(&p, end));
    } else {
      *to++ = letter_byte(p[1]);
      p += 2;
    }
  }
  return to;
}

/* The closing quote, or what should not be there. */
static const char *skip_string(peal_json_string *string, const char *begin) {
  const char *p = begin, *end = string->end;
  string->is_same = true;
  for (;;) {
    p = string->is_utf8 ? peal_json_scan_plain(begin, p, end, false)
                        : peal_json_scan_text(begin, p, end);
    size_t len = p < end && *p == '\\' ? escape_len(p, end) : 0;
    if (len == 0)
      return p;
    string->is_same = string->is_same && is_same_escape(p);
    p += len;
  }
}

peal_err peal_json_string_decode(peal_json_string *string, peal_arena *arena) {
  const char *begin = string->at + 1;
  string->at = skip_string(string, begin);
  if (string->at == string->end || *string->at != '"')
    return fail_at(string);
  char *text = peal_arena_alloc(arena, (size_t)(string->at - begin));
  if (!text) {
    string->msg = "out of memory";
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  string->text.ptr = text;
  string->text.len = (size_t)(unescape(text, begin, string->at) - text);
  string->at++;
  return PEAL_OK;
}

/* -- encode ----------------------------------------------------------------- */

/* Returns how many bytes of the text it stands for. */
static size_t add_special(peal_buf *out, const char *p, const char *end) {
  if ((unsigned char)*p >= 0x80) {
    peal_buf_add(out, PEAL_S("\xef\xbf\xbd"));
    return peal_utf8_char_bad_len(p, end);
  }
  char letter = short_escape(*p);
  if (letter) {
    peal_buf_add(out, (peal_slice){(const char[]){'\\', letter}, 2});
    return 1;
  }
  char escape[] = {'\\',
                   'u',
                   '0',
                   '0',
                   peal_hex_digit((unsigned)*p >> 4),
                   peal_hex_digit((unsigned)*p)};
  peal_buf_add(out, (peal_slice){escape, sizeof escape});
  return 1;
}

void peal_json_string_encode(peal_buf *out, peal_slice text) {
  const char *p = text.ptr, *end = p + text.len;
  peal_buf_add_char(out, '"');
  while (p < end && out->err == PEAL_OK) {
    const char *stop = peal_json_scan_text(text.ptr, p, end);
    peal_buf_add(out, (peal_slice){p, (size_t)(stop - p)});
    p = stop;
    if (p < end)
      p += add_special(out, p, end);
  }
  peal_buf_add_char(out, '"');
}
