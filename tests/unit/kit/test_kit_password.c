/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <peal/kit_password.h>

/* Little work, so that a test takes none. */
static const peal_kit_password_cost cheap = {.ln = 6, .r = 8, .p = 1};

static bool is_right(peal_slice password, const char *hash, bool *is_old) {
  bool right = true;
  assert_int_equal(peal_kit_password_check(&right, is_old, password,
                                           peal_slice_of(hash), &cheap),
                   PEAL_OK);
  return right;
}

static void knows_the_vectors_of_the_rfc(void **state) {
  (void)state;

  // RFC7914 12; the third by another implementation
  static const struct {
    peal_slice password;
    const char *hash;
  } vectors[] = {
      {{"password", 8},
       "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3"
       "MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA"},
      {{"pleaseletmein", 13},
       "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQ"
       "T44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"},
      {{"caf\xc3\xa9 \0 x", 9},
       "$scrypt$ln=12,r=8,p=2$MDEyMzQ1Njc4OWFiY2RlZg$bTy2qPm6E/+exk+RQZxQLbK7L"
       "33aOWQeuQTKZksILOw"},
  };

  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    bool is_old = false;
    assert_true(is_right(vectors[i].password, vectors[i].hash, &is_old));
    assert_true(is_old); // other costs than ours are
    assert_false(is_right(PEAL_S("other"), vectors[i].hash, NULL));
  }
}

static void a_hash_is_of_one_password_and_never_the_same(void **state) {
  char one[PEAL_KIT_PASSWORD_BYTES], other[PEAL_KIT_PASSWORD_BYTES];
  const peal_kit_password_cost dear = {.ln = 7, .r = 8, .p = 1};
  bool is_old = true, right = false;
  (void)state;
  assert_int_equal(peal_kit_password_hash(one, PEAL_S("secret"), &cheap), 0);
  assert_int_equal(peal_kit_password_hash(other, PEAL_S("secret"), &cheap), 0);
  assert_string_not_equal(one, other);
  assert_memory_equal(one, "$scrypt$ln=6,r=8,p=1$", 21);
  assert_true(is_right(PEAL_S("secret"), one, &is_old));
  assert_false(is_old);
  assert_false(is_right(PEAL_S("Secret"), one, NULL));
  assert_false(is_right(PEAL_S("secret "), one, NULL));
  assert_false(is_right(PEAL_S(""), one, NULL));
  assert_int_equal(peal_kit_password_check(&right, &is_old, PEAL_S("secret"),
                                           peal_slice_of(one), &dear),
                   PEAL_OK);
  assert_true(right && is_old);
}

static void the_empty_password_is_one_as_well(void **state) {
  char hash[PEAL_KIT_PASSWORD_BYTES];
  (void)state;
  assert_int_equal(peal_kit_password_hash(hash, (peal_slice){0}, &cheap), 0);
  assert_true(is_right((peal_slice){0}, hash, NULL));
  assert_false(is_right(PEAL_S("x"), hash, NULL));
}

static void costs_are_bounded(void **state) {
  static const peal_kit_password_cost wrong[] = {
      {3, 8, 1}, {21, 1, 1}, {15, 33, 1}, {15, 8, 17}, {20, 8, 1}, {4, 1, 0}};
  char hash[PEAL_KIT_PASSWORD_BYTES];
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(peal_kit_password_hash(hash, PEAL_S("x"), &wrong[i]),
                     PEAL_ERR_USAGE);
    assert_string_equal(hash, "");
  }
  // 0 is the usual one
  assert_int_equal(peal_kit_password_hash(hash, PEAL_S("x"), &wrong[5]), 0);
  assert_memory_equal(hash, "$scrypt$ln=4,r=1,p=3$", 21);
}

static void what_is_no_hash_is_right_for_nobody(void **state) {
  static const char *const wrong[] = {
      "",
      "$scrypt$",
      "secret",
      "$scrypt$ln=6,r=8,p=1$",
      "$scrypt$ln=6,r=8,p=1$AAAA$",
      "$scrypt$ln=6,r=8,p=1$$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=6,r=8,p=1$AAAA=$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=6,r=8,p=1$AA A$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=6,r=8,p=1$AAAA$AAAAA",
      "$scrypt$ln=6,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA$x",
      "$scrypt$ln=06,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=-6,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$r=8,ln=6,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=31,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=20,r=32,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=4294967302,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
      "$argon2id$ln=6,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
  };
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    bool right = true;
    peal_err err = peal_kit_password_check(&right, NULL, PEAL_S("secret"),
                                           peal_slice_of(wrong[i]), &cheap);
    if (err != PEAL_ERR_USAGE)
      print_message("for: %s\n", wrong[i]);
    assert_int_equal(err, PEAL_ERR_USAGE);
    assert_false(right);
  }
}

/* One whose hash was cut to three bytes is right for one in 16 million. */
static void a_short_hash_is_right_for_nobody(void **state) {
  char hash[PEAL_KIT_PASSWORD_BYTES];
  (void)state;
  assert_int_equal(peal_kit_password_hash(hash, PEAL_S("secret"), &cheap), 0);
  strrchr(hash, '$')[5] = '\0';
  assert_false(is_right(PEAL_S("secret"), hash, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_the_vectors_of_the_rfc),
      cmocka_unit_test(a_hash_is_of_one_password_and_never_the_same),
      cmocka_unit_test(the_empty_password_is_one_as_well),
      cmocka_unit_test(costs_are_bounded),
      cmocka_unit_test(what_is_no_hash_is_right_for_nobody),
      cmocka_unit_test(a_short_hash_is_right_for_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
