/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "wire/forwarded.h"
#include "wire_case.h"

static void log_node(wire_log *log, peal_slice node) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  uint8_t ip[16];
  char text[INET6_ADDRSTRLEN] = "none";
  if (peal_forwarded_node(ip, node)) {
    bool v4 = memcmp(ip, mapped, 12) == 0;
    assert_non_null(inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip + 12 : ip, text,
                              sizeof text));
  }
  wire_log_add(log, "node %s", text);
}

static void log_params(wire_log *log, peal_slice element) {
  static const char *const names[] = {"for", "host", "proto"};
  for (size_t i = 0; i < 3; i++) {
    peal_slice value = peal_forwarded_param(element, names[i]);
    if (!value.ptr)
      continue;
    wire_log_add_bytes(log, names[i], value);
    if (i == 0)
      log_node(log, value);
  }
}

static void log_element(wire_log *log, peal_slice element) {
  if (element.len)
    wire_log_add_bytes(log, "element", element);
  else
    wire_log_add(log, "element");
}

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)user;
  peal_slice list, element;
  assert_true(wire_feed_next(feed, &list));
  if (!list.ptr)
    list = PEAL_S("");
  while (peal_forwarded_cut(&list, &element)) {
    log_element(log, element);
    if (wire_case_opt(test, "forwarded"))
      log_params(log, element);
    else
      log_node(log, element);
  }
  assert_null(list.ptr);
}

static void lists_are_read_from_the_right(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("forwarded", WIRE_CASE_WHOLE, run_case, NULL),
                   0);
}

static void without_a_field_there_is_no_element(void **state) {
  (void)state;
  peal_slice none = {0}, element;
  assert_false(peal_forwarded_cut(&none, &element));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_are_read_from_the_right),
      cmocka_unit_test(without_a_field_there_is_no_element),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
