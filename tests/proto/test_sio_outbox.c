/* SPDX-License-Identifier: MIT */
/* sio_outbox: events of a Socket.IO client: buffers, acknowledgements, retries,
 * what is recovered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem_cache.h"
#include "proto/proto_limits.h"
#include "sio_machine.h"
#include "torture.h"

#define LOST PEAL_CLIENT_TRANSPORT_CLOSE
#define FAILED PEAL_CLIENT_TRANSPORT_ERROR
#define SID "0{\"sid\":\"a\"}"

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

static void emit(const char *event) {
  assert_int_equal(sio_machine_emit(&m, "/", event), PEAL_OK);
  sio_machine_run(&m);
}

/* The tag is the event's name. */
static void ask_with(const char *event, const peal_sio_client_emit *how) {
  assert_int_equal(sio_machine_emit_with(&m, "/", event, event, how), PEAL_OK);
  sio_machine_run(&m);
}

static void ask(const char *event, uint32_t timeout_ms) {
  ask_with(event, &(peal_sio_client_emit){.timeout_ms = timeout_ms});
}

/* Lost, and joined again as `sid` says. */
static void again(const char *sid) {
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, sid);
}

/* -- events ------------------------------------------------------------------------- */

static void events_go_out_at_once_and_in_order(void **state) {
  (void)state;
  sio_machine_online(&m);
  emit("a");
  emit("b");
  sio_machine_expect(&m, ">2[\"a\"] >2[\"b\"]");
  assert_int_equal(peal_sio_client_buffered_bytes(m.client), 0);
  assert_int_equal(peal_sio_client_sending_bytes(m.client), 0);
}

static void binaries_go_behind_their_event(void **state) {
  peal_val args[2] = {peal_binary(PEAL_S("abc")), peal_int(7)};
  peal_sio_client_emit how = {.args = {args, 2}};
  (void)state;
  sio_machine_online(&m);
  ask_with("a", &how);
  sio_machine_expect(&m,
                     ">51-0[\"a\",{\"_placeholder\":true,\"num\":0},7] >(3)");
  sio_machine_text(&m, "61-0[{\"_placeholder\":true,\"num\":0}]");
  sio_machine_binary(&m, PEAL_S("xy"));
  sio_machine_expect(&m, "ack:a[\"eHk=\"]");
}

static void many_binaries_are_one_event_and_too_many_none(void **state) {
  enum { MOST = 65535 };

  peal_val *args = calloc(MOST + 1, sizeof *args);
  peal_sio_client_emit how = {.args = {args, 40}};
  (void)state;
  assert_non_null(args);
  for (size_t i = 0; i <= MOST; i++)
    args[i] = peal_binary(PEAL_S(""));
  sio_machine_online(&m);
  assert_int_equal(sio_machine_emit_with(&m, "/", "a", NULL, &how), PEAL_OK);
  how.args.count = MOST + 1;
  assert_int_equal(sio_machine_emit_with(&m, "/", "a", NULL, &how),
                   PEAL_ERR_LIMIT);
  sio_machine_run(&m);
  assert_non_null(strstr(m.log, ">540-[\"a\","));
  free(args);
}

static void reserved_names_are_refused(void **state) {
  peal_sio_client_emit none = {0};
  (void)state;
  assert_int_equal(sio_machine_emit(&m, "/", "connect"), PEAL_ERR_RESERVED);
  assert_int_equal(sio_machine_emit(&m, "/", "disconnect"), PEAL_ERR_RESERVED);
  assert_int_equal(peal_sio_client_send(m.root, &none, m.now),
                   PEAL_ERR_RESERVED);
}

static void what_is_nested_too_deeply_is_refused_and_uses_no_id(void **state) {
  peal_val levels[200], deep = peal_int(1);
  (void)state;
  for (size_t i = 0; i < 200; i++) {
    levels[i] = deep;
    deep = peal_array(&levels[i], 1);
  }
  sio_machine_online(&m);
  peal_sio_client_emit how = {.args = {&deep, 1}};
  assert_int_equal(sio_machine_emit_with(&m, "/", "a", "a", &how),
                   PEAL_ERR_DEPTH);
  ask("b", 0);
  sio_machine_expect(&m, ">20[\"b\"]");
}

static void events_of_the_server_are_told_and_acknowledged(void **state) {
  peal_val ok = peal_str("ok");
  (void)state;
  sio_machine_online(&m);
  sio_machine_text(&m, "2[\"a\",1]");
  sio_machine_text(&m, "27[\"b\"]");
  sio_machine_expect(&m, "event:/[\"a\",1] event:/#7[\"b\"]");
  assert_int_equal(peal_sio_client_ack(m.root, m.link, 7, (peal_args){&ok, 1}),
                   PEAL_OK);
  sio_machine_run(&m);
  sio_machine_expect(&m, ">37[\"ok\"]");
}

static void an_acknowledgement_belongs_to_its_membership(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_text(&m, "27[\"b\"]");
  peal_sio_link link = m.link;
  assert_int_equal(peal_sio_client_ack(m.root, 0, 7, PEAL_NO_ARGS),
                   PEAL_ERR_CLOSED);
  again(SID); /* to the new connection the id is another's */
  assert_int_equal(peal_sio_client_ack(m.root, link, 7, PEAL_NO_ARGS),
                   PEAL_ERR_CLOSED);
  sio_machine_expect(&m, "connect:/");
}

static void what_comes_before_connect_is_told_before_it(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, "2[\"a\"]");
  sio_machine_text(&m, "2[\"b\"]");
  sio_machine_expect(&m, "");
  sio_machine_text(&m, SID);
  sio_machine_text(&m, "2[\"c\"]");
  sio_machine_expect(&m,
                     "event:/[\"a\"] event:/[\"b\"] connect:/ event:/[\"c\"]");
}

/* Cheap to send, dear to keep: there is an end, and it is charged. */
static void a_flood_before_connect_is_bounded(void **state) {
  unsigned count = 0;
  (void)state;
  m.opts.conn.max_packet_bytes = 20000;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  size_t before = m.account.used;
  for (; peal_sio_client_is_open(m.client) && count < 20000; count++) {
    sio_machine_text(&m, "2[\"\"]");
    assert_true(m.account.used - before <= 20000);
  }
  assert_in_range(count, 10, 2000);
  sio_machine_expect(&m, "hangup closed:parse wait1:1000");
  assert_true(m.account.used <= before);
}

/* Whatever waits for one, each costs the same and leaves nothing. */
static void a_flood_of_acknowledgements_of_nothing_costs_nothing(void **state) {
  char text[32];
  (void)state;
  sio_machine_online(&m);
  for (unsigned i = 0; i < 1000; i++)
    ask("a", 0);
  sio_machine_forget(&m);
  size_t before = m.account.used;
  for (unsigned i = 1000; i < 21000; i++) {
    (void)snprintf(text, sizeof text, "3%u[]", i);
    sio_machine_text(&m, text);
  }
  sio_machine_expect(&m, "");
  assert_int_equal(m.account.used, before);
}

static void nothing_is_delivered_behind_leaving(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/a");
  sio_machine_text(&m, "2/a,[\"held\"]");
  sio_machine_leave(&m, "/a");
  sio_machine_text(&m, "0/a,{\"sid\":\"x\"}");
  sio_machine_text(&m, "2/a,[\"late\"]");
  sio_machine_expect(&m, "ask:/a >0/a, >1/a,");
}

/* -- buffers -------------------------------------------------------------------------- */

static void what_is_emitted_before_connect_waits_in_order(void **state) {
  (void)state;
  emit("a");
  sio_machine_connect(&m, "/");
  emit("b");
  sio_machine_opened(&m);
  emit("c");
  sio_machine_expect(&m, "dial0 open ask:/ >0");
  assert_true(peal_sio_client_buffered_bytes(m.client) > 0);
  sio_machine_text(&m, SID);
  sio_machine_expect(&m, ">2[\"a\"] >2[\"b\"] >2[\"c\"] connect:/");
  assert_int_equal(peal_sio_client_buffered_bytes(m.client), 0);
}

static void emit_on_held(sio_machine *at, const peal_sio_client_event *event) {
  if (event->type == PEAL_SIO_CLIENT_EVENT) {
    assert_true(peal_sio_client_nsp_is_connected(event->nsp));
    assert_int_equal(sio_machine_emit(at, "/", "new"), PEAL_OK);
    assert_int_equal(
        peal_sio_client_ack(event->nsp, event->link, 5, PEAL_NO_ARGS), PEAL_OK);
  }
}

static void what_is_emitted_meanwhile_keeps_its_place(void **state) {
  (void)state;
  emit("old");
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, "25[\"held\"]");
  sio_machine_forget(&m);
  m.hook = emit_on_held;
  sio_machine_text(&m, SID);
  sio_machine_expect(
      &m, "event:/#5[\"held\"] >35[] >2[\"old\"] >2[\"new\"] connect:/");
}

static void namespaces_wait_each_for_itself(void **state) {
  (void)state;
  emit("a");
  assert_int_equal(sio_machine_emit(&m, "/x", "b"), PEAL_OK);
  sio_machine_online(&m);
  assert_true(peal_sio_client_buffered_bytes(m.client) > 0);
  sio_machine_connect(&m, "/x");
  sio_machine_text(&m, "0/x,{\"sid\":\"x\"}");
  sio_machine_expect(&m, "ask:/x >0/x, >2/x,[\"b\"] connect:/x");
}

static void what_waits_survives_leaving_and_refusals(void **state) {
  (void)state;
  emit("a");
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, "4{\"message\":\"no\"}");
  sio_machine_connect(&m, "/");
  sio_machine_leave(&m, "/");
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  sio_machine_expect(&m, ">2[\"a\"] connect:/");
}

static void what_was_not_handed_over_waits_for_the_next(void **state) {
  peal_sio_client_event event;
  (void)state;
  sio_machine_online(&m);
  for (const char *name = "a\0b\0c\0"; *name; name += 2)
    assert_int_equal(sio_machine_emit_with(&m, "/", name, name, NULL), PEAL_OK);
  assert_true(peal_sio_client_sending_bytes(m.client) > 0);
  assert_true(peal_sio_client_next(m.client, &m.arena, &event)); /* "a" */
  peal_message_unref(event.message);
  again(SID);
  sio_machine_expect(&m, ">21[\"b\"] >22[\"c\"] connect:/");
  sio_machine_text(&m, "30[]"); /* of the old connection: told before */
  sio_machine_text(&m, "32[]");
  sio_machine_expect(&m, "ack:c[]");
}

static void the_buffer_has_a_ceiling(void **state) {
  (void)state;
  m.opts.max_buffer_bytes = 2000;
  peal_err err = PEAL_OK;
  unsigned kept = 0;
  for (; !err && kept < 100; kept += !err)
    err = sio_machine_emit(&m, "/", "a");
  assert_int_equal(err, PEAL_ERR_QUEUE_FULL);
  assert_in_range(kept, 2, 20);
  assert_true(peal_sio_client_buffered_bytes(m.client) <= 2000);
  sio_machine_online(&m); /* online it is not needed */
  emit("b");
  sio_machine_expect(&m, ">2[\"b\"]");
}

static void the_buffer_may_have_a_ceiling_of_its_number(void **state) {
  (void)state;
  m.opts.max_buffer_events = 2;
  emit("a");
  emit("b");
  assert_int_equal(sio_machine_emit_with(&m, "/", "c", "c", NULL),
                   PEAL_ERR_QUEUE_FULL);
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  ask("d", 0); /* what was refused has used no id */
  sio_machine_expect(&m, ">2[\"a\"] >2[\"b\"] connect:/ >20[\"d\"]");
}

static void the_oldest_may_make_room_and_its_end_is_told(void **state) {
  (void)state;
  m.opts.max_buffer_events = 2;
  m.opts.drop_oldest = true;
  ask("a", 0);
  emit("b");
  emit("c");
  sio_machine_expect(&m, "ack:a:QUEUE_FULL dropped1");
  assert_int_equal(sio_machine_emit(&m, "/x", "d"), PEAL_OK); /* of all */
  assert_int_equal(sio_machine_emit(&m, "/x", "e"), PEAL_OK);
  sio_machine_run(&m);
  sio_machine_expect(&m, "dropped2");
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  sio_machine_expect(&m, "connect:/");
}

static void what_never_fits_drops_nothing(void **state) {
  char text[3000];
  (void)state;
  m.opts.max_buffer_bytes = 2000;
  m.opts.drop_oldest = true;
  emit("a");
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  assert_int_equal(sio_machine_emit(&m, "/", text), PEAL_ERR_QUEUE_FULL);
  sio_machine_run(&m);
  sio_machine_expect(&m, "");
  assert_true(peal_sio_client_buffered_bytes(m.client) > 0);
}

static void a_stale_connection_takes_nothing(void **state) {
  peal_sio_client_emit how = {.flow = PEAL_SIO_CLIENT_STALE};
  (void)state;
  sio_machine_online(&m);
  ask_with("a", &how);
  sio_machine_expect(&m, "");
  sio_machine_closed(&m, PEAL_CLIENT_PING_TIMEOUT, PEAL_OK);
  /* It was not sent, so its acknowledgement may still come. */
  sio_machine_expect(&m, "disconnect:/:ping closed:ping wait1:1000");
  sio_machine_wait(&m, 1000);
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  sio_machine_text(&m, "30[]");
  sio_machine_expect(&m, ">20[\"a\"] connect:/ ack:a[]");
}

static void nothing_overtakes_what_a_stale_connection_left(void **state) {
  peal_sio_client_emit how = {.flow = PEAL_SIO_CLIENT_STALE};
  (void)state;
  sio_machine_online(&m);
  ask_with("a", &how);
  emit("b"); /* it lives after all */
  sio_machine_expect(&m, ">20[\"a\"] >2[\"b\"]");
}

/* -- volatile ------------------------------------------------------------------------- */

static void volatile_events_do_not_wait(void **state) {
  peal_sio_client_emit how = {.is_volatile = true};
  (void)state;
  ask_with("a", &how);
  sio_machine_expect(&m, "ack:a:CLOSED");
  assert_int_equal(sio_machine_emit_with(&m, "/", "b", NULL, &how), PEAL_OK);
  sio_machine_online(&m);
  ask_with("c", &how);
  how.flow = PEAL_SIO_CLIENT_BUSY;
  ask_with("d", &how);
  emit("e");
  sio_machine_expect(&m, ">20[\"c\"] ack:d:CLOSED >2[\"e\"]");
}

/* -- acknowledgements ------------------------------------------------------------------ */

static void acknowledgements_are_told_once_in_any_order(void **state) {
  (void)state;
  sio_machine_online(&m);
  ask("a", 0);
  ask("b", 0);
  sio_machine_forget(&m);
  sio_machine_text(&m, "31[2]");
  sio_machine_text(&m, "31[2]");
  sio_machine_text(&m, "30[1]");
  sio_machine_text(&m, "399[\"nobody\"]");
  sio_machine_text(&m, "3[\"of none\"]");
  sio_machine_expect(&m, "ack:b[2] ack:a[1]");
}

static void ids_are_counted_by_each_namespace(void **state) {
  (void)state;
  sio_machine_online(&m);
  sio_machine_connect(&m, "/x");
  sio_machine_text(&m, "0/x,{\"sid\":\"x\"}");
  sio_machine_forget(&m);
  ask("a", 0);
  assert_int_equal(sio_machine_emit_with(&m, "/x", "b", "b", NULL), PEAL_OK);
  sio_machine_run(&m);
  sio_machine_text(&m, "3/x,0[\"x\"]");
  sio_machine_text(&m, "30[\"root\"]");
  sio_machine_expect(&m,
                     ">20[\"a\"] >2/x,0[\"b\"] ack:b[\"x\"] ack:a[\"root\"]");
}

static void an_answer_before_the_question_has_left_counts_for_nothing(
    void **state) {
  (void)state;
  sio_machine_online(&m);
  m.hook = NULL;
  assert_int_equal(sio_machine_emit_with(&m, "/", "a", "a", NULL), PEAL_OK);
  /* A server that guesses ids. */
  assert_int_equal(peal_sio_client_feed(m.client, false, PEAL_S("30[]"), m.now),
                   PEAL_OK);
  sio_machine_run(&m);
  /* _next has told the question first. */
  sio_machine_expect(&m, ">20[\"a\"] ack:a[]");
  ask_with("b", &(peal_sio_client_emit){.flow = PEAL_SIO_CLIENT_STALE});
  sio_machine_text(&m, "31[]");
  sio_machine_expect(&m, "");
}

static void acknowledgements_may_have_a_time(void **state) {
  (void)state;
  sio_machine_online(&m);
  ask("a", 500);
  ask("b", 300);
  ask("c", 0);
  sio_machine_forget(&m);
  assert_int_equal(peal_sio_client_deadline(m.client), m.now + 300);
  sio_machine_wait(&m, 300);
  sio_machine_expect(&m, "ack:b:TIMEOUT");
  sio_machine_wait(&m, 100000);
  sio_machine_text(&m, "30[\"late\"]");
  sio_machine_expect(&m, "ack:a:TIMEOUT");
  sio_machine_text(&m, "32[]");
  sio_machine_expect(&m, "ack:c[]");
}

static void the_option_gives_a_time_to_those_that_say_none(void **state) {
  (void)state;
  m.opts.ack_timeout_ms = 200;
  sio_machine_online(&m);
  ask("a", 0);
  ask("b", UINT32_MAX);
  sio_machine_forget(&m);
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "ack:a:TIMEOUT");
}

static void one_that_times_out_while_it_waits_is_not_sent(void **state) {
  (void)state;
  ask("a", 500);
  emit("b");
  sio_machine_wait(&m, 500);
  sio_machine_expect(&m, "ack:a:TIMEOUT");
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  sio_machine_expect(&m, ">2[\"b\"] connect:/");
}

static void a_lost_connection_ends_what_was_sent_only(void **state) {
  (void)state;
  sio_machine_online(&m);
  ask("a", 0);
  ask("b", 90000);
  sio_machine_forget(&m);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_expect(&m, "disconnect:/:lost ack:a:CLOSED ack:b:CLOSED "
                         "closed:lost wait1:1000");
  ask("c", 90000);
  sio_machine_wait(&m, 1000);
  sio_machine_closed(&m, FAILED, PEAL_ERR_IO);
  sio_machine_wait(&m, 2000);
  sio_machine_opened(&m);
  sio_machine_text(&m, SID);
  sio_machine_forget(&m);
  sio_machine_text(&m, "32[]");
  sio_machine_expect(&m, "ack:c[]");
}

static void leaving_ends_what_was_sent(void **state) {
  (void)state;
  sio_machine_online(&m);
  ask("a", 0);
  assert_int_equal(sio_machine_emit_with(&m, "/", "b", "b", NULL), PEAL_OK);
  sio_machine_forget(&m);
  sio_machine_leave(&m, "/");
  sio_machine_expect(&m, ">21[\"b\"] >1 disconnect:/:left ack:a:CLOSED hangup "
                         "closed:left ack:b:CLOSED");
}

static void the_end_tells_all_that_waits(void **state) {
  (void)state;
  m.opts.retries = 2;
  peal_sio_client_emit direct = {.no_retry = true};
  sio_machine_online(&m);
  ask("a", 0); /* in flight */
  ask("b", 0);
  ask_with("c", &direct);
  direct.flow = PEAL_SIO_CLIENT_STALE;
  ask_with("d", &direct);
  sio_machine_forget(&m);
  peal_sio_client_end(m.client);
  sio_machine_run(&m);
  for (const char *tag = "a\0b\0c\0d\0"; *tag; tag += 2) {
    char word[16];
    (void)snprintf(word, sizeof word, "ack:%s:CLOSED", tag);
    assert_non_null(strstr(m.log, word));
  }
  assert_int_equal(peal_sio_client_buffered_bytes(m.client), 0);
}

static void thousands_may_wait_for_their_acknowledgement(void **state) {
  enum { MANY = 5000 };

  char text[32];
  (void)state;
  sio_machine_online(&m);
  size_t before = m.account.used;
  for (unsigned i = 0; i < MANY; i++) {
    ask("a", 1 + (i * 7919) % MANY);
    sio_machine_forget(&m);
  }
  for (unsigned i = 0; i < MANY; i += 2) { /* backwards */
    (void)snprintf(text, sizeof text, "3%u[]", MANY - 1 - i);
    sio_machine_text(&m, text);
    sio_machine_expect(&m, "ack:a[]");
  }
  for (unsigned i = 0; i < MANY; i++) {
    sio_machine_wait(&m, 1);
    sio_machine_forget(&m);
  }
  assert_int_equal(peal_sio_client_deadline(m.client), UINT64_MAX);
  assert_int_equal(m.account.used, before); /* its table has gone back, too */
}

/* -- retries --------------------------------------------------------------------------- */

static void with_retries_one_is_in_flight_at_a_time(void **state) {
  (void)state;
  m.opts.retries = 3;
  sio_machine_online(&m);
  ask("a", 0);
  emit("b"); /* without an acknowledgement of the program's, too */
  ask("c", 0);
  sio_machine_expect(&m, ">20[\"a\"]");
  sio_machine_text(&m, "30[1]");
  sio_machine_expect(&m, "ack:a[1] >21[\"b\"]");
  sio_machine_text(&m, "31[]");
  sio_machine_expect(&m, ">22[\"c\"]");
  sio_machine_text(&m, "32[3]");
  sio_machine_expect(&m, "ack:c[3]");
  assert_int_equal(peal_sio_client_buffered_bytes(m.client), 0);
}

static void one_that_is_not_acknowledged_is_sent_again(void **state) {
  (void)state;
  m.opts.retries = 2;
  m.opts.ack_timeout_ms = 100;
  sio_machine_online(&m);
  ask("a", 0);
  ask("b", 0);
  sio_machine_wait(&m, 100);
  sio_machine_wait(&m, 100);
  sio_machine_expect(&m, ">20[\"a\"] >20[\"a\"] >20[\"a\"]");
  sio_machine_wait(&m, 100); /* three tries, and given up */
  sio_machine_expect(&m, ">21[\"b\"] ack:a:TIMEOUT");
  sio_machine_text(&m, "31[]");
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "ack:b[]");
}

static void a_late_acknowledgement_of_an_earlier_try_counts(void **state) {
  (void)state;
  m.opts.retries = 2;
  m.opts.ack_timeout_ms = 100;
  sio_machine_online(&m);
  ask("a", 0);
  sio_machine_wait(&m, 100);
  sio_machine_forget(&m);
  sio_machine_text(&m, "30[\"first\"]");
  sio_machine_text(&m, "30[\"second\"]");
  sio_machine_wait(&m, 100000);
  sio_machine_expect(&m, "ack:a[\"first\"]");
}

static void a_retry_is_sent_again_with_the_next_connection(void **state) {
  (void)state;
  m.opts.retries = 1;
  sio_machine_online(&m);
  ask("a", 0);
  ask("b", 0);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_expect(&m, ">20[\"a\"] disconnect:/:lost closed:lost wait1:1000");
  sio_machine_wait(&m, 1000);
  sio_machine_opened(&m);
  assert_int_equal(
      sio_machine_emit_with(&m, "/", "c", NULL,
                            &(peal_sio_client_emit){.no_retry = true}),
      PEAL_OK);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID); /* the buffer, the queue, then connect */
  sio_machine_expect(&m, ">2[\"c\"] >20[\"a\"] connect:/");
  sio_machine_closed(&m, LOST, PEAL_OK); /* that was its last try */
  sio_machine_expect(&m, "disconnect:/:lost ack:a:CLOSED closed:lost "
                         "wait1:1000");
  sio_machine_wait(&m, 1000);
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  sio_machine_expect(&m, ">21[\"b\"] connect:/");
}

static void the_queue_of_retries_survives_leaving(void **state) {
  (void)state;
  m.opts.retries = 5;
  m.opts.ack_timeout_ms = 100;
  sio_machine_online(&m);
  ask("a", 0);
  sio_machine_leave(&m, "/");
  sio_machine_wait(&m, 100000); /* no time runs */
  sio_machine_expect(&m, ">20[\"a\"] >1 disconnect:/:left hangup closed:left");
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  sio_machine_text(&m, "30[]");
  sio_machine_expect(&m, ">20[\"a\"] connect:/ ack:a[]");
}

static void retries_before_connect_wait_for_it(void **state) {
  (void)state;
  m.opts.retries = 1;
  ask("a", 50);
  sio_machine_wait(&m, 1000); /* its time begins when it is sent */
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_forget(&m);
  sio_machine_text(&m, SID);
  sio_machine_expect(&m, ">20[\"a\"] connect:/");
  sio_machine_wait(&m, 1000);
  sio_machine_expect(&m, ">20[\"a\"] ack:a:TIMEOUT");
}

static void no_retry_and_volatile_go_beside_the_queue(void **state) {
  (void)state;
  m.opts.retries = 1;
  sio_machine_online(&m);
  ask("a", 0);
  ask_with("b", &(peal_sio_client_emit){.no_retry = true});
  ask_with("c", &(peal_sio_client_emit){.is_volatile = true});
  ask("d", 0);
  sio_machine_expect(&m, ">20[\"a\"] >21[\"b\"] >22[\"c\"]");
}

static void retries_have_the_ceiling_of_the_buffer(void **state) {
  (void)state;
  m.opts.retries = 1;
  m.opts.max_buffer_events = 2;
  m.opts.drop_oldest = true;
  sio_machine_online(&m);
  ask("a", 0); /* in flight: it is not dropped */
  ask("b", 0);
  ask("c", 0);
  sio_machine_expect(&m, ">20[\"a\"] ack:b:QUEUE_FULL dropped1");
  sio_machine_text(&m, "30[]");
  sio_machine_expect(&m, "ack:a[] >22[\"c\"]");
}

/* -- recovery ---------------------------------------------------------------------------- */

#define PID "0{\"sid\":\"a\",\"pid\":\"P\"}"

static void a_session_is_asked_back_with_pid_and_offset(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, PID);
  sio_machine_text(&m, "2[\"a\",\"o1\"]");
  sio_machine_text(&m, "2[\"b\",1,\"o2\"]");
  sio_machine_text(&m, "27[\"asks\",\"mine\"]"); /* such have no offset */
  sio_machine_text(&m, "2[\"c\",3]");
  sio_machine_text(&m, "2[\"name\"]"); /* the name is none */
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  sio_machine_expect(
      &m, "open reconnected1 ask:/ >0{\"pid\":\"P\",\"offset\":\"o2\"}");
  sio_machine_text(&m, "2[\"missed\",\"o3\"]"); /* those come first */
  sio_machine_text(&m, PID);
  sio_machine_expect(&m, "event:/[\"missed\",\"o3\"] connect!:/");
  again("0{\"sid\":\"b\",\"pid\":\"Q\"}"); /* not recovered */
  sio_machine_expect(&m, "connect:/");
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_forget(&m);
  sio_machine_opened(&m); /* what came before is not asked for */
  sio_machine_expect(&m, "open reconnected1 ask:/ >0{\"pid\":\"Q\"}");
}

static void auth_stands_beside_the_session_and_wins(void **state) {
  peal_pair pairs[40] = {{.key = "token", .value = peal_int(1)},
                         {.key = "pid", .value = peal_str("mine")}};
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, PID);
  sio_machine_text(&m, "2[\"a\",\"o1\"]");
  m.auth = peal_object(pairs, 1);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open reconnected1 ask:/ >0{\"pid\":\"P\",\"offset\":"
                         "\"o1\",\"token\":1}");
  m.auth = peal_object(pairs, 2);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open reconnected1 ask:/ >0{\"offset\":\"o1\","
                         "\"token\":1,\"pid\":\"mine\"}");
  for (size_t i = 2; i < 40; i++)
    pairs[i] = (peal_pair){.key = "x", .value = peal_int(1)};
  m.auth = peal_object(pairs, 40);
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  assert_non_null(strstr(m.log, ">0{\"offset\":\"o1\",\"token\":1,"));
}

static void leaving_forgets_the_session(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, PID);
  sio_machine_text(&m, "2[\"a\",\"o1\"]");
  sio_machine_leave(&m, "/");
  sio_machine_connect(&m, "/");
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open ask:/ >0");
  sio_machine_text(&m, PID);
  sio_machine_text(&m, "1");
  sio_machine_connect(&m, "/");
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open ask:/ >0");
}

static void a_refusal_keeps_the_session(void **state) {
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, PID);
  sio_machine_text(&m, "2[\"a\",\"o1\"]");
  again("4{\"message\":\"your token is old\"}");
  sio_machine_connect(&m, "/");
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open ask:/ >0{\"pid\":\"P\",\"offset\":\"o1\"}");
}

static void offsets_and_pids_beyond_all_measure_are_none(void **state) {
  char text[700];
  (void)state;
  sio_machine_connect(&m, "/");
  sio_machine_opened(&m);
  sio_machine_text(&m, PID);
  sio_machine_text(&m, "2[\"a\",\"o1\"]");
  (void)snprintf(text, sizeof text, "2[\"a\",\"%0300d\"]", 1);
  sio_machine_text(&m, text);
  (void)snprintf(text, sizeof text, "0{\"sid\":\"a\",\"pid\":\"%0300d\"}", 1);
  again(text);
  assert_false(peal_sio_client_nsp_is_recovered(m.root));
  sio_machine_closed(&m, LOST, PEAL_OK);
  sio_machine_wait(&m, 1000);
  sio_machine_forget(&m);
  sio_machine_opened(&m);
  sio_machine_expect(&m, "open reconnected1 ask:/ >0");
}

/* -- memory ------------------------------------------------------------------------------- */

static void ten_thousand_reconnects_leave_nothing(void **state) {
  torture memory;
  size_t used = 0, live = 0;
  (void)state;
  sio_machine_end(&m);
  torture_init(&memory, 0);
  m = (sio_machine){.opts = {.retries = 1}};
  assert_true(sio_machine_begin_with(&m, &memory.mem));
  sio_machine_online(&m);
  for (unsigned i = 0; i < 10000; i++) {
    ask("a", 0);
    again("0{\"sid\":\"b\",\"pid\":\"P\"}");
    sio_machine_text(&m, "2[\"a\",\"offset\"]");
    assert_int_equal(
        peal_sio_client_feed(m.client, false, PEAL_S("30[]"), m.now), PEAL_OK);
    sio_machine_run(&m);
    char ack[32];
    (void)snprintf(ack, sizeof ack, "3%u[]", i);
    sio_machine_text(&m, ack);
    assert_non_null(strstr(m.log, "ack:a[]"));
    sio_machine_forget(&m);
    if (i == 100) {
      used = m.account.used;
      live = memory.live;
    }
  }
  assert_int_equal(m.account.used, used);
  assert_int_equal(memory.live, live);
  sio_machine_end(&m);
  assert_int_equal(memory.live, 0);
}

/* Sent and acknowledged: the message and nothing else is allocated (under the
 * address sanitizer its record, too). */
static void a_steady_exchange_allocates_messages_only(void **state) {
  torture memory;
  char ack[32];
  (void)state;
  sio_machine_end(&m);
  torture_init(&memory, 0);
  m = (sio_machine){0};
  assert_true(sio_machine_begin_with(&m, &memory.mem));
  sio_machine_online(&m);
  for (unsigned i = 0; i < 100; i++) {
    size_t calls = memory.calls;
    ask("a", 1000);
    (void)snprintf(ack, sizeof ack, "3%u[]", i);
    sio_machine_text(&m, ack);
    if (i > 10) /* its text while it is encoded, and itself */
      assert_in_range(memory.calls - calls, 1, 2 + PEAL_MEM_CACHE_PASS_THROUGH);
    sio_machine_forget(&m);
  }
  sio_machine_end(&m);
  assert_int_equal(memory.live, 0);
}

static void an_account_at_its_ceiling_refuses(void **state) {
  (void)state;
  sio_machine_online(&m);
  m.account.max = m.account.used + 100;
  assert_int_equal(sio_machine_emit(&m, "/", "a"), PEAL_ERR_LIMIT);
  m.account.max = 0;
  emit("b");
  sio_machine_expect(&m, ">2[\"b\"]");
}

/* A whole life: whatever allocation fails, everything that was taken is told
 * and given back, and the machine can go on. */
static unsigned asked, told;

static void count_acks(sio_machine *at, const peal_sio_client_event *event) {
  (void)at;
  told += event->type == PEAL_SIO_CLIENT_ACK;
}

static void try_ask(const char *event, const peal_sio_client_emit *how) {
  peal_err err = sio_machine_emit_with(&m, "/", event, event, how);
  asked += err == PEAL_OK;
  if (err)
    m.out_of = err;
  sio_machine_run(&m);
}

static void text_if_open(const char *text) {
  if (!peal_sio_client_is_open(m.client) &&
      peal_sio_client_opened(m.client, m.now) == PEAL_OK)
    sio_machine_run(&m);
  if (peal_sio_client_is_open(m.client))
    sio_machine_text(&m, text);
}

static peal_err live(const peal_mem *mem, void *user) {
  peal_val bytes = peal_binary(PEAL_S("abc"));
  (void)user;
  asked = told = 0;
  m = (sio_machine){.opts = {.retries = 1}, .hook = count_acks};
  m.auth = peal_undefined();
  if (!sio_machine_begin_with(&m, mem)) {
    sio_machine_end(&m);
    return PEAL_ERR_NOMEM;
  }
  try_ask("early", NULL);
  assert_int_equal(peal_sio_client_connect(m.root, m.now), PEAL_OK);
  sio_machine_run(&m);
  for (int round = 0; round < 3; round++) {
    text_if_open("2[\"held\"]");
    text_if_open("0{\"sid\":\"a\",\"pid\":\"P\"}");
    try_ask("a", &(peal_sio_client_emit){.args = {&bytes, 1}});
    try_ask("b", &(peal_sio_client_emit){.no_retry = true, .timeout_ms = 50});
    try_ask("c", &(peal_sio_client_emit){.is_volatile = true});
    text_if_open("2[\"event\",\"offset\"]");
    text_if_open("30[]");
    sio_machine_wait(&m, 60);
    if (peal_sio_client_is_open(m.client))
      sio_machine_closed(&m, LOST, PEAL_OK);
    sio_machine_wait(&m, 1000);
    sio_machine_forget(&m);
  }
  bool full = m.out_of != PEAL_OK;
  peal_sio_client_end(m.client);
  sio_machine_run(&m);
  assert_int_equal(asked, told);
  sio_machine_end(&m);
  return full ? PEAL_ERR_NOMEM : PEAL_OK;
}

static void memory_may_end_at_any_point(void **state) {
  size_t count = 0;
  (void)state;
  sio_machine_end(&m);
  /* What is lost with the connection is made up for by the next one. */
  assert_true(torture_run(live, NULL, true, &count));
  assert_true(count > 20);
}

static void check_sees_what_is_wrong(void **state) {
  (void)state;
  sio_machine_online(&m);
  assert_true(peal_sio_client_check(m.client));
  m.client->buffered_bytes++;
  assert_false(peal_sio_client_check(m.client));
  m.client->buffered_bytes--;
  m.root->phase = PEAL_SIO_CLIENT_ASKING;
  assert_false(peal_sio_client_check(m.client));
  m.root->phase = PEAL_SIO_CLIENT_IN;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(events_go_out_at_once_and_in_order),
      TEST(binaries_go_behind_their_event),
      TEST(many_binaries_are_one_event_and_too_many_none),
      TEST(reserved_names_are_refused),
      TEST(what_is_nested_too_deeply_is_refused_and_uses_no_id),
      TEST(events_of_the_server_are_told_and_acknowledged),
      TEST(an_acknowledgement_belongs_to_its_membership),
      TEST(what_comes_before_connect_is_told_before_it),
      TEST(a_flood_before_connect_is_bounded),
      TEST(a_flood_of_acknowledgements_of_nothing_costs_nothing),
      TEST(nothing_is_delivered_behind_leaving),
      TEST(what_is_emitted_before_connect_waits_in_order),
      TEST(what_is_emitted_meanwhile_keeps_its_place),
      TEST(namespaces_wait_each_for_itself),
      TEST(what_waits_survives_leaving_and_refusals),
      TEST(what_was_not_handed_over_waits_for_the_next),
      TEST(the_buffer_has_a_ceiling),
      TEST(the_buffer_may_have_a_ceiling_of_its_number),
      TEST(the_oldest_may_make_room_and_its_end_is_told),
      TEST(what_never_fits_drops_nothing),
      TEST(a_stale_connection_takes_nothing),
      TEST(nothing_overtakes_what_a_stale_connection_left),
      TEST(volatile_events_do_not_wait),
      TEST(acknowledgements_are_told_once_in_any_order),
      TEST(ids_are_counted_by_each_namespace),
      TEST(an_answer_before_the_question_has_left_counts_for_nothing),
      TEST(acknowledgements_may_have_a_time),
      TEST(the_option_gives_a_time_to_those_that_say_none),
      TEST(one_that_times_out_while_it_waits_is_not_sent),
      TEST(a_lost_connection_ends_what_was_sent_only),
      TEST(leaving_ends_what_was_sent),
      TEST(the_end_tells_all_that_waits),
      TEST(thousands_may_wait_for_their_acknowledgement),
      TEST(with_retries_one_is_in_flight_at_a_time),
      TEST(one_that_is_not_acknowledged_is_sent_again),
      TEST(a_late_acknowledgement_of_an_earlier_try_counts),
      TEST(a_retry_is_sent_again_with_the_next_connection),
      TEST(the_queue_of_retries_survives_leaving),
      TEST(retries_before_connect_wait_for_it),
      TEST(no_retry_and_volatile_go_beside_the_queue),
      TEST(retries_have_the_ceiling_of_the_buffer),
      TEST(a_session_is_asked_back_with_pid_and_offset),
      TEST(auth_stands_beside_the_session_and_wins),
      TEST(leaving_forgets_the_session),
      TEST(a_refusal_keeps_the_session),
      TEST(offsets_and_pids_beyond_all_measure_are_none),
      TEST(ten_thousand_reconnects_leave_nothing),
      TEST(a_steady_exchange_allocates_messages_only),
      TEST(an_account_at_its_ceiling_refuses),
      TEST(memory_may_end_at_any_point),
      TEST(check_sees_what_is_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
