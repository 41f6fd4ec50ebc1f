/* SPDX-License-Identifier: MIT */
/* What was decoded and not touched is copied when it is encoded: always the
 * bytes that encoding would have written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/val_impl.h"
#include "wire/json.h"
#include "wire/sio_packet.h"

typedef struct fixture {
  peal_arena arena;
  peal_buf first;
  peal_buf second;
} fixture;

static int set_up(void **state) {
  static fixture f;
  peal_arena_init(&f.arena, NULL, 0, 0);
  peal_buf_init(&f.first, NULL, 0);
  peal_buf_init(&f.second, NULL, 0);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  peal_arena_deinit(&f->arena);
  peal_buf_deinit(&f->first);
  peal_buf_deinit(&f->second);
  return 0;
}

static peal_val decode(fixture *f, peal_slice text) {
  peal_val value;
  assert_int_equal(peal_json_decode_utf8(&value, text, &f->arena, NULL),
                   PEAL_OK);
  return value;
}

/* A deep copy knows nothing of the text. */
static void assert_encodes_as_its_copy(fixture *f, peal_val value) {
  peal_val copy;
  size_t placeholders = 0;
  assert_int_equal(peal_val_impl_copy(&copy, value, &f->arena), PEAL_OK);
  peal_buf_reset(&f->first);
  peal_buf_reset(&f->second);
  peal_json_encode(&f->first, value, &placeholders);
  placeholders = 0;
  peal_json_encode(&f->second, copy, &placeholders);
  assert_int_equal(f->first.err, f->second.err);
  if (!peal_slice_eq(peal_buf_slice(&f->first), peal_buf_slice(&f->second)))
    fail_msg("%.*s\n%.*s", PEAL_SFMT(peal_buf_slice(&f->first)),
             PEAL_SFMT(peal_buf_slice(&f->second)));
}

#define LONG "\"a string that is long enough\""

static void what_encoding_writes_is_remembered(void **state) {
  fixture *f = *state;
  static const char *const texts[] = {
      "\"a\"",
      "\"\xe2\x82\xac\"",
      "[" LONG ",1]",
      "{\"a\":" LONG "}",
      "[" LONG ",0,-1,9223372036854775807,-9223372036854775808]",
      "[" LONG ",0.5,-1.25,0.000001,123456789012.345,100000.1]",
      "[" LONG ",true,false,null,[],{},\"\"]",
      "[" LONG ",\"\\b\\f\\n\\r\\t\\\"\\\\\",\"\\u0000\\u001f\"]",
      "{\"\\n\":[[[{\"x\":" LONG "}]]],\"\":1,\"a\":2,\"a\":3}"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    peal_slice text = peal_slice_of(texts[i]);
    peal_val value = decode(f, text);
    if (!peal_val_impl_is_raw(value))
      fail_msg("not raw: %s", texts[i]);
    assert_encodes_as_its_copy(f, value);
    assert_true(peal_slice_eq(peal_buf_slice(&f->first), text));
  }
}

static void what_encoding_writes_otherwise_is_not_remembered(void **state) {
  fixture *f = *state;
  static const char *const texts[] = {"[ " LONG "]",
                                      "[" LONG " ]",
                                      "[" LONG ",\n1]",
                                      "{\"a\" :" LONG "}",
                                      "[" LONG ",1.0]",
                                      "[" LONG ",0.0]",
                                      "[" LONG ",-0]",
                                      "[" LONG ",-0.0]",
                                      "[" LONG ",1.50]",
                                      "[" LONG ",1e2]",
                                      "[" LONG ",1.5e2]",
                                      "[" LONG ",0.0000001]",
                                      "[" LONG ",0.0000005]",
                                      "[" LONG ",9223372036854775808]",
                                      "[" LONG ",12345678901234567890.5]",
                                      "[" LONG ",0.1000000000000000055]",
                                      "[" LONG ",\"\\/\"]",
                                      "[" LONG ",\"\\u0041\"]",
                                      "[" LONG ",\"\\u000a\"]",
                                      "[" LONG ",\"\\u001F\"]",
                                      "[" LONG ",\"\\u007f\"]",
                                      "[" LONG ",\"\\ud800\"]",
                                      "[" LONG ",\"\\u20ac\"]",
                                      "{\"\\u0041\":" LONG "}",
                                      "\"\\n\"",
                                      "[1,2]"}; /* too short to be worth it */
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    peal_val value = decode(f, peal_slice_of(texts[i]));
    if (peal_val_impl_is_raw(value))
      fail_msg("raw: %s", texts[i]);
    assert_encodes_as_its_copy(f, value);
  }
}

static void only_the_containers_around_it_forget_their_text(void **state) {
  fixture *f = *state;
  peal_val value = decode(f, PEAL_S("[[" LONG ",1],[" LONG ",1.0]]"));
  assert_false(peal_val_impl_is_raw(value));
  assert_true(peal_val_impl_is_raw(value.as.items[0]));
  assert_false(peal_val_impl_is_raw(value.as.items[1]));
  assert_true(peal_val_impl_is_raw(value.as.items[1].as.items[0]));
  assert_encodes_as_its_copy(f, value);
}

/* Every spelling of decimals: the shortcut for those that are the shortest of
 * their double must never be taken for another. */
static void decimals_come_back_as_they_would_be_written(void **state) {
  fixture *f = *state;
  uint64_t dice = 1;
  size_t raw = 0;
  for (int i = 0; i < 60000; i++) {
    char text[96];
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    unsigned whole = (unsigned)(dice >> 60), zeros = (unsigned)(dice >> 56) & 7;
    uint64_t front = (dice >> 8) % (whole > 12 ? 1000000000000000u : 1000u);
    uint64_t back = (dice >> 20) % (whole & 1 ? 1000u : 100000000000u);
    int len = snprintf(text, sizeof text, "[\"%s\",%s%llu.%.*s%llu]",
                       "a text of some length to be kept", dice & 64 ? "-" : "",
                       (unsigned long long)(whole < 4 ? 0 : front), (int)zeros,
                       "0000000", (unsigned long long)back);
    peal_val value = decode(f, (peal_slice){text, (size_t)len});
    raw += peal_val_impl_is_raw(value);
    assert_encodes_as_its_copy(f, value);
    peal_arena_reset(&f->arena);
  }
  assert_in_range(raw, 10000, 55000);
}

static void a_copy_outlives_the_text(void **state) {
  fixture *f = *state;
  char text[] = "[{\"a\":" LONG "},\"abc\"]";
  peal_val value = decode(f, (peal_slice){text, sizeof text - 1}), copy;
  assert_int_equal(peal_val_impl_copy(&copy, value, &f->arena), PEAL_OK);
  memset(text, 'x', sizeof text - 1);
  peal_buf_reset(&f->first);
  peal_json_encode(&f->first, copy, NULL);
  assert_true(
      peal_slice_is(peal_buf_slice(&f->first), "[{\"a\":" LONG "},\"abc\"]"));
}

/* Other items at places at which they fit the seal. */
static void items_of_a_caller_are_never_taken_for_decoded_ones(void **state) {
  enum { PLACES = 9000, STEP = 16 };

  fixture *f = *state;
  peal_val value = decode(f, PEAL_S("[" LONG ",\"abc\",2]")), own = value;
  char *room = calloc(PLACES + 4, STEP);
  size_t fitting = 0;
  assert_non_null(room);
  for (size_t i = 2; i < PLACES; i++) {
    own.as.items = (const peal_val *)(const void *)(room + i * STEP);
    fitting += own.extra == peal_val_impl_seal(own);
    assert_false(peal_val_impl_is_raw(own));
  }
  assert_in_range(fitting, 2, 3);
  free(room);
}

static void values_that_a_caller_makes_of_it_are_his_own(void **state) {
  fixture *f = *state;
  peal_val value = decode(f, PEAL_S("[" LONG ",\"abc\",2]"));
  peal_val shorter = value, moved = value, other = value.as.items[1];
  peal_val word = value.as.items[1];
  static const peal_val own[2] = {{.type = PEAL_NULL}, {.type = PEAL_NULL}};
  shorter.len--;
  moved.as.items++;
  moved.len--;
  other.as.bytes = "\"\"\"";
  word.as.bytes++;
  word.len--;
  assert_false(peal_val_impl_is_raw(shorter));
  assert_false(peal_val_impl_is_raw(moved));
  assert_false(peal_val_impl_is_raw(other));
  assert_false(peal_val_impl_is_raw(word));
  value.as.items = own;
  value.len = 2;
  assert_false(peal_val_impl_is_raw(value));
  peal_buf_reset(&f->first);
  peal_json_encode(&f->first,
                   PEAL_ARRAY(peal_null(), shorter, moved, other, word, value),
                   NULL);
  assert_true(peal_slice_is(
      peal_buf_slice(&f->first),
      "[null,[" LONG ",\"abc\"],[\"abc\",2],\"\\\"\\\"\\\"\",\"bc\",[null,null]"
      "]"));
}

/* Around what is copied there may be no more containers than around what is
 * written. */
static void nesting_is_counted_through_what_is_copied(void **state) {
  fixture *f = *state;

  enum { DEEP = PEAL_LIMIT_JSON_DEPTH };

  char text[2 * DEEP + 64] = {0};
  size_t len = 0;
  for (int i = 0; i < DEEP; i++)
    text[len++] = '[';
  len += (size_t)snprintf(text + len, 64, "%s", LONG);
  for (int i = 0; i < DEEP; i++)
    text[len++] = ']';
  peal_val value = decode(f, (peal_slice){text, len});
  assert_true(peal_val_impl_is_raw(value));
  assert_encodes_as_its_copy(f, value);
  assert_int_equal(f->first.err, PEAL_OK);
  peal_buf_reset(&f->first);
  peal_json_encode(&f->first, PEAL_ARRAY(value), NULL);
  assert_int_equal(f->first.err, PEAL_ERR_DEPTH);
  peal_buf_reset(&f->first);
  peal_json_encode_args(&f->first, PEAL_S("name"), PEAL_ARGS(value), NULL);
  assert_int_equal(f->first.err, PEAL_ERR_DEPTH);
  peal_buf_reset(&f->first);
  peal_json_encode_args(&f->first, PEAL_S("name"), PEAL_ARGS(value.as.items[0]),
                        NULL);
  assert_int_equal(f->first.err, PEAL_OK);
  peal_buf_reset(&f->first);
}

static void attachments_change_what_is_around_them(void **state) {
  fixture *f = *state;
  peal_sio_packet packet;
  const peal_slice attachment = PEAL_S("data");
  peal_slice text =
      PEAL_S("51-[\"name\",{\"a\":[" LONG
             ",{\"_placeholder\":true,\"num\":0}]},{\"b\":" LONG "}]");
  assert_int_equal(
      peal_sio_packet_decode_utf8(&packet, text, 1, &f->arena, NULL), PEAL_OK);
  assert_true(peal_val_impl_is_raw(packet.data));
  assert_int_equal(peal_sio_packet_attach(&packet, &attachment, 1, &f->arena),
                   PEAL_OK);
  assert_false(peal_val_impl_is_raw(packet.data));
  peal_val holder = peal_val_get(packet.data.as.items[1], "a");
  assert_true(peal_val_is(holder.as.items[1], PEAL_BINARY));
  size_t count = 0;
  assert_true(peal_val_impl_binaries(packet.data, &count));
  assert_int_equal(count, 1);
  assert_encodes_as_its_copy(f, packet.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_encoding_writes_is_remembered),
      cmocka_unit_test(what_encoding_writes_otherwise_is_not_remembered),
      cmocka_unit_test(only_the_containers_around_it_forget_their_text),
      cmocka_unit_test(decimals_come_back_as_they_would_be_written),
      cmocka_unit_test(a_copy_outlives_the_text),
      cmocka_unit_test(items_of_a_caller_are_never_taken_for_decoded_ones),
      cmocka_unit_test(values_that_a_caller_makes_of_it_are_his_own),
      cmocka_unit_test(nesting_is_counted_through_what_is_copied),
      cmocka_unit_test(attachments_change_what_is_around_them),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
