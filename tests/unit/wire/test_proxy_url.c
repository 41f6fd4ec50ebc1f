/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/proxy_url.h"

typedef struct url_case {
  const char *url;
  peal_proxy_kind kind;
  const char *host;
  uint16_t port;
  const char *user, *password; /* NULL: no user */
} url_case;

static void urls_are_read_as_curl_reads_them(void **state) {
  static const url_case all[] = {
      {"a.test", PEAL_PROXY_HTTP, "a.test", 1080, NULL, NULL},
      {"a.test:3128", PEAL_PROXY_HTTP, "a.test", 3128, NULL, NULL},
      {"HTTP://a.test:3128/", PEAL_PROXY_HTTP, "a.test", 3128, NULL, NULL},
      {"https://a.test", PEAL_PROXY_HTTPS, "a.test", 443, NULL, NULL},
      {"socks5://127.0.0.1", PEAL_PROXY_SOCKS5, "127.0.0.1", 1080, NULL, NULL},
      {"socks5h://[::1]:9050", PEAL_PROXY_SOCKS5H, "::1", 9050, NULL, NULL},
      {"http://me@a.test:1/x", PEAL_PROXY_HTTP, "a.test", 1, "me", ""},
      {"http://m%65:p%3a%40:@@a.test:1", PEAL_PROXY_HTTP, "a.test", 1, "me",
       "p:@:@"},
      {"http://:@a.test:1", PEAL_PROXY_HTTP, "a.test", 1, "", ""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    peal_proxy_url got;
    assert_int_equal(peal_proxy_url_parse(&got, peal_slice_of(all[i].url)),
                     PEAL_OK);
    assert_int_equal(got.kind, all[i].kind);
    assert_true(peal_slice_is(got.host, all[i].host));
    assert_int_equal(got.port, all[i].port);
    assert_int_equal(got.has_user, all[i].user != NULL);
    const peal_slice user = {got.user, got.user_len};
    const peal_slice password = {got.password, got.password_len};
    assert_true(peal_slice_is(user, all[i].user));
    assert_true(peal_slice_is(password, all[i].password));
  }
}

static void what_is_no_proxy_is_refused(void **state) {
  static const char *const all[] = {
      "",
      "http://",
      "http:///",
      "ftp://a",
      "socks4://a",
      "://a",
      "http://a:",
      "http://a:0",
      "http://a:65536",
      "http://a:1x",
      "http://[::1",
      "http://[::1]x",
      "http://a b",
      "http://a\r\nX: y",
      "http://u%zz@a",
      "http://u%00@a",
      "http://u:p%0@a",
      "http://@",
      "http://a?b",
  };
  (void)state;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    peal_proxy_url got;
    if (peal_proxy_url_parse(&got, peal_slice_of(all[i])) != PEAL_ERR_OPTION)
      fail_msg("%s is taken", all[i]);
  }
}

static void words_are_as_long_as_socks5_has_room(void **state) {
  char url[1200];
  peal_proxy_url got;
  (void)state;
  for (size_t len = 255; len <= 256; len++) {
    memset(url, 'u', sizeof(url));
    memcpy(url, "http://", 7);
    memcpy(url + 7 + len, "@a", 3);
    assert_int_equal(peal_proxy_url_parse(&got, peal_slice_of(url)),
                     len == 255 ? PEAL_OK : PEAL_ERR_OPTION);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_are_read_as_curl_reads_them),
      cmocka_unit_test(what_is_no_proxy_is_refused),
      cmocka_unit_test(words_are_as_long_as_socks5_has_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
