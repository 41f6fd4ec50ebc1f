/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "torture.h"
#include "wire/deflate_terms.h"
#include "wire_case.h"

static peal_deflate_opts opts_of(const wire_case *test) {
  return (peal_deflate_opts){
      .on = true,
      .server_context_takeover = wire_case_opt(test, "server") != NULL,
      .client_context_takeover = wire_case_opt(test, "client") != NULL,
      .server_max_window_bits = (uint8_t)wire_case_opt_u64(test, "sbits", 0),
      .client_max_window_bits = (uint8_t)wire_case_opt_u64(test, "cbits", 0)};
}

static void answer(const peal_deflate_opts *opts, peal_slice value,
                   wire_log *log) {
  peal_deflate_terms terms;
  peal_buf buf;
  peal_err err = peal_deflate_terms_accept(&terms, opts, value);
  if (err) {
    assert_int_equal(err, PEAL_ERR_HTTP_SYNTAX);
    wire_log_add(log, "refused");
    return;
  }
  peal_buf_init(&buf, NULL, 0);
  if (terms.on)
    peal_deflate_terms_answer(&buf, &terms);
  wire_log_add(log, "%.*s",
               PEAL_SFMT(terms.on ? peal_buf_slice(&buf) : PEAL_S("none")));
  peal_buf_deinit(&buf);
}

static const char *memory(bool takeover) {
  return takeover ? "remembers" : "forgets";
}

static void check(const peal_deflate_opts *opts, peal_slice value,
                  wire_log *log) {
  peal_deflate_terms terms;
  const char *text = NULL;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_deflate_terms_offer(&buf, opts);
  wire_log_add(log, "offers %.*s", PEAL_SFMT(peal_buf_slice(&buf)));
  peal_buf_deinit(&buf);
  peal_err err = peal_deflate_terms_check(&terms, opts, value, &text);
  assert_true(err == (text ? PEAL_ERR_ANSWER : PEAL_OK));
  if (text || !terms.on)
    wire_log_add(log, "%s", text ? text : "none");
  else
    wire_log_add(log, "server %u %s, client %u %s", terms.server_bits,
                 memory(terms.server_takeover), terms.client_bits,
                 memory(terms.client_takeover));
}

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)user;
  peal_slice value;
  peal_deflate_opts opts = opts_of(test);
  assert_true(wire_feed_next(feed, &value));
  if (wire_case_opt(test, "asks"))
    check(&opts, value, log);
  else
    answer(&opts, value, log);
}

static void offers_and_answers_are_read_as_they_are_written(void **state) {
  (void)state;
  assert_int_equal(
      wire_case_run("deflate_terms", WIRE_CASE_WHOLE, run_case, NULL), 0);
}

/* Whatever one side of ours offers, the other accepts, and both mean the same. */
static void two_of_ours_agree_whatever_their_options(void **state) {
  (void)state;
  for (unsigned i = 0; i < 16u * 64u; i++) {
    peal_deflate_opts sides[2];
    for (unsigned s = 0; s < 2; s++) {
      unsigned dice = s ? i % 16u + i / 16u * 7u : i;
      sides[s] = (peal_deflate_opts){
          .on = true,
          .server_context_takeover = (dice & 1u) != 0,
          .client_context_takeover = (dice & 2u) != 0,
          .server_max_window_bits =
              (uint8_t)(dice & 4u ? 9u + dice / 16u % 7u : 0u),
          .client_max_window_bits =
              (uint8_t)(dice & 8u ? 9u + dice / 64u % 7u : 0u)};
    }
    peal_deflate_terms server, client;
    const char *text;
    peal_buf offer, said;
    peal_buf_init(&offer, NULL, 0);
    peal_buf_init(&said, NULL, 0);
    peal_deflate_terms_offer(&offer, &sides[0]);
    assert_int_equal(
        peal_deflate_terms_accept(&server, &sides[1], peal_buf_slice(&offer)),
        PEAL_OK);
    assert_true(server.on);
    peal_deflate_terms_answer(&said, &server);
    assert_int_equal(peal_deflate_terms_check(&client, &sides[0],
                                              peal_buf_slice(&said), &text),
                     PEAL_OK);
    assert_int_equal(client.server_takeover, server.server_takeover);
    assert_int_equal(client.client_takeover, server.client_takeover);
    assert_int_equal(client.server_bits, server.server_bits);
    /* A window smaller than what was answered is the client's own matter. */
    assert_true(client.client_bits <= server.client_bits);
    peal_buf_deinit(&offer);
    peal_buf_deinit(&said);
  }
}

static void options_have_ranges(void **state) {
  (void)state;
  assert_true(peal_deflate_terms_is_known(&(peal_deflate_opts){0}));
  assert_true(peal_deflate_terms_is_known(
      &(peal_deflate_opts){.server_max_window_bits = 9,
                           .client_max_window_bits = 15,
                           .level = 9,
                           .mem_level = 9}));
  const peal_deflate_opts wrong[] = {{.server_max_window_bits = 8},
                                     {.server_max_window_bits = 16},
                                     {.client_max_window_bits = 8},
                                     {.client_max_window_bits = 16},
                                     {.level = 10},
                                     {.mem_level = 10}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(peal_deflate_terms_is_known(&wrong[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(offers_and_answers_are_read_as_they_are_written),
      cmocka_unit_test(two_of_ours_agree_whatever_their_options),
      cmocka_unit_test(options_have_ranges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
