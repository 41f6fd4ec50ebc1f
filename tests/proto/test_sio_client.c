/* SPDX-License-Identifier: MIT */
/* sio_client: connecting, namespaces, reconnection. What waits and is
 * acknowledged: test_sio_outbox.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sio_machine.h"

#define LOST PEAL_CLIENT_TRANSPORT_CLOSE
#define FAILED PEAL_CLIENT_TRANSPORT_ERROR

static sio_machine m;

static int setup(void **state) {
  (void)state;
  m = (sio_machine){0};
  sio_machine_begin(&m);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sio_machine_end(&m);
  return 0;
}

/* -- connecting -------------------------------------------------------------------- */

static void idle_says_nothing_and_wants_no_time(void **state) {
  (void)state;
  sio_machine_run(&m);
  assert_int_equal(peal_sio_client_deadline(m.client), UINT64_MAX);
  sio_machine_wait(&m, 1000000);
  sio_machine_expect(&m, "");
  assert_false(peal_sio_client_is_active(m.client));
}

static void connecting_dials_asks_for_auth_and_joins(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_expect(&m, "dial0");
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open ask:/ >0");
  sio_machine_text(&m, "0{\"sid\":\"a\"}");
  sio_machine_expect(&m, "connect:/");
  assert_true(peal_slice_is(peal_sio_client_nsp_sid(m.root), "a"));
  assert_true(peal_sio_client_nsp_is_active(m.root));
  /* Again: nothing. */
  sio_machine_connect(&m, "/");
  sio_machine_open(&m);
  sio_machine_expect(&m, "");
}

static void an_idle_connection_wants_no_time(void **state) {
  (void)state;
  sio_machine_online(&m);
  assert_int_equal(peal_sio_client_deadline(m.client), UINT64_MAX);
}

static void opening_without_a_namespace_joins_none(void **state) {
  (void)state;
  sio_machine_open(&m);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "dial0 open");
  sio_machine_connect(&m, "/a"); /* over the same connection */
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_expect(&m, "ask:/a >0/a, connect:/a");
}

static void several_namespaces_share_a_connection(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_connect(&m, "/a");
  sio_machine_connect(&m, "/b");
  sio_machine_expect(&m, "dial0");
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open ask:/ >0 ask:/a >0/a, ask:/b >0/b,");
  sio_machine_text(&m, "0/b,{\"sid\":\"x\"}");
  sio_machine_text(&m, "0{\"sid\":\"y\"}");
  sio_machine_expect(&m, "connect:/b connect:/");
  assert_false(peal_sio_client_nsp_is_connected(sio_machine_of(&m, "/a")));
}

static void a_name_must_be_one(void **state) {
  char name[300];
  (void)state;
  memset(name, '/', sizeof name);
  assert_null(peal_sio_client_of(m.client, PEAL_S("")));
  assert_null(peal_sio_client_of(m.client, PEAL_S("a")));
  assert_null(peal_sio_client_of(m.client, PEAL_S("/a,b")));
  assert_null(peal_sio_client_of(m.client, (peal_slice){name, 257}));
  assert_non_null(peal_sio_client_of(m.client, (peal_slice){name, 256}));
  assert_ptr_equal(peal_sio_client_of(m.client, PEAL_S("/")), m.root);
}

static void auth_is_asked_at_every_connect(void **state) {
  peal_pair token = {.key = "token", .value = peal_int(1)};
  (void)state;
  m.auth = peal_object(&token, 1);
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_expect(&m, "dial0 open ask:/ >0{\"token\":1}");
  token.value = peal_int(2);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "closed:lost wait1:1000 attempt1 dial1 open "
                         "reconnected1 ask:/ >0{\"token\":2}");
}

static void auth_may_be_answered_later(void **state) {
  (void)state;
  m.auth_later = true;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_wait(&m, 60000);
  sio_machine_expect(&m, "dial0 open ask:/");
  assert_int_equal(peal_sio_client_auth(m.root, m.ask, peal_int(1), m.now),
                   PEAL_ERR_USAGE); /* no object: the question stands */
  assert_int_equal(peal_sio_client_auth(m.root, m.ask, peal_null(), m.now),
                   PEAL_OK);
  sio_machine_run(&m);
  sio_machine_expect(&m, ">0");
  assert_int_equal(peal_sio_client_auth(m.root, m.ask, peal_null(), m.now),
                   PEAL_ERR_CLOSED); /* once */
}

static void an_answer_that_is_too_late_does_nothing(void **state) {
  (void)state;
  m.auth_later = true;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  uint32_t first = m.ask;
  sio_machine_closed(&m, LOST, PEAL_OK);
  assert_int_equal(peal_sio_client_auth(m.root, first, peal_undefined(), m.now),
                   PEAL_ERR_CLOSED);
  sio_machine_wait(&m, 1000);
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  assert_int_equal(peal_sio_client_auth(m.root, first, peal_undefined(), m.now),
                   PEAL_ERR_CLOSED);
  assert_int_equal(peal_sio_client_auth(m.root, m.ask, peal_undefined(), m.now),
                   PEAL_OK);
  sio_machine_run(&m);
  sio_machine_expect(&m, ">0");
}

static void auth_that_is_too_deep_leaves_the_question_open(void **state) {
  peal_val deep = peal_int(1);
  peal_val levels[200];
  (void)state;
  for (size_t i = 0; i < 200; i++) {
    levels[i] = deep;
    deep = peal_array(&levels[i], 1);
  }
  peal_pair pair = {.key = "deep", .value = deep};
  m.auth_later = true;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  assert_int_equal(
      peal_sio_client_auth(m.root, m.ask, peal_object(&pair, 1), m.now),
      PEAL_ERR_DEPTH);
  assert_int_equal(peal_sio_client_auth(m.root, m.ask, peal_undefined(), m.now),
                   PEAL_OK);
  sio_machine_run(&m);
  sio_machine_expect(&m, "dial0 open ask:/ >0");
}

static void a_refused_namespace_is_not_tried_again(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_text(&m, "4/a,{\"message\":\"no\",\"data\":1}");
  sio_machine_expect(&m,
                     "ask:/a >0/a, refused:/a{\"message\":\"no\",\"data\":1}");
  assert_false(peal_sio_client_nsp_is_active(sio_machine_of(&m, "/a")));
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "disconnect:/:lost closed:lost wait1:1000 attempt1 "
                         "dial1 open reconnected1 ask:/ >0");
}

static void the_last_namespace_refused_ends_the_connection(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, "4{\"message\":\"no\"}");
  sio_machine_expect(&m, "refused:/{\"message\":\"no\"} hangup closed:left");
  assert_false(peal_sio_client_is_active(m.client));
  sio_machine_connect(&m, "/"); /* it may ask again */
  sio_machine_expect(&m, "dial0");
}

static void a_disconnect_by_the_server_does_not_reconnect(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_forget(&m);
  sio_machine_text(&m, "1/a,");
  sio_machine_expect(&m, "disconnect:/a:server");
  sio_machine_text(&m, "1");
  sio_machine_expect(&m, "disconnect:/:server hangup closed:left");
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "");
  sio_machine_connect(&m, "/a");
  sio_machine_expect(&m, "dial0");
}

static void a_connect_without_a_sid_is_told_in_words(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_connect(&m, "/a");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, "0");
  sio_machine_expect(&m, "connect_error:/:SIO_PAYLOAD:in words >1");
  sio_machine_text(&m, "2[\"not for us\"]");
  sio_machine_expect(&m, "");
  sio_machine_text(&m, "0/a,{}");
  sio_machine_expect(&m, "connect_error:/a:SIO_PAYLOAD:in words >1/a, hangup "
                         "closed:left");
}

static void a_sid_beyond_all_measure_is_a_parse_error(void **state) {
  char text[400];
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  (void)snprintf(text, sizeof text, "0{\"sid\":\"%0300d\"}", 1);
  sio_machine_text(&m, text);
  sio_machine_expect(&m, "hangup closed:parse wait1:1000");
}

/* -- leaving ------------------------------------------------------------------------- */

static void leaving_says_so_and_keeps_the_connection_for_others(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_forget(&m);
  sio_machine_leave(&m, "/a");
  sio_machine_expect(&m, ">1/a, disconnect:/a:left");
  sio_machine_text(&m, "2/a,[\"late\"]"); /* crossed: nobody's mistake */
  sio_machine_leave(&m, "/a");
  sio_machine_expect(&m, "");
  sio_machine_connect(&m, "/a"); /* again over the same connection */
  sio_machine_text(&m, "0/a,{\"sid\":\"y\"}");
  sio_machine_expect(&m, "ask:/a >0/a, connect:/a");
}

static void leaving_the_last_one_ends_the_connection(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_leave(&m, "/");
  sio_machine_expect(&m, ">1 disconnect:/:left hangup closed:left");
  assert_int_equal(peal_sio_client_deadline(m.client), UINT64_MAX);
  sio_machine_leave(&m, "/");
  sio_machine_expect(&m, "");
}

static void leaving_before_the_dial_was_told_dials_nothing(void **state) {
  (void)state;
  assert_int_equal(peal_sio_client_connect(m.root, m.now), PEAL_OK);
  peal_sio_client_leave(m.root, m.now);
  sio_machine_run(&m);
  sio_machine_expect(&m, "");
}

static void leaving_while_dialling_hangs_up(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_leave(&m, "/");
  sio_machine_expect(&m, "dial0 hangup");
  assert_int_equal(peal_sio_client_opened(m.client, m.now), PEAL_ERR_USAGE);
  assert_int_equal(peal_sio_client_closed(m.client, LOST, PEAL_OK, m.now),
                   PEAL_ERR_USAGE);
}

static void leaving_while_waiting_ends_the_waiting(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_forget(&m);
  sio_machine_leave(&m, "/");
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "");
  assert_false(peal_sio_client_is_active(m.client));
}

/* A DISCONNECT for what it has not joined yet would make a server of the
 * reference end the connection. */
static void leaving_while_joining_waits_for_the_answer(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_leave(&m, "/a");
  sio_machine_expect(&m, "ask:/a >0/a,");
  sio_machine_text(&m, "2/a,[\"early\"]");
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_expect(&m, ">1/a,");
  sio_machine_text(&m, "2[\"on\"]"); /* the connection lives on */
  sio_machine_expect(&m, "event:/[\"on\"]");
}

static void joining_again_before_the_answer_joins_anew(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_leave(&m, "/a");
  sio_machine_connect(&m, "/a");
  sio_machine_expect(&m, "ask:/a >0/a,");
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_expect(&m, ">1/a, ask:/a >0/a,");
  sio_machine_text(&m, "0/a,{\"sid\":\"y\"}");
  sio_machine_expect(&m, "connect:/a");
}

static void a_refusal_of_what_is_left_is_not_told(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_leave(&m, "/a");
  sio_machine_forget(&m);
  sio_machine_text(&m, "4/a,{\"message\":\"no\"}");
  sio_machine_expect(&m, "");
  sio_machine_connect(&m, "/a");
  sio_machine_expect(&m, "ask:/a >0/a,");
  sio_machine_leave(&m, "/a");
  sio_machine_connect(&m, "/a");
  sio_machine_text(&m, "4/a,{\"message\":\"no\"}");
  sio_machine_expect(&m, "ask:/a >0/a,");
}

static void leaving_while_its_auth_is_asked_for_sends_nothing(void **state) {
  (void)state;
  sio_machine_online(&m);
  m.auth_later = true;
  sio_machine_connect(&m, "/a");
  sio_machine_leave(&m, "/a");
  sio_machine_expect(&m, "ask:/a");
  assert_int_equal(peal_sio_client_auth(sio_machine_of(&m, "/a"), m.ask,
                                        peal_undefined(), m.now),
                   PEAL_ERR_CLOSED);
}

static void closing_leaves_all_and_hangs_up(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_connect(&m, "/b");
  sio_machine_forget(&m);
  peal_sio_client_close(m.client, m.now);
  peal_sio_client_close(m.client, m.now);
  sio_machine_run(&m);
  sio_machine_expect(&m, ">1 >1/a, disconnect:/:left disconnect:/a:left hangup "
                         "closed:left");
}

static void closing_and_opening_at_once_dials_anew(void **state) {
  (void)state;
  sio_machine_online(&m);
  peal_sio_client_close(m.client, m.now);
  sio_machine_connect(&m, "/");
  sio_machine_expect(&m, ">1 disconnect:/:left hangup closed:left dial0");
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open ask:/ >0");
}

/* -- reconnection -------------------------------------------------------------------- */

static void a_lost_connection_is_made_again(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_closed(&m, PEAL_CLIENT_PING_TIMEOUT, PEAL_ERR_TIMEOUT);
  sio_machine_expect(&m, "disconnect:/:ping closed:ping wait1:1000");
  assert_true(peal_sio_client_nsp_is_active(m.root));
  assert_int_equal(peal_sio_client_nsp_sid(m.root).len, 0);
  sio_machine_wait(&m, 999);
  sio_machine_expect(&m, "");
  sio_machine_wait(&m, 1);
  sio_machine_expect(&m, "attempt1 dial1");
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_expect(&m, "reconnect_error1:IO connect_error:/:IO wait2:2000");
  sio_machine_wait(&m, 2000);
  sio_machine_opened(&m);
  sio_machine_text(&m, "0{\"sid\":\"b\"}");
  sio_machine_expect(&m, "attempt2 dial2 open reconnected2 ask:/ >0 connect:/");
}

static void delays_double_up_to_the_maximum_and_begin_again(void **state) {
  const unsigned delays[] = {1000, 2000, 4000, 5000, 5000};
  char words[64];
  (void)state;
  sio_machine_online(&m);
  for (unsigned round = 0; round < 2; round++) {
    sio_machine_closed(&m, LOST, PEAL_OK);
    for (unsigned n = 1; n <= 5; n++) {
      (void)snprintf(words, sizeof words, "wait%u:%u", n, delays[n - 1]);
      assert_non_null(strstr(m.log, words));
      sio_machine_forget(&m);
      sio_machine_wait(&m, delays[n - 1]);
      if (n < 5)
        sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
    }
    sio_machine_opened(&m); /* what was opened counts, not what was joined */
  }
}

static void a_first_connection_is_tried_again(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_expect(&m, "dial0 error:IO connect_error:/:IO wait1:1000");
  sio_machine_wait(&m, 1000);
  sio_machine_expect(&m, "attempt1 dial1");
}

static void a_first_connection_is_tried_once_if_so_wanted(void **state) {
  (void)state;
  m.opts.no_first_retry = true;
  sio_machine_connect(&m, "/");
  sio_machine_closed(&m, FAILED, PEAL_OK); /* that it could not is an error */
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "dial0 error:CLOSED connect_error:/:CLOSED");
  assert_false(peal_sio_client_nsp_is_active(m.root));
  sio_machine_open(&m); /* the namespace is still wanted */
  sio_machine_opened(&m);
  sio_machine_expect(&m, "dial0 open ask:/ >0");
  sio_machine_closed(&m, LOST, PEAL_OK); /* a later one is tried again */
  sio_machine_wait(&m, 1000);
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_expect(&m, "closed:lost wait1:1000 attempt1 dial1 "
                         "reconnect_error1:IO connect_error:/:IO wait2:2000");
}

static void without_reconnection_what_is_lost_stays_lost(void **state) {
  (void)state;
  m.opts.no_reconnection = true;
  sio_machine_online(&m);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "disconnect:/:lost closed:lost");
  assert_false(peal_sio_client_nsp_is_active(m.root));
  sio_machine_connect(&m, "/");
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "dial0 error:IO connect_error:/:IO");
}

static void attempts_may_be_limited(void **state) {
  (void)state;
  m.opts.reconnection_attempts = 2;
  sio_machine_online(&m);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_wait(&m, 2000);
  sio_machine_forget(&m);
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "reconnect_error2:IO connect_error:/:IO failed2");
  assert_false(peal_sio_client_is_active(m.client));
  sio_machine_connect(&m, "/"); /* by hand it begins anew */
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_expect(&m, "dial0 error:IO connect_error:/:IO wait1:1000");
}

static void an_attempt_that_takes_too_long_is_given_up(void **state) {
  (void)state;
  m.opts.timeout_ms = 3000;
  sio_machine_connect(&m, "/");
  sio_machine_wait(&m, 2999);
  sio_machine_expect(&m, "dial0");
  sio_machine_wait(&m, 1);
  sio_machine_expect(&m, "hangup error:TIMEOUT connect_error:/:TIMEOUT "
                         "wait1:1000");
  assert_int_equal(peal_sio_client_opened(m.client, m.now), PEAL_ERR_USAGE);
}

static void an_attempt_may_take_for_ever(void **state) {
  (void)state;
  m.opts.timeout_ms = UINT32_MAX;
  sio_machine_connect(&m, "/");
  assert_int_equal(peal_sio_client_deadline(m.client), UINT64_MAX);
}

static void opening_by_hand_cuts_the_waiting_short(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_forget(&m);
  sio_machine_connect(&m, "/a"); /* does not */
  sio_machine_expect(&m, "");
  sio_machine_open(&m);
  sio_machine_expect(&m, "attempt1 dial1");
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open reconnected1 ask:/ >0 ask:/a >0/a,");
}

static void delays_are_spread_by_the_dice(void **state) {
  unsigned low = 0, high = 0;
  (void)state;
  m.opts.jitter = 32768;
  for (uint32_t seed = 0; seed < 1000; seed++) {
    peal_sio_client_deinit(m.client);
    peal_sio_client_init(m.client, &m.opts, &m.account, seed, m.now);
    m.root = sio_machine_of(&m, "/");
    sio_machine_connect(&m, "/");
    sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
    uint64_t delay = peal_sio_client_deadline(m.client) - m.now;
    assert_in_range(delay, 501, 1499);
    low += delay < 1000;
    high += delay > 1000;
    sio_machine_forget(&m);
  }
  assert_in_range(low, 400, 600); /* five tenths each way */
  assert_in_range(high, 400, 600);
}

static void what_a_server_says_wrongly_ends_the_connection(void **state) {
  (void)state;
  const char *const wrong[] = {"9",
                               "",
                               "2[",
                               "2[\"connect\"]",
                               "0{\"sid\":\"z\"}",
                               "51-[{\"_placeholder\":true,\"num\":0}]"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    sio_machine_connect(&m, "/");
    if (!peal_sio_client_is_open(m.client))
      sio_machine_opened(&m);
    sio_machine_text(&m, "0{\"sid\":\"a\"}");
    sio_machine_forget(&m);
    sio_machine_text(&m, wrong[i]);
    sio_machine_expect(&m, "hangup disconnect:/:parse closed:parse wait1:1000");
    assert_int_equal(peal_sio_client_feed(m.client, false, PEAL_S("2"), m.now),
                     PEAL_ERR_USAGE);
    sio_machine_wait(&m, 1000);
  }
}

static void attachments_that_do_not_come_end_the_connection(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_text(&m, "51-[\"a\",{\"_placeholder\":true,\"num\":0}]");
  sio_machine_wait(&m, 10000);
  sio_machine_expect(&m, "hangup disconnect:/:parse closed:parse wait1:1000");
}

static void the_fate_of_a_connection_that_is_none_is_refused(void **state) {
  (void)state;
  assert_int_equal(peal_sio_client_opened(m.client, m.now), PEAL_ERR_USAGE);
  assert_int_equal(peal_sio_client_closed(m.client, LOST, PEAL_OK, m.now),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_sio_client_feed(m.client, false, PEAL_S("0"), m.now),
                   PEAL_ERR_USAGE);
  sio_machine_online(&m);
  assert_int_equal(peal_sio_client_opened(m.client, m.now), PEAL_ERR_USAGE);
  sio_machine_closed(&m, LOST, PEAL_OK);
  assert_int_equal(peal_sio_client_closed(m.client, LOST, PEAL_OK, m.now),
                   PEAL_ERR_USAGE);
}

static void behind_the_end_everything_is_closed(void **state) {
  peal_sio_client_emit emit = {.event = PEAL_S("a")};
  (void)state;
  sio_machine_online(&m);
  peal_sio_client_end(m.client);
  peal_sio_client_end(m.client);
  sio_machine_run(&m);
  sio_machine_expect(&m, ">1 disconnect:/:left hangup closed:left");
  assert_int_equal(peal_sio_client_open(m.client, m.now), PEAL_ERR_CLOSED);
  assert_int_equal(peal_sio_client_connect(m.root, m.now), PEAL_ERR_CLOSED);
  assert_int_equal(peal_sio_client_send(m.root, &emit, m.now), PEAL_ERR_CLOSED);
  assert_null(peal_sio_client_of(m.client, PEAL_S("/new")));
  peal_sio_client_close(m.client, m.now);
  peal_sio_client_leave(m.root, m.now);
  sio_machine_run(&m);
  sio_machine_expect(&m, "");
}

/* -- verbs inside of events -------------------------------------------------------------- */

static void close_in_event(sio_machine *at,
                           const peal_sio_client_event *event) {
  if (event->type == PEAL_SIO_CLIENT_EVENT) {
    peal_sio_client_close(at->client, at->now);
    /* What the event borrows is still there. */
    assert_true(
        peal_slice_is(peal_val_str(peal_val_at(event->packet.data, 0)), "bye"));
    assert_int_equal(peal_val_binary(peal_val_at(event->packet.data, 1)).len,
                     3);
  }
}

static void closing_inside_an_event_keeps_what_it_borrows(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  m.hook = close_in_event;
  /* Held, so that its bytes are the machine's own. */
  sio_machine_text(&m, "51-[\"bye\",{\"_placeholder\":true,\"num\":0}]");
  sio_machine_binary(&m, PEAL_S("abc"));
  sio_machine_text(&m, "2[\"not this\"]");
  sio_machine_text(&m, "0{\"sid\":\"a\"}");
  assert_non_null(strstr(m.log, "event:/[\"bye\""));
  assert_null(strstr(m.log, "not this"));
  assert_null(strstr(m.log, "connect:/")); /* so neither a disconnect */
  assert_non_null(strstr(m.log, ">1 hangup closed:left"));
}

static void leave_in_connect(sio_machine *at,
                             const peal_sio_client_event *event) {
  if (event->type == PEAL_SIO_CLIENT_CONNECT)
    peal_sio_client_leave(event->nsp, at->now);
}

static void leaving_inside_connect_is_told_as_a_disconnect(void **state) {
  (void)state;
  m.hook = leave_in_connect;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, "0{\"sid\":\"a\"}");
  sio_machine_expect(&m, "dial0 open ask:/ >0 connect:/ >1 disconnect:/:left "
                         "hangup closed:left");
}

static void rejoin_in_disconnect(sio_machine *at,
                                 const peal_sio_client_event *event) {
  if (event->type == PEAL_SIO_CLIENT_DISCONNECT)
    assert_int_equal(peal_sio_client_connect(event->nsp, at->now), PEAL_OK);
}

static void joining_inside_disconnect_joins_again(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_forget(&m);
  m.hook = rejoin_in_disconnect;
  sio_machine_text(&m, "1/a,");
  sio_machine_expect(&m, "disconnect:/a:server ask:/a >0/a,");
  /* The last one: its connection has been given up by then. */
  sio_machine_text(&m, "4/a,{\"message\":\"no\"}");
  sio_machine_forget(&m);
  sio_machine_text(&m, "1");
  sio_machine_expect(&m, "disconnect:/:server hangup closed:left dial0");
}

/* At each event of a whole life, in each kind of it. */
static unsigned countdown;

static void free_at(sio_machine *at, const peal_sio_client_event *event) {
  (void)event;
  if (countdown-- == 0)
    sio_machine_end(at);
}

static bool live_until_freed(void) {
  m = (sio_machine){.hook = free_at};
  sio_machine_begin(&m);
  (void)sio_machine_emit_with(&m, "/", "early", "early", NULL);
  sio_machine_connect(&m, "/");
  for (int round = 0; round < 2 && m.client; round++) {
    sio_machine_opened(&m);
    if (m.client)
      sio_machine_text(&m, "2[\"held\"]");
    if (m.client)
      sio_machine_text(&m, "0{\"sid\":\"a\"}");
    if (m.client)
      sio_machine_text(&m, "30[\"ok\"]");
    if (m.client)
      sio_machine_closed(&m, LOST, PEAL_OK);
    if (m.client)
      sio_machine_wait(&m, 1000);
  }
  return m.client == NULL;
}

/* -- Socket.IO 2 (reference 3.6) ---------------------------------------------- */

static void begin_sio2(void) {
  sio_machine_end(&m);
  m = (sio_machine){.opts = {.conn = {.sio2 = true}}};
  sio_machine_begin(&m);
}

static void open_sio2(const char *session) {
  assert_int_equal(
      peal_sio_client_set_session(m.client, peal_slice_of(session)), PEAL_OK);
  sio_machine_opened(&m);
}

static void has_id(const char *nsp, const char *id) {
  peal_slice sid = peal_sio_client_nsp_sid(sio_machine_of(&m, nsp));
  assert_true(peal_slice_is(sid, id));
}

static void version_2_names_sockets_by_the_session(void **state) {
  peal_pair token = {.key = "token", .value = peal_str("a b")};
  (void)state;
  begin_sio2();
  m.auth = peal_object(&token, 1);
  sio_machine_connect(&m, "/");
  sio_machine_connect(&m, "/a");
  open_sio2("first");
  sio_machine_expect(&m, "dial0 open ask:/ ask:/a >0/a?token=a%20b,");
  assert_int_equal(sio_machine_emit(&m, "/", "early"), PEAL_OK);
  sio_machine_text(&m, "0");
  sio_machine_text(&m, "0/a,");
  sio_machine_expect(&m, ">2[\"early\"] connect:/ connect:/a");
  has_id("/", "first");
  has_id("/a", "/a#first");
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  open_sio2("second");
  sio_machine_text(&m, "0");
  sio_machine_text(&m, "4/a,\"no\"");
  sio_machine_expect(&m, "disconnect:/:lost disconnect:/a:lost closed:lost "
                         "wait1:1000 attempt1 dial1 open reconnected1 ask:/ "
                         "ask:/a >0/a?token=a%20b, connect:/ "
                         "refused:/a\"no\"");
  has_id("/", "second");
  has_id("/a", "");
}

static void the_root_of_version_2_may_be_joined_late(void **state) {
  (void)state;
  begin_sio2();
  sio_machine_connect(&m, "/a");
  open_sio2("id");
  sio_machine_text(&m, "0");
  sio_machine_text(&m, "0/a,");
  sio_machine_expect(&m, "dial0 open ask:/a >0/a, connect:/a");
  sio_machine_connect(&m, "/");
  sio_machine_expect(&m, "ask:/ connect:/");
  sio_machine_leave(&m, "/");
  sio_machine_connect(&m, "/");
  sio_machine_expect(&m, ">1 disconnect:/:left ask:/ >0");
  sio_machine_text(&m, "0");
  sio_machine_expect(&m, "connect:/");
}

/* A name that is cut off is no name; nothing else depends on it. */
static void an_id_that_is_too_long_is_cut_off(void **state) {
  char name[257];
  (void)state;
  memset(name, 'n', sizeof name - 1);
  name[0] = '/';
  name[256] = '\0';
  begin_sio2();
  sio_machine_connect(&m, name);
  open_sio2("id");
  char answer[300];
  snprintf(answer, sizeof answer, "0%s,", name);
  sio_machine_text(&m, answer);
  assert_true(peal_sio_client_nsp_is_connected(sio_machine_of(&m, name)));
  assert_int_equal(peal_sio_client_nsp_sid(sio_machine_of(&m, name)).len, 256);
}

static void it_may_be_freed_inside_any_event(void **state) {
  (void)state;
  unsigned at = 0;
  sio_machine_end(&m);
  for (bool freed = true; freed; at++) {
    countdown = at;
    freed = live_until_freed();
    if (freed)
      continue;
  }
  assert_true(at > 20);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(idle_says_nothing_and_wants_no_time),
      TEST(connecting_dials_asks_for_auth_and_joins),
      TEST(an_idle_connection_wants_no_time),
      TEST(opening_without_a_namespace_joins_none),
      TEST(several_namespaces_share_a_connection),
      TEST(a_name_must_be_one),
      TEST(auth_is_asked_at_every_connect),
      TEST(auth_may_be_answered_later),
      TEST(an_answer_that_is_too_late_does_nothing),
      TEST(auth_that_is_too_deep_leaves_the_question_open),
      TEST(a_refused_namespace_is_not_tried_again),
      TEST(the_last_namespace_refused_ends_the_connection),
      TEST(a_disconnect_by_the_server_does_not_reconnect),
      TEST(a_connect_without_a_sid_is_told_in_words),
      TEST(a_sid_beyond_all_measure_is_a_parse_error),
      TEST(leaving_says_so_and_keeps_the_connection_for_others),
      TEST(leaving_the_last_one_ends_the_connection),
      TEST(leaving_before_the_dial_was_told_dials_nothing),
      TEST(leaving_while_dialling_hangs_up),
      TEST(leaving_while_waiting_ends_the_waiting),
      TEST(leaving_while_joining_waits_for_the_answer),
      TEST(joining_again_before_the_answer_joins_anew),
      TEST(a_refusal_of_what_is_left_is_not_told),
      TEST(leaving_while_its_auth_is_asked_for_sends_nothing),
      TEST(closing_leaves_all_and_hangs_up),
      TEST(closing_and_opening_at_once_dials_anew),
      TEST(a_lost_connection_is_made_again),
      TEST(delays_double_up_to_the_maximum_and_begin_again),
      TEST(a_first_connection_is_tried_again),
      TEST(a_first_connection_is_tried_once_if_so_wanted),
      TEST(without_reconnection_what_is_lost_stays_lost),
      TEST(attempts_may_be_limited),
      TEST(an_attempt_that_takes_too_long_is_given_up),
      TEST(an_attempt_may_take_for_ever),
      TEST(opening_by_hand_cuts_the_waiting_short),
      TEST(delays_are_spread_by_the_dice),
      TEST(what_a_server_says_wrongly_ends_the_connection),
      TEST(attachments_that_do_not_come_end_the_connection),
      TEST(the_fate_of_a_connection_that_is_none_is_refused),
      TEST(behind_the_end_everything_is_closed),
      TEST(closing_inside_an_event_keeps_what_it_borrows),
      TEST(leaving_inside_connect_is_told_as_a_disconnect),
      TEST(joining_inside_disconnect_joins_again),
      TEST(version_2_names_sockets_by_the_session),
      TEST(the_root_of_version_2_may_be_joined_late),
      TEST(an_id_that_is_too_long_is_cut_off),
      TEST(it_may_be_freed_inside_any_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
