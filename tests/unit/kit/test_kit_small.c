/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <peal/kit_small.h>

/* RFC4648 10. */
static void base64_is_that_of_the_rfc(void **state) {
  (void)state;
  static const char *const rows[][3] = {
      {"", "", ""},
      {"f", "Zg==", "Zg"},
      {"fo", "Zm8=", "Zm8"},
      {"foo", "Zm9v", "Zm9v"},
      {"foob", "Zm9vYg==", "Zm9vYg"},
      {"fooba", "Zm9vYmE=", "Zm9vYmE"},
      {"\xFF\xFE\xFD", "//79", "__79"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[16];
    uint8_t back[8];
    size_t len;
    peal_slice data = peal_slice_of(rows[i][0]);
    peal_kit_base64_write(text, data, PEAL_KIT_BASE64_STANDARD);
    assert_string_equal(text, rows[i][1]);
    size_t bare = peal_kit_base64_write(text, data, PEAL_KIT_BASE64_URL);
    assert_string_equal(text, rows[i][2]);
    assert_int_equal(bare, strlen(text));
    assert_true(peal_kit_base64_read(back, data.len, &len, peal_slice_of(text),
                                     PEAL_KIT_BASE64_URL));
    assert_int_equal(len, data.len);
    assert_memory_equal(back, data.ptr, len);
    assert_true(peal_kit_base64_read(back, data.len, &len,
                                     peal_slice_of(rows[i][1]),
                                     PEAL_KIT_BASE64_STANDARD));
    if (data.len > 0)
      assert_false(peal_kit_base64_read(
          back, data.len - 1, &len, peal_slice_of(text), PEAL_KIT_BASE64_URL));
  }
}

static void base64_has_one_text_for_the_same_bytes(void **state) {
  (void)state;
  static const char *const wrong[] = {"Zg",   "Zg=",     "Zh==", "Zm9=",
                                      "Z===", "Zm9v=",   "Z-9v", "Zm9 ",
                                      "====", "Zg==Zg=="};
  uint8_t out[16];
  size_t len;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (peal_kit_base64_read(out, sizeof out, &len, peal_slice_of(wrong[i]),
                             PEAL_KIT_BASE64_STANDARD))
      fail_msg("%s was read", wrong[i]);
  assert_false(peal_kit_base64_read(out, sizeof out, &len, PEAL_S("Zg=="),
                                    PEAL_KIT_BASE64_URL));
  assert_false(peal_kit_base64_read(out, sizeof out, &len, PEAL_S("Z"),
                                    PEAL_KIT_BASE64_BARE));
}

static void a_cookie_is_found_by_its_whole_name(void **state) {
  (void)state;
  peal_slice header = PEAL_S("a=1; ab=2; b=; ab=3; c");
  assert_true(peal_slice_is(peal_kit_cookie(header, "a"), "1"));
  assert_true(peal_slice_is(peal_kit_cookie(header, "ab"), "2"));
  assert_non_null(peal_kit_cookie(header, "b").ptr);
  assert_int_equal(peal_kit_cookie(header, "b").len, 0);
  assert_null(peal_kit_cookie(header, "c").ptr);
  assert_null(peal_kit_cookie(header, "d").ptr);
  assert_null(peal_kit_cookie((peal_slice){0}, "a").ptr);
}

static void digests_are_those_that_others_make(void **state) {
  (void)state;
  uint8_t out[PEAL_KIT_DIGEST_BYTES], other[PEAL_KIT_DIGEST_BYTES];
  uint8_t key[PEAL_KIT_DIGEST_BYTES] = {0};
  char hex[PEAL_KIT_DIGEST_HEX_BYTES];
  assert_true(peal_kit_digest_of(out, PEAL_S("abc")));
  peal_kit_digest_hex(hex, out, sizeof out);
  assert_string_equal(hex,
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
                      "ff61f20015ad");
  assert_true(peal_kit_digest_hmac(other, key, PEAL_S("abc")));
  assert_false(peal_kit_digest_is_equal(out, other));
  assert_true(peal_kit_digest_random(key, sizeof key));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(base64_is_that_of_the_rfc),
      cmocka_unit_test(base64_has_one_text_for_the_same_bytes),
      cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
      cmocka_unit_test(digests_are_those_that_others_make),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
