/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/no_proxy.h"

typedef struct list_case {
  const char *list, *host;
  bool has;
} list_case;

static void a_list_is_read_as_curl_reads_it(void **state) {
  static const list_case all[] = {
      {"", "a.test", false},
      {"*", "a.test", true},
      {" * ", "::1", true},
      {"*,b", "a.test", false}, /* alone only */
      {"a.test", "a.test", true},
      {"a.test", "A.TEST", true},
      {"a.test", "a.test.", true},
      {"a.test.", "a.test", true},
      {"a.test", "x.a.test", true},
      {".a.test", "x.a.test", true},
      {".a.test", "a.test", true},
      {"a.test", "xa.test", false},
      {"a.test", "test", false},
      {"b,a.test", "a.test", true},
      {"b a.test\tc", "a.test", true},
      {",,  ,a.test,", "a.test", true},
      {".", "a.test", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "x.127.0.0.1", true},
      {"0.0.1", "127.0.0.1", false},
      {"10.0.0.0/8", "10.200.3.4", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.0/8", "10.test", false},
      {"10.0.0.0/33", "10.0.0.1", false},
      {"::1", "::1", true},
      {"[::1]", "0:0::1", true},
      {"fe80::/10", "fe80::1234", true},
      {"fe80::/10", "fec0::1", false},
      {"a.test", "", false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (peal_no_proxy_has(peal_slice_of(all[i].list),
                          peal_slice_of(all[i].host)) != all[i].has)
      fail_msg("\"%s\" and %s", all[i].list, all[i].host);
  assert_false(peal_no_proxy_has((peal_slice){NULL, 0}, PEAL_S("a")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_list_is_read_as_curl_reads_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
