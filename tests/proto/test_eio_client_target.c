/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/eio_client_target.h"

static void expect(const peal_eio_client_target *target, const char *text) {
  peal_buf out;
  peal_buf_init(&out, NULL, 0);
  peal_eio_client_target_write(&out, target);
  if (!peal_slice_is(peal_buf_slice(&out), text))
    fail_msg("%.*s", PEAL_SFMT(peal_buf_slice(&out)));
  peal_buf_deinit(&out);
}

static void a_target_has_the_programs_query_and_ours(void **state) {
  (void)state;
  expect(&(peal_eio_client_target){.path = PEAL_S("/socket.io/")},
         "/socket.io/?EIO=4&transport=polling");
  expect(&(peal_eio_client_target){.path = PEAL_S("/x"),
                                   .query = PEAL_S("a=1&b=%20"),
                                   .via = PEAL_EIO_WEBSOCKET,
                                   .sid = PEAL_S("abc-_1")},
         "/x?a=1&b=%20&EIO=4&transport=websocket&sid=abc-_1");
}

static void polling_has_a_stamp_of_eight_characters(void **state) {
  (void)state;
  peal_eio_client_target target = {
      .path = PEAL_S("/"), .has_stamp = true, .stamp = 0};
  expect(&target, "/?EIO=4&transport=polling&t=00000000");
  target.stamp = 35 + 36 * 10;
  expect(&target, "/?EIO=4&transport=polling&t=za000000");
  target.via = PEAL_EIO_WEBSOCKET;
  expect(&target, "/?EIO=4&transport=websocket");
}

static void an_id_cannot_break_out_of_its_place(void **state) {
  (void)state;
  expect(&(peal_eio_client_target){.path = PEAL_S("/"),
                                   .sid = PEAL_S("a&b=c#d%/+~")},
         "/?EIO=4&transport=polling&sid=a%26b%3Dc%23d%25%2F%2B~");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_target_has_the_programs_query_and_ours),
      cmocka_unit_test(polling_has_a_stamp_of_eight_characters),
      cmocka_unit_test(an_id_cannot_break_out_of_its_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
