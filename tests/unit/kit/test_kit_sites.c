/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "kit/kit_sites.h"

static bool is_ours(const char *host, const char *names) {
  return peal_kit_sites_host_is_ours(peal_slice_of(host), "Workbench", names);
}

static void addresses_and_own_names_are_ours(void **state) {
  (void)state;
  static const char *const hosts[] = {
      "127.0.0.1",       "192.168.1.7:5000", "[::1]:5000",
      "[fe80::1]",       "localhost",        "LOCALHOST:5000",
      "app.localhost:1", "workbench",        "WorkBench:5000",
      "workbench.local", "workbench.lan.",   "workbench.fritz.box:80"};
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
    assert_true(is_ours(hosts[i], NULL));
}

static void other_names_are_not(void **state) {
  (void)state;
  static const char *const hosts[] = {"evil.example",
                                      "evil.example:5000",
                                      "workbench.evil.example",
                                      "xworkbench",
                                      "localhost.evil",
                                      "notlocalhost",
                                      "127.0.0.1.nip.io",
                                      "1.2.3",
                                      "[::1",
                                      "[evil.example]",
                                      ".localhost",
                                      "workbench.com",
                                      "192.168.1.7.evil:1"};
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
    assert_false(is_ours(hosts[i], NULL));
  assert_false(peal_kit_sites_host_is_ours(PEAL_S("evil"), "", NULL));
  assert_false(peal_kit_sites_host_is_ours(PEAL_S(".local"), "", NULL));
}

static void the_option_names_more(void **state) {
  (void)state;
  const char *names = "board.example.org, second.example:8080";
  assert_true(is_ours("board.example.org", names));
  assert_true(is_ours("Board.Example.org:443", names));
  assert_true(is_ours("second.example:8080", names));
  assert_false(is_ours("second.example:80", names));
  assert_false(is_ours("example.org", names));
  assert_true(is_ours("evil.example", "*"));
}

static bool is_foreign(const char *origin, const char *origins) {
  return peal_kit_sites_origin_is_foreign(peal_slice_of(origin),
                                          PEAL_S("board.local:5000"), origins);
}

static void pages_of_the_same_host_are_not_foreign(void **state) {
  (void)state;
  assert_false(is_foreign("", NULL));
  assert_false(is_foreign("http://board.local:5000", NULL));
  assert_false(is_foreign("https://BOARD.local:5000", NULL));
  assert_true(is_foreign("http://board.local:5001", NULL));
  assert_true(is_foreign("http://evil.example", NULL));
  assert_true(is_foreign("null", NULL));
  // nginx: Host $host
  assert_false(peal_kit_sites_origin_is_foreign(
      PEAL_S("https://board.local:8443"), PEAL_S("board.local"), NULL));
  assert_false(peal_kit_sites_origin_is_foreign(PEAL_S("http://[::1]:81"),
                                                PEAL_S("[::1]"), NULL));
  assert_true(peal_kit_sites_origin_is_foreign(
      PEAL_S("http://board.local.evil"), PEAL_S("board.local"), NULL));
  // no page of the web can have made these
  assert_false(is_foreign("file://", NULL));
  assert_false(is_foreign("app://board", NULL));
}

static void listed_pages_are_not_foreign(void **state) {
  (void)state;
  const char *origins = "https://a.example https://*.b.example,http://c:1";
  assert_false(is_foreign("https://a.example", origins));
  assert_false(is_foreign("https://x.b.example", origins));
  assert_false(is_foreign("https://x.y.b.example", origins));
  assert_false(is_foreign("http://C:1", origins));
  assert_true(is_foreign("https://b.example", origins));
  assert_true(is_foreign("https://xb.example", origins));
  assert_true(is_foreign("http://x.b.example", origins));
  assert_true(is_foreign("https://x.b.example.evil", origins));
  assert_true(is_foreign("null", origins));
  assert_false(is_foreign("http://localhost:81", "http://localhost:*"));
  assert_true(is_foreign("http://localhost", "http://localhost:*"));
  assert_false(is_foreign("https://x.b:81", "https://*.b:*"));
  assert_true(is_foreign("https://x.c:81", "https://*.b:*"));
  assert_false(is_foreign("https://evil.example", "*"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses_and_own_names_are_ours),
      cmocka_unit_test(other_names_are_not),
      cmocka_unit_test(the_option_names_more),
      cmocka_unit_test(pages_of_the_same_host_are_not_foreign),
      cmocka_unit_test(listed_pages_are_not_foreign),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
