/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/crypto.h"

static void hashes_as_the_standard_says(void **state) {
  (void)state;
  char out[65];
  unsigned char sum[20];
  assert_int_equal(peal_crypto_sha1(sum, PEAL_S("abc")), PEAL_OK);
  assert_memory_equal(sum,
                      "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e"
                      "\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d",
                      20);
  assert_int_equal(peal_crypto_sha256_hex(out, PEAL_S("abc")), PEAL_OK);
  assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223"
                           "b00361a396177a9cb410ff61f20015ad");
  assert_int_equal(peal_crypto_sha256_hex(out, (peal_slice){NULL, 0}), PEAL_OK);
  assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb924"
                           "27ae41e4649b934ca495991b7852b855");
}

static void ids_are_20_safe_characters_and_differ(void **state) {
  (void)state;
  static char ids[1000][21];
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(peal_crypto_id(ids[i]), PEAL_OK);
    assert_int_equal(strlen(ids[i]), 20);
    assert_int_equal(strspn(ids[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789-_"),
                     20);
    for (int j = 0; j < i; j++)
      assert_string_not_equal(ids[i], ids[j]);
  }
}

static void a_child_makes_other_ids_than_its_parent(void **state) {
  (void)state;
  char first[21], ours[21], theirs[21];
  int ends[2];
  assert_int_equal(peal_crypto_id(first), PEAL_OK); /* bits are left now */
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  if (!child) {
    bool ok = !peal_crypto_id(theirs) &&
              write(ends[1], theirs, sizeof theirs) == sizeof theirs;
    _exit(ok ? 0 : 1);
  }
  assert_true(child > 0);
  assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
  assert_int_equal(waitpid(child, NULL, 0), child);
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(peal_crypto_id(ours), PEAL_OK);
  assert_string_not_equal(ours, theirs);
}

static void random_fills_what_it_is_given(void **state) {
  (void)state;
  static unsigned char data[200000];
  size_t zeros = 0;
  assert_int_equal(peal_crypto_random(data, sizeof(data)), PEAL_OK);
  for (size_t i = 0; i < sizeof(data); i++)
    zeros += data[i] == 0;
  assert_in_range(zeros, 500, 1100);
  assert_int_equal(peal_crypto_random(data, 0), PEAL_OK);
}

static void compares_by_content_and_length(void **state) {
  (void)state;
  assert_true(peal_crypto_eq(PEAL_S("secret"), PEAL_S("secret")));
  assert_false(peal_crypto_eq(PEAL_S("secret"), PEAL_S("secreT")));
  assert_false(peal_crypto_eq(PEAL_S("secret"), PEAL_S("secret1")));
  assert_true(peal_crypto_eq((peal_slice){NULL, 0}, PEAL_S("")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hashes_as_the_standard_says),
      cmocka_unit_test(ids_are_20_safe_characters_and_differ),
      cmocka_unit_test(a_child_makes_other_ids_than_its_parent),
      cmocka_unit_test(random_fills_what_it_is_given),
      cmocka_unit_test(compares_by_content_and_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
