/* SPDX-License-Identifier: MIT */
/* wire/origin: the pieces are those of the text, and whatever the peer sends,
 * a pattern lets in nobody whose host does not end like it. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static bool ends_like(peal_slice host, peal_slice end) {
  return host.len > end.len &&
         peal_text_eq_nocase(
             (peal_slice){host.ptr + host.len - end.len, end.len}, end);
}

static void check_origin(peal_slice text) {
  peal_origin origin;
  bool parsed = peal_origin_parse(&origin, text);
  bool below = peal_origin_matches(text, PEAL_S("https://*.example.com:*"));
  if (parsed) {
    must(origin.scheme.len > 0 && origin.scheme.ptr == text.ptr);
    must(origin.host.ptr == text.ptr + origin.scheme.len + 3);
    must(origin.host.len > 0);
    must(origin.scheme.len + 3 + origin.host.len + origin.port.len <= text.len);
  }
  if (below)
    must(parsed && ends_like(origin.host, PEAL_S(".example.com")));
  if (peal_origin_is_native(text) || peal_origin_is_own(text, PEAL_S("a:1")))
    must(parsed);
}

/* As a pattern: what it is, it says of itself, and it does no harm. */
static void check_pattern(peal_slice text) {
  bool good = peal_origin_is_pattern(text);
  (void)peal_origin_matches(PEAL_S("https://a.example:8443"), text);
  if (peal_text_find(text, '*') == text.len)
    must(good && peal_origin_matches(text, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice text = {len ? (const char *)data : "", len};
  check_origin(text);
  check_pattern(text);
  (void)peal_origin_is_own(PEAL_S("http://a:3000"), text);
  (void)peal_origin_is_file(text);
  return 0;
}
