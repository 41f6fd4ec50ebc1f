/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/redis_url.h"
#include "wire_case.h"

static void log_word(wire_log *log, const char *name, const char *word) {
  if (word)
    wire_log_add(log, "%s %s", name, word);
}

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  static const char *const kinds[] = {"server", "sentinel", "cluster"};
  static peal_redis_url url;
  peal_slice text;
  (void)user;
  (void)test;
  assert_true(wire_feed_next(feed, &text));
  const char *wrong = peal_redis_url_parse(&url, text);
  if (wrong) {
    wire_log_add(log, "wrong: %s", wrong);
    return;
  }
  wire_log_add(log, "%s%s db %u", kinds[url.kind],
               url.insecure ? " tls insecure"
               : url.is_tls ? " tls"
                            : "",
               (unsigned)url.db);
  for (size_t i = 0; i < url.host_count; i++)
    wire_log_add(log, "host %s %u", url.hosts[i].name, url.hosts[i].port);
  log_word(log, "user", url.user);
  log_word(log, "password", url.password);
  log_word(log, "service", url.service);
  log_word(log, "sentinel user", url.sentinel_user);
  log_word(log, "sentinel password", url.sentinel_password);
  log_word(log, "name", url.name);
  log_word(log, "ca", url.ca_file);
  log_word(log, "cert", url.cert_file);
  log_word(log, "key", url.key_file);
}

static void urls_come_apart_as_they_are_written(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("redis_url", WIRE_CASE_WHOLE, run_case, NULL),
                   0);
}

static void a_url_that_is_too_long_is_refused(void **state) {
  static peal_redis_url url;
  static char text[PEAL_REDIS_URL_MAX + 1];
  (void)state;
  memset(text, 'x', sizeof(text));
  memcpy(text, "redis://:", 9);
  text[PEAL_REDIS_URL_MAX - 3] = '@';
  assert_null(
      peal_redis_url_parse(&url, (peal_slice){text, PEAL_REDIS_URL_MAX - 2}));
  assert_int_equal(strlen(url.password), PEAL_REDIS_URL_MAX - 12);
  assert_string_equal(
      peal_redis_url_parse(&url, (peal_slice){text, PEAL_REDIS_URL_MAX}),
      "it is too long, more than 8191 bytes");
  memset(text, ',', PEAL_REDIS_URL_MAX);
  memcpy(text, "redis+cluster://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", 49);
  assert_string_equal(peal_redis_url_parse(&url, (peal_slice){text, 49}),
                      "more than 16 hosts");
}

/* Those of docs/guide/redis.md: the lines of its block of text. */
static void the_guides_urls_are_read(void **state) {
  static peal_redis_url url;
  char line[512];
  int count = 0;
  bool inside = false;
  FILE *file = fopen(PEAL_TEST_DIR "/../docs/guide/redis.md", "r");
  (void)state;
  assert_non_null(file);
  while (fgets(line, sizeof(line), file)) {
    if (strncmp(line, "```", 3) == 0) {
      inside = strncmp(line, "```text", 7) == 0;
    } else if (inside) {
      line[strcspn(line, "\n")] = 0;
      const char *wrong = peal_redis_url_parse(&url, peal_slice_of(line));
      if (wrong)
        fail_msg("%s: %s", line, wrong);
      count++;
    }
  }
  fclose(file);
  assert_int_equal(count, 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_come_apart_as_they_are_written),
      cmocka_unit_test(a_url_that_is_too_long_is_refused),
      cmocka_unit_test(the_guides_urls_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
