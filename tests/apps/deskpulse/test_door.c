/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "door.h"

static void addresses_of_this_machine(void **state) {
  static const char *const own[] = {"127.0.0.1", "127.8.9.10", "::1",
                                    "::ffff:127.0.0.1", "unix"};
  static const char *const others[] = {
      "",           "192.168.1.2", "10.0.0.1",        "::2",     "fe80::1",
      "127.0.0.1.", "localhost",   "::ffff:10.0.0.1", "0.0.0.0", "1277.0.0.1"};
  (void)state;
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    assert_true(door_address_is_local(peal_slice_of(own[i])));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(door_address_is_local(peal_slice_of(others[i])));
}

static void hosts_of_this_machine(void **state) {
  static const char *const own[] = {
      "localhost",      "localhost:5003", "LOCALHOST",
      "127.0.0.1:5003", "[::1]",          "[::1]:5003",
      "localhost.",     "a.localhost:80", "dev.app.localhost",
  };
  static const char *const others[] = {
      "desk.local",     "192.168.1.2:5003",   "example.org",
      "localhost.evil", "notlocalhost",       "[::2]:5003",
      "[::1",           "evil.org:localhost", "unix",
      ".localhost",     "127.0.0.1.nip.io"};
  (void)state;
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    assert_true(door_host_is_local(peal_slice_of(own[i])));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(door_host_is_local(peal_slice_of(others[i])));
}

static void pages_of_this_machine(void **state) {
  static const char *const own[] = {
      "", "http://localhost:5003", "https://localhost", "http://127.0.0.1:8080",
      "http://[::1]:5003"};
  static const char *const others[] = {"null",
                                       "http://desk.local:5003",
                                       "https://example.org",
                                       "file://",
                                       "http://",
                                       "localhost",
                                       "http://localhost.evil.org"};
  (void)state;
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    assert_true(door_origin_is_local(peal_slice_of(own[i])));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(door_origin_is_local(peal_slice_of(others[i])));
}

static void what_proxies_say_of_this_machine(void **state) {
  static const char *const own[] = {"127.0.0.1", " ::1 ", "127.0.0.1, ::1"};
  static const char *const others[] = {"203.0.113.9",
                                       "127.0.0.1, 203.0.113.9",
                                       "203.0.113.9, 127.0.0.1",
                                       "unknown",
                                       "127.0.0.1:80",
                                       "127.0.0.1,,127.0.0.1",
                                       ",",
                                       " ",
                                       ""};
  (void)state;
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    assert_true(door_list_is_local(peal_slice_of(own[i])));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(door_list_is_local(peal_slice_of(others[i])));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses_of_this_machine),
      cmocka_unit_test(hosts_of_this_machine),
      cmocka_unit_test(pages_of_this_machine),
      cmocka_unit_test(what_proxies_say_of_this_machine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
