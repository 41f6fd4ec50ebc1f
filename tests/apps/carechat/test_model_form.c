/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model_form.h"

static void addresses_go_up_to_the_version(void **state) {
  char url[128];
  (void)state;
  assert_true(model_form_url(url, sizeof url, MODEL_OPENAI,
                             "http://127.0.0.1:8080/v1/", "any"));
  assert_string_equal(url, "http://127.0.0.1:8080/v1/chat/completions");
  assert_true(model_form_url(url, sizeof url, MODEL_GEMINI,
                             "https://host.test/v1beta", "gemini-x"));
  assert_string_equal(
      url,
      "https://host.test/v1beta/models/gemini-x:streamGenerateContent?alt=sse");
  assert_false(
      model_form_url(url, 20, MODEL_OPENAI, "http://127.0.0.1/v1", "any"));
}

static void kinds_have_names(void **state) {
  model_kind kind;
  (void)state;
  assert_true(model_form_kind_parse(&kind, "gemini"));
  assert_int_equal(kind, MODEL_GEMINI);
  assert_true(model_form_kind_parse(&kind, "none"));
  assert_int_equal(kind, MODEL_NONE);
  assert_false(model_form_kind_parse(&kind, "Gemini "));
}

static void requests_are_the_vendors(void **state) {
  const model_turn turns[] = {{false, PEAL_S("one")},
                              {true, PEAL_S("\"two\"")},
                              {false, PEAL_S("three")}};
  (void)state;
  peal_bytes *openai = model_form_request(MODEL_OPENAI, "m", "be", turns, 3);
  assert_true(
      peal_slice_is(peal_bytes_slice(openai),
                    "{\"model\":\"m\",\"stream\":true,\"messages\":["
                    "{\"role\":\"system\",\"content\":\"be\"},"
                    "{\"role\":\"user\",\"content\":\"one\"},"
                    "{\"role\":\"assistant\",\"content\":\"\\\"two\\\"\"},"
                    "{\"role\":\"user\",\"content\":\"three\"}]}"));
  peal_bytes_unref(openai);
  peal_bytes *gemini = model_form_request(MODEL_GEMINI, "m", "be", turns, 3);
  assert_true(peal_slice_is(
      peal_bytes_slice(gemini),
      "{\"systemInstruction\":{\"parts\":[{\"text\":\"be\"}]},\"contents\":["
      "{\"role\":\"user\",\"parts\":[{\"text\":\"one\"}]},"
      "{\"role\":\"model\",\"parts\":[{\"text\":\"\\\"two\\\"\"}]},"
      "{\"role\":\"user\",\"parts\":[{\"text\":\"three\"}]}]}"));
  peal_bytes_unref(gemini);
}

static char heard[256];

static void add(peal_slice text, void *user) {
  (void)user;
  strncat(heard, text.ptr, text.len);
}

static model_said read(model_kind kind, const char *data) {
  heard[0] = '\0';
  return model_form_read(kind, peal_slice_of(data), add, NULL);
}

static void events_of_chat_completions_say(void **state) {
  (void)state;
  assert_int_equal(read(MODEL_OPENAI, "{\"choices\":[{\"delta\":{\"content\":"
                                      "\"Zo\xC3\xAB\"}}]}"),
                   MODEL_SAID_TEXT);
  assert_string_equal(heard, "Zo\xC3\xAB");
  assert_int_equal(read(MODEL_OPENAI,
                        "{\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}"),
                   MODEL_SAID_NOTHING);
  assert_int_equal(read(MODEL_OPENAI, "{\"choices\":[],\"usage\":{}}"),
                   MODEL_SAID_NOTHING);
  assert_int_equal(read(MODEL_OPENAI, "{\"choices\":[{\"delta\":{\"content\":"
                                      "\"!\"},\"finish_reason\":\"stop\"}]}"),
                   MODEL_SAID_END);
  assert_string_equal(heard, "!");
  assert_int_equal(
      read(MODEL_OPENAI, "{\"choices\":[{\"finish_reason\":\"length\"}]}"),
      MODEL_SAID_CUT);
  assert_int_equal(
      read(MODEL_OPENAI,
           "{\"choices\":[{\"finish_reason\":\"content_filter\"}]}"),
      MODEL_SAID_NO);
  assert_int_equal(read(MODEL_OPENAI, "[DONE]"), MODEL_SAID_END);
}

static void events_of_gemini_say(void **state) {
  (void)state;
  assert_int_equal(read(MODEL_GEMINI,
                        "{\"candidates\":[{\"content\":{\"parts\":["
                        "{\"text\":\"hm\",\"thought\":true},{\"text\":\"a\"},"
                        "{\"text\":\"b\"}]}}]}"),
                   MODEL_SAID_TEXT);
  assert_string_equal(heard, "ab");
  assert_int_equal(read(MODEL_GEMINI,
                        "{\"candidates\":[{\"content\":{\"parts\":["
                        "{\"text\":\"c\"}]},\"finishReason\":\"STOP\"}]}"),
                   MODEL_SAID_END);
  assert_string_equal(heard, "c");
  assert_int_equal(read(MODEL_GEMINI,
                        "{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\"}]}"),
                   MODEL_SAID_CUT);
  assert_int_equal(
      read(MODEL_GEMINI, "{\"candidates\":[{\"finishReason\":\"SAFETY\"}]}"),
      MODEL_SAID_NO);
  assert_int_equal(
      read(MODEL_GEMINI, "{\"promptFeedback\":{\"blockReason\":\"OTHER\"}}"),
      MODEL_SAID_NO);
  assert_int_equal(read(MODEL_GEMINI, "[DONE]"), MODEL_SAID_GARBAGE);
}

static void what_is_no_event_is_said(void **state) {
  (void)state;
  for (model_kind kind = MODEL_OPENAI; kind <= MODEL_GEMINI; kind++) {
    assert_int_equal(read(kind, ""), MODEL_SAID_GARBAGE);
    assert_int_equal(read(kind, "{"), MODEL_SAID_GARBAGE);
    assert_int_equal(read(kind, "[]"), MODEL_SAID_GARBAGE);
    assert_int_equal(read(kind, "null"), MODEL_SAID_GARBAGE);
    assert_int_equal(read(kind, "{\"choices\":7,\"candidates\":{\"0\":1}}"),
                     MODEL_SAID_NOTHING);
    assert_int_equal(read(kind, "{\"error\":{\"message\":\"inner\"}}"),
                     MODEL_SAID_ERROR);
    assert_string_equal(heard, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses_go_up_to_the_version),
      cmocka_unit_test(kinds_have_names),
      cmocka_unit_test(requests_are_the_vendors),
      cmocka_unit_test(events_of_chat_completions_say),
      cmocka_unit_test(events_of_gemini_say),
      cmocka_unit_test(what_is_no_event_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
