/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli_commands.h"
#include "cli_nearest.h"
#include "cli_opts.h"

static cli_opts opts;

static bool parse(const char *command, int argc, const char *argv[]) {
  return cli_opts_parse(&opts, cli_commands_find(command), argc,
                        (char *const *)(uintptr_t)argv);
}

#define PARSE(command, ...)                                                    \
  parse(command,                                                               \
        (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)),   \
        (const char *[]){__VA_ARGS__})

static void reads_the_forms_of_an_option(void **state) {
  (void)state;
  assert_true(PARSE("listen", "--namespace=/a", "u"));
  assert_string_equal(opts.nsp, "/a");
  assert_true(PARSE("listen", "u", "--namespace", "/b"));
  assert_string_equal(opts.nsp, "/b");
  assert_true(PARSE("listen", "u", "-n/c"));
  assert_string_equal(opts.nsp, "/c");
  assert_true(PARSE("listen", "u", "-n", "/d"));
  assert_string_equal(opts.nsp, "/d");
  assert_true(PARSE("listen", "u", "-vqn/e"));
  assert_string_equal(opts.nsp, "/e");
  assert_true(opts.verbose && opts.quiet);
  assert_true(PARSE("listen", "u", "--namespace="));
  assert_string_equal(opts.nsp, "");
}

static void keeps_words_that_only_look_like_options(void **state) {
  (void)state;
  assert_true(PARSE("emit", "u", "e", "-", "-5", "-.5", "--", "--ack", "-v"));
  assert_int_equal(opts.word_count, 7);
  assert_string_equal(opts.words[2], "-");
  assert_string_equal(opts.words[3], "-5");
  assert_string_equal(opts.words[5], "--ack");
  assert_false(opts.wants_ack || opts.verbose);
}

static void reads_times_and_their_units(void **state) {
  (void)state;

  static const struct {
    const char *text;
    uint32_t ms;
  } times[] = {{"250ms", 250},  {"5s", 5000},  {"2m", 120000},
               {"1h", 3600000}, {"1.5", 1500}, {"10", 10000}};

  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    assert_true(PARSE("listen", "u", "--timeout", times[i].text));
    assert_int_equal(opts.timeout_ms, times[i].ms);
  }
  static const char *const wrong[] = {"",    "s",   "5x",  "-5",
                                      "nan", "inf", "0x5", "99h"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    assert_false(PARSE("listen", "u", "--timeout", wrong[i]));
}

static void refuses_numbers_out_of_range(void **state) {
  (void)state;
  assert_true(PARSE("serve", "--port", "0"));
  assert_true(PARSE("serve", "--port", "65535"));
  assert_int_equal(opts.port, 65535);
  assert_false(PARSE("serve", "--port", "65536"));
  assert_false(PARSE("serve", "--port", "1.5"));
  assert_false(PARSE("bench", "u", "--rate", "0"));
  assert_true(PARSE("bench", "u", "--rate", "0.5"));
  assert_true(opts.rate > 0.49 && opts.rate < 0.51);
}

static void collects_what_may_be_repeated_up_to_a_ceiling(void **state) {
  (void)state;
  const char *argv[2 * CLI_LIST_MAX + 3];
  int argc = 0;
  argv[argc++] = "u";
  for (int i = 0; i < CLI_LIST_MAX; i++) {
    argv[argc++] = "-H";
    argv[argc++] = "A: b";
  }
  assert_true(parse("listen", argc, argv));
  assert_int_equal(opts.headers.count, CLI_LIST_MAX);
  argv[argc++] = "-HA: b";
  assert_false(parse("listen", argc, argv));
}

static void bounds_the_number_of_words(void **state) {
  (void)state;
  const char *argv[CLI_WORDS_MAX + 1];
  for (int i = 0; i <= CLI_WORDS_MAX; i++)
    argv[i] = "w";
  assert_true(parse("emit", CLI_WORDS_MAX, argv));
  assert_false(parse("emit", CLI_WORDS_MAX + 1, argv));
}

static void starts_from_the_defaults_each_time(void **state) {
  (void)state;
  assert_true(PARSE("bench", "u", "-C", "7", "-n", "/x"));
  assert_int_equal(opts.connections, 7);
  assert_true(PARSE("bench", "u"));
  assert_int_equal(opts.connections, 10);
  assert_null(opts.nsp);
}

static void no_letter_or_name_stands_for_two(void **state) {
  (void)state;
  for (size_t i = 0; i < cli_option_table_count; i++)
    for (size_t j = 0; j < i; j++) {
      const cli_option *a = &cli_option_table[i], *b = &cli_option_table[j];
      if ((a->commands & b->commands) == 0)
        continue;
      assert_string_not_equal(a->name, b->name);
      assert_true(a->letter == 0 || a->letter != b->letter);
    }
}

static void the_nearest_word_is_near(void **state) {
  (void)state;
  cli_nearest nearest;
  cli_nearest_init(&nearest, "lisen");
  cli_nearest_feed(&nearest, "emit");
  cli_nearest_feed(&nearest, "listen");
  assert_string_equal(nearest.best, "listen");
  cli_nearest_init(&nearest, "zzzzzz");
  cli_nearest_feed(&nearest, "emit");
  assert_null(nearest.best);
  char monster[4096];
  memset(monster, 'x', sizeof monster - 1);
  monster[sizeof monster - 1] = '\0';
  cli_nearest_init(&nearest, monster);
  cli_nearest_feed(&nearest, "emit");
  assert_null(nearest.best);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_the_forms_of_an_option),
      cmocka_unit_test(keeps_words_that_only_look_like_options),
      cmocka_unit_test(reads_times_and_their_units),
      cmocka_unit_test(refuses_numbers_out_of_range),
      cmocka_unit_test(collects_what_may_be_repeated_up_to_a_ceiling),
      cmocka_unit_test(bounds_the_number_of_words),
      cmocka_unit_test(starts_from_the_defaults_each_time),
      cmocka_unit_test(no_letter_or_name_stands_for_two),
      cmocka_unit_test(the_nearest_word_is_near),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
