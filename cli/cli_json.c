/* SPDX-License-Identifier: MIT */
#include "cli_json.h"

#include <stdbool.h>
#include <string.h>

#define KEY "\033[34m"
#define STRING "\033[32m"
#define NUMBER "\033[36m"
#define WORD "\033[35m"
#define PLAIN "\033[0m"

/* C0, DEL, or C1 (U+0080 to U+009F: C2 80 to C2 9F in UTF-8). */
static bool is_control(peal_slice text, size_t at, size_t *len) {
  unsigned char byte = (unsigned char)text.ptr[at];
  *len = 1;
  if (byte < 0x20 || byte == 0x7f)
    return true;
  if (byte != 0xc2 || at + 1 == text.len)
    return false;
  unsigned char next = (unsigned char)text.ptr[at + 1];
  *len = 2;
  return next >= 0x80 && next <= 0x9f;
}

static void put_safe(FILE *out, peal_slice text) {
  size_t from = 0; // not written yet
  for (size_t at = 0, len = 1; at < text.len; at += len) {
    if (!is_control(text, at, &len))
      continue;
    fwrite(text.ptr + from, 1, at - from, out);
    fprintf(out, "\\u00%02x", (unsigned char)text.ptr[at + len - 1]);
    from = at + len;
  }
  fwrite(text.ptr + from, 1, text.len - from, out);
}

static size_t string_len(peal_slice json, size_t from) {
  size_t at = from + 1;
  while (at < json.len && json.ptr[at] != '"')
    at += json.ptr[at] == '\\' ? 2 : 1;
  at = at < json.len ? at + 1 : json.len;
  return at - from;
}

static size_t word_len(peal_slice json, size_t from) {
  size_t at = from;
  while (at < json.len && strchr(",:]}", json.ptr[at]) == NULL)
    at++;
  return at - from;
}

static const char *colour_at(peal_slice json, size_t at, size_t len) {
  char first = json.ptr[at];
  if (first == '"')
    return at + len < json.len && json.ptr[at + len] == ':' ? KEY : STRING;
  return first == '-' || (first >= '0' && first <= '9') ? NUMBER : WORD;
}

static void put_coloured(FILE *out, peal_slice json) {
  for (size_t at = 0, len; at < json.len; at += len) {
    len = 1;
    if (strchr("{}[],:", json.ptr[at]) != NULL) {
      fputc(json.ptr[at], out);
      continue;
    }
    len = json.ptr[at] == '"' ? string_len(json, at) : word_len(json, at);
    fputs(colour_at(json, at, len), out);
    put_safe(out, (peal_slice){json.ptr + at, len});
    fputs(PLAIN, out);
  }
}

void cli_json_print(FILE *out, peal_val value, cli_json_form form) {
  peal_bytes *bytes = peal_json_bytes(value);
  if (bytes == NULL) {
    fputs("null", out);
    return;
  }
  peal_slice json = peal_bytes_slice(bytes);
  if (form == CLI_JSON_COLOUR)
    put_coloured(out, json);
  else
    put_safe(out, json);
  peal_bytes_unref(bytes);
}

bool cli_json_is_word(peal_slice name) {
  bool is_plain = name.len > 0;
  for (size_t at = 0, len = 1; at < name.len && is_plain; at += len)
    is_plain =
        !is_control(name, at, &len) && strchr(" \"\\", name.ptr[at]) == NULL;
  return is_plain;
}

void cli_json_word(FILE *out, peal_slice name) {
  if (cli_json_is_word(name))
    fwrite(name.ptr, 1, name.len, out);
  else
    cli_json_print(out, peal_str_slice(name), CLI_JSON_PLAIN);
}

void cli_json_text(FILE *out, peal_slice text) {
  for (size_t at = 0, len = 1; at < text.len; at += len) {
    if (is_control(text, at, &len) && text.ptr[at] != '\n')
      fputc(' ', out);
    else
      fwrite(text.ptr + at, 1, len, out);
  }
}
