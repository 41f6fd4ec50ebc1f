/* SPDX-License-Identifier: MIT */
/* fuzz_cookie_jar: lines of Set-Cookie, and after each what would be sent: it
 * is a field's value, and bounded. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proto/cookie_jar.h"
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

static void look(const peal_cookie_jar *jar, uint64_t now_ms) {
  const peal_slice paths[] = {PEAL_S("/"), PEAL_S("/socket.io/?x"), PEAL_S("")};
  must(peal_cookie_jar_count(jar) <= PEAL_COOKIE_JAR_COUNT);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    peal_buf out;
    peal_buf_init(&out, NULL, 0);
    peal_cookie_jar_get(jar, &out, paths[i], i & 1, now_ms);
    must(peal_http1_is_field_value(peal_buf_slice(&out)));
    must(out.len <= PEAL_COOKIE_JAR_ALL_BYTES + 3 * PEAL_COOKIE_JAR_COUNT);
    peal_buf_deinit(&out);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_cookie_jar jar;
  peal_slice rest = {(const char *)data, len}, field;
  uint64_t now_ms = 0;
  peal_cookie_jar_init(&jar, NULL);
  while (peal_text_next(&rest, '\n', &field)) {
    (void)!peal_cookie_jar_set(&jar, field, PEAL_S("/socket.io/"), now_ms & 1,
                               1700000000000, now_ms);
    look(&jar, now_ms);
    now_ms += field.len * 37;
  }
  peal_cookie_jar_deinit(&jar);
  return 0;
}
