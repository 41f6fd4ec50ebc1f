/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509_vfy.h>

#include "probe_words.h"

static const cli_opts opts;
static const probe_target target = {.opts = &opts,
                                    .host = "a.example",
                                    .port = 80,
                                    .path = "/socket.io/",
                                    .nsp = "/"};
static probe_answer answer;
static probe_words words;

static probe_verdict handshake(long status, const char *type,
                               const char *body) {
  memset(&answer, 0, sizeof answer);
  answer.status = status;
  snprintf(answer.type, sizeof answer.type, "%s", type);
  snprintf(answer.body, sizeof answer.body, "%s", body);
  answer.body_len = strlen(answer.body);
  return probe_words_handshake(&words, &target, &answer);
}

static void says(const char *part) {
  if (words.advice == NULL || strstr(words.advice, part) == NULL)
    fail_msg("expected \"%s\" in \"%s\"", part,
             words.advice != NULL ? words.advice : "nothing");
}

static void knows_the_answers_of_servers(void **state) {
  (void)state;
  assert_int_equal(handshake(200, "", "0{\"sid\":\"x\"}"), PROBE_FINE);
  assert_int_equal(handshake(200, "", "96:0{\"sid\":\"x\"}2:40"), PROBE_WRONG);
  says("Socket.IO 2");
  assert_int_equal(handshake(400, "",
                             "{\"code\":5,\"message\":\"Unsupported protocol "
                             "version\"}"),
                   PROBE_WRONG);
  says("another Engine.IO");
  assert_int_equal(
      handshake(400, "", "{\"code\":0,\"message\":\"Transport unknown\"}"),
      PROBE_NO_POLLING);
  says("--transports websocket");
  assert_int_equal(handshake(400, "", "\"Not an accepted origin.\""),
                   PROBE_REFUSED);
  says("cors_allowed_origins");
  assert_int_equal(handshake(403, "", "{\"code\":4,\"message\":\"Forbidden\"}"),
                   PROBE_REFUSED);
  says("--origin");
}

static void knows_the_answers_of_what_is_in_front(void **state) {
  (void)state;
  assert_int_equal(handshake(404, "text/html; charset=utf-8", "<html>"),
                   PROBE_ELSEWHERE);
  says("--path");
  assert_int_equal(handshake(200, "text/html", "<!DOCTYPE html>"),
                   PROBE_ELSEWHERE);
  says("a page");
  assert_int_equal(handshake(502, "text/html", "<html>Bad Gateway"),
                   PROBE_WRONG);
  says("a proxy answers");
  assert_int_equal(
      handshake(400, "text/html",
                "<html>400 The plain HTTP request was sent to HTTPS port"),
      PROBE_WRONG);
  says("use https://");
}

static void a_body_of_bytes_is_quoted_without_them(void **state) {
  (void)state;
  assert_int_equal(handshake(418, "", "a\x1b[2Jb\nc"), PROBE_ELSEWHERE);
  assert_string_equal(words.text, "status 418: a [2Jb c");
}

static void an_unknown_session_is_a_question_of_stickiness(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "{\"code\":1,\"message\":\"Session ID unknown\"}", "\"Invalid session\"",
      "\"Invalid session abc\""};
  for (size_t i = 0; i < 3; i++) {
    handshake(400, "", bodies[i]);
    probe_words_poll(&words, &answer);
    says("sticky sessions");
    probe_words_upgrade(&words, 400, bodies[i], true);
    says("sticky sessions");
  }
}

static void an_upgrade_that_does_not_come_through_is_the_proxys(void **state) {
  (void)state;
  probe_words_upgrade(&words, 400, "{\"code\":3,\"message\":\"Bad request\"}",
                      true);
  says("proxy_set_header Upgrade");
  probe_words_upgrade(&words, 200, "", true);
  says("proxy_set_header Upgrade");
  probe_words_upgrade(&words, 404, "", false);
  assert_null(words.advice);
  probe_words_upgrade(&words, 403, "", true);
  says("origin");
}

static void connections_that_fail_say_what_to_look_at(void **state) {
  (void)state;

  static const struct {
    CURLcode code;
    int os_error;
    const char *words, *advice;
  } cases[] = {
      {CURLE_COULDNT_RESOLVE_HOST, 0, "", "spelling"},
      {CURLE_COULDNT_RESOLVE_PROXY, 0, "", "http_proxy"},
      {CURLE_COULDNT_CONNECT, ECONNREFUSED, "", "nothing listens"},
      {CURLE_COULDNT_CONNECT, ENETUNREACH, "", "no way to this address"},
      {CURLE_OPERATION_TIMEDOUT, 0, "", "firewall"},
      {CURLE_SSL_CONNECT_ERROR, 0, "wrong version number", "use http://"},
      {CURLE_SSL_CONNECT_ERROR, 0, "tlsv13 alert certificate required",
       "--cert"},
      {CURLE_SSL_CONNECT_ERROR, 0, "something", "TLS 1.2 or 1.3"},
      {CURLE_SSL_CERTPROBLEM, 0, "", "PEM"},
      {CURLE_GOT_NOTHING, 0, "", "https://"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    memset(&answer, 0, sizeof answer);
    answer.code = cases[i].code;
    answer.os_error = cases[i].os_error;
    snprintf(answer.words, sizeof answer.words, "%s", cases[i].words);
    probe_words_connect(&words, &target, &answer);
    says(cases[i].advice);
  }
}

static void certificates_are_refused_in_words(void **state) {
  (void)state;

  static const struct {
    long verify;
    const char *advice;
  } cases[] = {
      {X509_V_ERR_CERT_HAS_EXPIRED, "renew it"},
      {X509_V_ERR_CERT_NOT_YET_VALID, "clock"},
      {X509_V_ERR_HOSTNAME_MISMATCH, "a name that is in its certificate"},
      {X509_V_ERR_UNSPECIFIED, "a name that is in its certificate"},
      {X509_V_OK, "a name that is in its certificate"},
      {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "--cacert"},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "fullchain.pem"},
      {X509_V_ERR_INVALID_PURPOSE, "serverAuth"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    memset(&answer, 0, sizeof answer);
    answer.verify = cases[i].verify;
    probe_words_certificate(&words, &target, &answer);
    says(cases[i].advice);
  }
  memset(&answer, 0, sizeof answer);
  answer.verify = X509_V_ERR_CERT_REVOKED;
  probe_words_certificate(&words, &target, &answer);
  assert_non_null(strstr(words.text, "revoked"));
}

static void knows_a_server_of_another_protocol(void **state) {
  (void)state;
  static const CURLcode codes[] = {CURLE_UNSUPPORTED_PROTOCOL,
                                   CURLE_WEIRD_SERVER_REPLY};
  for (size_t i = 0; i < 2; i++) {
    memset(&answer, 0, sizeof answer);
    answer.code = codes[i];
    probe_words_connect(&words, &target, &answer);
    assert_string_equal(words.text,
                        "a.example port 80: what it answers is no HTTP");
    says("another protocol");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_the_answers_of_servers),
      cmocka_unit_test(knows_a_server_of_another_protocol),
      cmocka_unit_test(knows_the_answers_of_what_is_in_front),
      cmocka_unit_test(a_body_of_bytes_is_quoted_without_them),
      cmocka_unit_test(an_unknown_session_is_a_question_of_stickiness),
      cmocka_unit_test(an_upgrade_that_does_not_come_through_is_the_proxys),
      cmocka_unit_test(connections_that_fail_say_what_to_look_at),
      cmocka_unit_test(certificates_are_refused_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
