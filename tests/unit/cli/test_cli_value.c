/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/val.h>

#include "cli_json.h"
#include "cli_talk.h"
#include "cli_value.h"

static peal_build *build;

static int setup(void **state) {
  (void)state;
  build = peal_build_new();
  return 0;
}

static int teardown(void **state) {
  (void)state;
  peal_build_free(build);
  return 0;
}

/* The value of a word, as JSON. */
static const char *read(const char *word, const cli_value_rules *rules) {
  static char text[512];
  peal_val value = peal_undefined();
  if (cli_value_read(build, rules, word, &value) != CLI_OK)
    return "wrong";
  peal_bytes *json = peal_json_bytes(cli_value_plain(build, value));
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(peal_bytes_slice(json)));
  peal_bytes_unref(json);
  return text;
}

static const cli_value_rules as_is = {.command = "test"};

static void json_is_json_and_the_rest_is_text(void **state) {
  (void)state;
  assert_string_equal(read("12", &as_is), "12");
  assert_string_equal(read(" true ", &as_is), "true");
  assert_string_equal(read("{\"a\": [1, null]}", &as_is), "{\"a\":[1,null]}");
  assert_string_equal(read("\"x\"", &as_is), "\"x\"");
  assert_string_equal(read("hello there", &as_is), "\"hello there\"");
  assert_string_equal(read("1.2.3", &as_is), "\"1.2.3\"");
  assert_string_equal(read("", &as_is), "\"\"");
}

static void what_begins_like_json_has_to_be_it(void **state) {
  (void)state;
  assert_string_equal(read("{a: 1}", &as_is), "wrong");
  assert_string_equal(read(" [1,", &as_is), "wrong");
  assert_string_equal(read("\"x", &as_is), "wrong");
}

static void strings_are_never_json(void **state) {
  (void)state;
  static const cli_value_rules text = {.command = "test", .is_string = true};
  assert_string_equal(read("{a: 1}", &text), "\"{a: 1}\"");
  assert_string_equal(read("12", &text), "\"12\"");
}

static void bytes_go_in_and_out_as_base64(void **state) {
  (void)state;
  assert_string_equal(read("{\"$base64\": \"AQI=\"}", &as_is),
                      "{\"$base64\":\"AQI=\"}");
  peal_val value = peal_undefined();
  assert_int_equal(cli_value_read(build, &as_is,
                                  "[{\"$base64\": \"AAH/\"}, "
                                  "{\"$base64\": \"\"}]",
                                  &value),
                   CLI_OK);
  peal_slice bytes = peal_val_binary(peal_val_at(value, 0));
  assert_int_equal(bytes.len, 3);
  assert_memory_equal(bytes.ptr, "\0\1\xff", 3);
  assert_true(peal_val_is(peal_val_at(value, 1), PEAL_BINARY));
  // what is none stays what it is
  assert_string_equal(read("{\"$base64\": \"?\"}", &as_is),
                      "{\"$base64\":\"?\"}");
  assert_string_equal(read("{\"$base64\": \"AQI=\", \"a\": 1}", &as_is),
                      "{\"$base64\":\"AQI=\",\"a\":1}");
}

static void files_that_are_not_there_are_told(void **state) {
  (void)state;
  peal_val value = peal_undefined();
  assert_int_equal(cli_value_read(build, &as_is, "@/does/not/exist", &value),
                   CLI_FILE);
  assert_int_equal(
      cli_value_read(build, &as_is, "@bin:/does/not/exist", &value), CLI_FILE);
  assert_int_equal(cli_value_read(build, &as_is, "@/", &value), CLI_FILE);
}

static void words_of_a_line_keep_their_blanks(void **state) {
  (void)state;
  const char *line = "  chat {\"a b\": [1, \"}\\\" \"]} \"x y\"\tz ";
  static const char *const words[] = {"chat", "{\"a b\": [1, \"}\\\" \"]}",
                                      "\"x y\"", "z"};
  for (size_t i = 0; i < 4; i++) {
    size_t len = cli_talk_word(&line);
    assert_int_equal(len, strlen(words[i]));
    assert_memory_equal(line, words[i], len);
    line += len;
  }
  assert_int_equal(cli_talk_word(&line), 0);
  // unfinished ones end with the line
  line = "{\"a";
  assert_int_equal(cli_talk_word(&line), 3);
  line = "\"\\";
  assert_int_equal(cli_talk_word(&line), 2);
}

static void a_terminal_gets_no_commands(void **state) {
  (void)state;
  char *text = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&text, &len);
  cli_json_print(out, peal_str("a\x7f\xc2\x9b\x1b[31m\xc3\xa9"),
                 CLI_JSON_PLAIN);
  cli_json_word(out, PEAL_S("ev\xc2\x9bil"));
  cli_json_word(out, PEAL_S("fine"));
  cli_json_word(out, PEAL_S(""));
  cli_json_text(out, PEAL_S("x\x1b[2J\xc2\x85y"));
  fclose(out);
  assert_string_equal(text, "\"a\\u007f\\u009b\\u001b[31m\xc3\xa9\""
                            "\"ev\\u009bil\"fine\"\"x [2J y");
  free(text);
}

static void colours_add_nothing_but_colours(void **state) {
  (void)state;
  char *text = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&text, &len);
  peal_val value = peal_undefined();
  cli_value_read(build, &as_is, "{\"a\":[1,-2.5,\"x\\\"\",true,null],\"b\":{}}",
                 &value);
  cli_json_print(out, value, CLI_JSON_COLOUR);
  fclose(out);
  char *to = text;
  for (const char *from = text; *from != '\0';)
    if (*from == '\033')
      from = strchr(from, 'm') + 1;
    else
      *to++ = *from++;
  *to = '\0';
  assert_string_equal(text, "{\"a\":[1,-2.5,\"x\\\"\",true,null],\"b\":{}}");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_is_json_and_the_rest_is_text),
      cmocka_unit_test(what_begins_like_json_has_to_be_it),
      cmocka_unit_test(strings_are_never_json),
      cmocka_unit_test(bytes_go_in_and_out_as_base64),
      cmocka_unit_test(files_that_are_not_there_are_told),
      cmocka_unit_test(words_of_a_line_keep_their_blanks),
      cmocka_unit_test(a_terminal_gets_no_commands),
      cmocka_unit_test(colours_add_nothing_but_colours),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
