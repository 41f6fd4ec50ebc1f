/* SPDX-License-Identifier: MIT */
/* wire/query, wire/cookie, wire/percent: pieces stay inside of what they are
 * cut from, and a name that is found by its decoding has that decoding. */
#include <stdlib.h>
#include <string.h>

#include "wire/cookie.h"
#include "wire/percent.h"
#include "wire/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static bool is_inside(peal_slice piece, peal_slice text) {
  return piece.len == 0 || (piece.ptr >= text.ptr &&
                            piece.ptr + piece.len <= text.ptr + text.len);
}

/* The decoded text, terminated; to be freed. */
static char *decode(peal_slice raw, size_t *len) {
  char *text = malloc(raw.len + 1);
  must(text != NULL);
  *len = peal_percent_decode_form(text, raw);
  must(*len <= raw.len);
  text[*len] = '\0';
  if (peal_percent_is_plain(raw))
    must(*len == raw.len && (raw.len == 0 || !memcmp(text, raw.ptr, raw.len)));
  return text;
}

static void check_param(peal_query_param param, peal_slice query) {
  size_t len = 0;
  char *name = decode(param.name, &len);
  peal_slice value = {NULL, 0};
  must(is_inside(param.name, query) && is_inside(param.value, query));
  if (strlen(name) == len) {
    must(peal_percent_form_is(param.name, name));
    must(peal_query_find(query, name, &value));
    must(is_inside(value, query));
  }
  free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice text = {len ? (const char *)data : NULL, len}, rest = text;
  peal_slice value = {NULL, 0};
  peal_query_param param;
  size_t params = 0;
  while (peal_query_next(&rest, &param)) {
    if (params++ < 50)
      check_param(param, text);
  }
  must(rest.len == 0 && params <= len);
  if (peal_cookie_find(text, "sid", &value))
    must(is_inside(value, text));
  return 0;
}
