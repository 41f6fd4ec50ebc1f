/* SPDX-License-Identifier: MIT */
/* cluster_machine: each verb in each state; questions and their ends; presence;
 * what is heard twice; and any allocation may fail. A whole cluster with its
 * faults is tests/sim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/cluster_machine.h"
#include "torture.h"

#define UID "0123456789abcdef"
#define OTHER "peal3fedcba9876543210"
#define THIRD "peal3aaaaaaaaaaaaaaaa"
#define NSP PEAL_S("/")

typedef struct fixture {
  peal_cluster_machine machine;
  peal_arena arena;
  char log[4096];   /* of what _next said */
  uint64_t number;  /* of the last COUNT or ADD */
  char request[32]; /* of the last question sent */
  char uid[64];
} fixture;

static peal_slice text(const char *it) {
  return peal_slice_of(it);
}

/* -- what it says ------------------------------------------------------------------- */

static const char *const types[] = {
    "SUBSCRIBE", "UNSUBSCRIBE", "SEND",  "ADD",    "READ",
    "COUNT",     "RUN",         "QUERY", "PART",   "DONE",
    "JOINED",    "LEFT",        "LOST",  "STORED", "CLOSED"};
static const char *const kinds[] = {
    "",      "op",      "ask",   "asked",     "acked", "fetch",  "fetched",
    "ids",   "ids_are", "rooms", "rooms_are", "call",  "return", "callback",
    "hello", "alive",   "bye",   "presence",  "count", "counted"};

static void say(fixture *f, const peal_cluster_event *event) {
  size_t len = strlen(f->log);
  char *at = f->log + len;
  size_t room = sizeof f->log - len;
  int n = snprintf(at, room, "%s", types[event->type]);
  if (event->msg)
    n += snprintf(at + n, room - (size_t)n, " %s%s", kinds[event->msg->kind],
                  event->msg->to.len ? " to one" : "");
  if (event->type == PEAL_CLUSTER_IS_DONE)
    n += snprintf(at + n, room - (size_t)n, " %s %zd/%zd",
                  peal_err_name(event->err), (ssize_t)event->missing,
                  (ssize_t)event->nodes);
  if (event->room.len)
    n += snprintf(at + n, room - (size_t)n, " %.*s", PEAL_SFMT(event->room));
  snprintf(at + n, room - (size_t)n, "\n");
  if (event->type == PEAL_CLUSTER_DO_COUNT ||
      event->type == PEAL_CLUSTER_DO_ADD)
    f->number = event->number;
  if (event->type == PEAL_CLUSTER_DO_SEND && event->msg->request.len &&
      event->msg->request.len < 32)
    snprintf(f->request, sizeof f->request, "%.*s",
             PEAL_SFMT(event->msg->request));
}

static void drain(fixture *f) {
  peal_cluster_event event;
  while (peal_cluster_machine_next(&f->machine, &f->arena, &event))
    say(f, &event);
  peal_arena_reset(&f->arena);
  assert_true(peal_cluster_machine_check(&f->machine));
}

static void expect(fixture *f, const char *log) {
  drain(f);
  assert_string_equal(f->log, log);
  *f->log = 0;
}

static void has(fixture *f, const char *line) {
  drain(f);
  if (!strstr(f->log, line))
    fail_msg("no \"%s\" in:\n%s", line, f->log);
  *f->log = 0;
}

static void forget(fixture *f) {
  drain(f);
  *f->log = 0;
}

static peal_err init(fixture *f, const peal_cluster_machine_opts *opts) {
  peal_cluster_machine_opts all = *opts;
  memset(f, 0, sizeof *f);
  strcpy(f->uid, UID);
  all.uid = text(f->uid);
  peal_arena_init(&f->arena, NULL, 0, 0);
  return peal_cluster_machine_init(&f->machine, &all, 7, 1000);
}

static void begin(fixture *f, const peal_cluster_machine_opts *opts) {
  assert_int_equal(init(f, opts), PEAL_OK);
  assert_int_equal(peal_cluster_machine_nsp(&f->machine, NSP), PEAL_OK);
  memset(f->uid, 'x', 16); /* it was copied */
}

static void end(fixture *f) {
  peal_cluster_machine_deinit(&f->machine);
  peal_arena_deinit(&f->arena);
}

static const peal_cluster_machine_opts plain = {.node = true};
static const peal_cluster_machine_opts streams = {.node = true,
                                                  .streams = true};

/* -- states --------------------------------------------------------------------------- */

typedef enum state { DOWN, JOINING, UP, LEFT, STATES } state;

static void bring(fixture *f, state to) {
  begin(f, to == JOINING ? &streams : &plain);
  if (to != DOWN)
    peal_cluster_machine_up(&f->machine, 1000);
  if (to == LEFT)
    peal_cluster_machine_leave(&f->machine, 1000);
  forget(f);
}

static peal_message *event_of(void) {
  peal_message *message = peal_message_new(text("2[\"e\",1]"), NULL, 0, NULL);
  assert_non_null(message);
  return message;
}

static peal_err publish(fixture *f, uint64_t now_ms) {
  peal_op op = {.kind = PEAL_OP_EMIT, .nsp = NSP, .message = event_of()};
  peal_err err = peal_cluster_machine_publish(&f->machine, &op, now_ms);
  drain(f);
  peal_message_unref(op.message);
  return err;
}

static peal_err ask(fixture *f, peal_bus_kind kind, void *user) {
  peal_bus_msg msg = {.kind = (uint8_t)kind, .nsp = NSP};
  msg.op = (peal_op){.kind = PEAL_OP_COUNT, .nsp = NSP};
  peal_err err =
      peal_cluster_machine_ask(&f->machine, &msg, 0, user, f->machine.now_ms);
  drain(f);
  return err;
}

static peal_err feed(fixture *f, peal_cluster_dialect dialect,
                     peal_bus_kind kind, const char *from) {
  peal_bus_msg msg = {.kind = (uint8_t)kind, .nsp = NSP, .from = text(from)};
  if (kind == PEAL_BUS_OP)
    msg.op = (peal_op){.kind = PEAL_OP_DISCONNECT, .nsp = NSP};
  if (kind == PEAL_BUS_FETCH)
    msg.request = PEAL_S("r");
  peal_err err =
      peal_cluster_machine_feed(&f->machine, dialect, &msg, f->machine.now_ms);
  drain(f);
  return err;
}

static peal_err answer(fixture *f) {
  peal_bus_msg msg = {.kind = PEAL_BUS_FETCHED, .to = text(OTHER), .nsp = NSP};
  peal_err err = peal_cluster_machine_answer(&f->machine, PEAL_CLUSTER_OF_NODE,
                                             &msg, f->machine.now_ms);
  drain(f);
  return err;
}

static peal_err enter(fixture *f) {
  peal_err err = peal_cluster_machine_room(&f->machine, NSP, PEAL_S("a"), 1,
                                           false, f->machine.now_ms);
  drain(f);
  return err;
}

/* What each verb says in each state, and what is to be done then. */
static void every_verb_has_an_answer_in_every_state(void **unused) {
  (void)unused;

  static const struct {
    const char *verb;

    struct {
      peal_err err;
      const char *log;
    } in[STATES];
  } table[] = {
      {"publish",
       {{PEAL_OK, "SEND op\n"},
        {PEAL_OK, ""},
        {PEAL_OK, "SEND op\n"},
        {PEAL_ERR_CLOSED, ""}}},
      {"ask",
       {{PEAL_OK, "DONE PEAL_ERR_CLOSED -1/-1\n"},
        {PEAL_OK, "COUNT\nSEND fetch\n"},
        {PEAL_OK, "COUNT\nSEND fetch\n"},
        {PEAL_ERR_CLOSED, ""}}},
      {"answer",
       {{PEAL_OK, "SEND fetched to one\n"},
        {PEAL_OK, "SEND fetched to one\n"},
        {PEAL_OK, "SEND fetched to one\n"},
        {PEAL_ERR_CLOSED, ""}}},
      {"feed",
       {{PEAL_ERR_CLOSED, ""},
        {PEAL_OK, "QUERY fetch\n"},
        {PEAL_OK, "QUERY fetch\n"},
        {PEAL_ERR_CLOSED, ""}}},
      {"room", {{PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}}},
      {"up",
       {{PEAL_OK, "SEND hello\n"},
        {PEAL_OK, ""},
        {PEAL_OK, ""},
        {PEAL_OK, ""}}},
      {"down", {{PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}}},
      {"leave",
       {{PEAL_OK, "CLOSED\n"},
        {PEAL_OK, "SEND bye\nCLOSED\n"},
        {PEAL_OK, "SEND bye\nCLOSED\n"},
        {PEAL_OK, ""}}},
      {"current", {{PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}}},
      {"count", {{PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}}},
      {"added", {{PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}}},
      {"tick", {{PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}, {PEAL_OK, ""}}}};

  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    for (unsigned at = DOWN; at < STATES; at++) {
      fixture f;
      peal_err err = PEAL_OK;
      int user;
      const char *verb = table[i].verb;
      bring(&f, (state)at);
      if (!strcmp(verb, "publish"))
        err = publish(&f, 1000);
      else if (!strcmp(verb, "ask"))
        err = ask(&f, PEAL_BUS_FETCH, &user);
      else if (!strcmp(verb, "answer"))
        err = answer(&f);
      else if (!strcmp(verb, "feed"))
        err = feed(&f, PEAL_CLUSTER_OF_NODE, PEAL_BUS_FETCH, "node");
      else if (!strcmp(verb, "room"))
        err = enter(&f);
      else if (!strcmp(verb, "up"))
        peal_cluster_machine_up(&f.machine, 1000);
      else if (!strcmp(verb, "down"))
        peal_cluster_machine_down(&f.machine, 1000);
      else if (!strcmp(verb, "leave"))
        peal_cluster_machine_leave(&f.machine, 1000);
      else if (!strcmp(verb, "current"))
        peal_cluster_machine_current(&f.machine, 9, PEAL_S("1-1"), 1000);
      else if (!strcmp(verb, "count"))
        peal_cluster_machine_count(&f.machine, 77, 3, 1000);
      else if (!strcmp(verb, "added"))
        peal_cluster_machine_added(&f.machine, 77, PEAL_S("1-1"), PEAL_OK,
                                   1000);
      else
        peal_cluster_machine_tick(&f.machine, 1000);
      drain(&f);
      if (err != table[i].in[at].err || strcmp(f.log, table[i].in[at].log) != 0)
        fail_msg("%s in state %u: %s, %s", verb, at, peal_err_name(err), f.log);
      end(&f);
    }
}

static void channels_are_subscribed_to_before_it_is_up(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &(peal_cluster_machine_opts){
                .node = true, .python = true, .dynamic = true});
  expect(&f, "SUBSCRIBE\nSUBSCRIBE\nSUBSCRIBE\n");
  assert_int_equal(enter(&f), PEAL_OK);
  expect(&f, "SUBSCRIBE a\n");
  assert_int_equal(
      peal_cluster_machine_room(&f.machine, NSP, PEAL_S("a"), 0, false, 1000),
      PEAL_OK);
  expect(&f, "UNSUBSCRIBE a\n");
  end(&f);
}

static void contradictory_options_are_refused(void **unused) {
  (void)unused;
  fixture f;
  assert_int_equal(
      init(&f, &(peal_cluster_machine_opts){.node = true, .relay = true}),
      PEAL_ERR_OPTION);
  assert_int_equal(init(&f, &(peal_cluster_machine_opts){.streams_count = 17}),
                   PEAL_ERR_OPTION);
}

/* -- questions --------------------------------------------------------------------------- */

static void reply(fixture *f, peal_bus_kind kind, const char *from,
                  size_t count) {
  peal_bus_msg msg = {.kind = (uint8_t)kind,
                      .nsp = NSP,
                      .from = text(from),
                      .request = text(f->request),
                      .count = count};
  (void)peal_cluster_machine_feed(&f->machine, PEAL_CLUSTER_OF_NODE, &msg,
                                  f->machine.now_ms);
  drain(f);
}

static void a_question_ends_when_all_have_answered(void **unused) {
  (void)unused;
  fixture f;
  int user;
  bring(&f, UP);
  assert_int_equal(ask(&f, PEAL_BUS_FETCH, &user), PEAL_OK);
  expect(&f, "COUNT\nSEND fetch\n");
  reply(&f, PEAL_BUS_FETCHED, "one", 0);
  reply(&f, PEAL_BUS_FETCHED, "one", 0); /* once more: it counts once */
  expect(&f, "PART fetched\n");
  peal_cluster_machine_count(&f.machine, f.number, 3, 1000);
  expect(&f, "");
  reply(&f, PEAL_BUS_FETCHED, "two", 0);
  expect(&f, "PART fetched\nDONE PEAL_OK 0/2\n");
  reply(&f, PEAL_BUS_FETCHED, "three", 0); /* too late */
  expect(&f, "");
  end(&f);
}

static void a_question_to_nobody_ends_at_once(void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  assert_int_equal(ask(&f, PEAL_BUS_CALL, NULL), PEAL_OK);
  forget(&f);
  peal_cluster_machine_count(&f.machine, f.number, 1, 1000);
  expect(&f, "DONE PEAL_OK 0/0\n");
  end(&f);
}

static void who_is_silent_is_missing(void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  assert_int_equal(ask(&f, PEAL_BUS_FETCH, NULL), PEAL_OK);
  forget(&f);
  peal_cluster_machine_count(&f.machine, f.number, 4, 1000);
  reply(&f, PEAL_BUS_FETCHED, "one", 0);
  forget(&f);
  peal_cluster_machine_tick(&f.machine, 5999);
  has(&f, "");
  peal_cluster_machine_tick(&f.machine, 6000);
  has(&f, "DONE PEAL_ERR_TIMEOUT 2/3\n");
  end(&f);
}

static void without_a_count_it_is_not_known_how_many_are_missing(
    void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  assert_int_equal(ask(&f, PEAL_BUS_FETCH, NULL), PEAL_OK);
  forget(&f);
  peal_cluster_machine_count(&f.machine, f.number, UINT64_MAX, 1000);
  peal_cluster_machine_tick(&f.machine, 6000);
  has(&f, "DONE PEAL_ERR_TIMEOUT -1/-1\n");
  end(&f);
}

static void clients_of_other_nodes_are_counted_before_they_are_waited_for(
    void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  peal_bus_msg msg = {.kind = PEAL_BUS_ASK, .nsp = NSP};
  msg.op = (peal_op){.kind = PEAL_OP_ASK, .nsp = NSP, .message = event_of()};
  assert_int_equal(
      peal_cluster_machine_ask(&f.machine, &msg, 20000, NULL, 1000), PEAL_OK);
  forget(&f);
  peal_cluster_machine_count(&f.machine, f.number, 3, 1000);
  reply(&f, PEAL_BUS_ACKED, "one", 0); /* faster than its count */
  reply(&f, PEAL_BUS_ASKED, "one", 2);
  expect(&f, "PART acked\nPART asked\n");
  reply(&f, PEAL_BUS_ACKED, "one", 0);
  reply(&f, PEAL_BUS_ACKED, "one", 0); /* one more than it has clients */
  expect(&f, "PART acked\n");
  /* The other one says nothing within the time for nodes. */
  peal_cluster_machine_tick(&f.machine, 6000);
  has(&f, "DONE PEAL_ERR_TIMEOUT 1/2\n");
  peal_message_unref(msg.op.message);
  end(&f);
}

static void open_questions_are_bounded(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &(peal_cluster_machine_opts){.node = true, .max_requests = 2});
  peal_cluster_machine_up(&f.machine, 1000);
  assert_int_equal(ask(&f, PEAL_BUS_FETCH, NULL), PEAL_OK);
  assert_int_equal(ask(&f, PEAL_BUS_FETCH, NULL), PEAL_OK);
  assert_int_equal(ask(&f, PEAL_BUS_FETCH, NULL), PEAL_ERR_LIMIT);
  forget(&f);
  peal_cluster_machine_down(&f.machine, 1000);
  expect(&f, "DONE PEAL_ERR_CLOSED -1/-1\nDONE PEAL_ERR_CLOSED -1/-1\n");
  end(&f);
}

/* -- nodes and presence ----------------------------------------------------------------------- */

static void of_peal(fixture *f, peal_bus_kind kind, const char *from,
                    peal_args args) {
  peal_bus_msg msg = {.kind = (uint8_t)kind, .from = text(from), .args = args};
  assert_int_equal(peal_cluster_machine_feed(&f->machine, PEAL_CLUSTER_OF_PEAL,
                                             &msg, f->machine.now_ms),
                   PEAL_OK);
  drain(f);
}

static void alive(fixture *f, peal_bus_kind kind, int64_t seq, int64_t rooms,
                  uint64_t sum) {
  peal_val items[] = {peal_int(0), peal_int(seq), peal_int(rooms),
                      peal_int((int64_t)sum)};
  of_peal(f, kind, OTHER, (peal_args){items, 4});
}

static void changes(fixture *f, int what, int64_t number, const char *room,
                    int64_t count) {
  peal_val items[] = {peal_int(what), peal_int(number), peal_str("/"),
                      peal_str(room), peal_int(count)};
  of_peal(f, PEAL_BUS_PRESENCE, OTHER, (peal_args){items, room ? 5u : 2u});
}

static peal_cluster_known known(fixture *f) {
  peal_cluster_known out;
  peal_cluster_machine_presence(&f->machine, NSP, PEAL_S("a"), &out);
  return out;
}

static void a_greeting_is_answered_and_a_silent_node_is_gone(void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  alive(&f, PEAL_BUS_HELLO, 0, 0, 0);
  f.machine.now_ms = 1000;
  has(&f, "JOINED");
  peal_cluster_machine_tick(&f.machine, 1100);
  has(&f, "SEND alive\n");
  /* Asked to be at hand, it is: a tick in time each second. */
  for (uint64_t now = 2000; now < 11000; now += 1000) {
    peal_cluster_machine_tick(&f.machine, now);
    drain(&f);
  }
  assert_null(strstr(f.log, "LEFT"));
  peal_cluster_machine_tick(&f.machine, 11000);
  has(&f, "LEFT");
  end(&f);
}

static void whoever_stood_still_holds_nobody_for_dead(void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  alive(&f, PEAL_BUS_ALIVE, 0, 0, 0);
  forget(&f);
  peal_cluster_machine_tick(&f.machine, 60000);
  drain(&f);
  assert_null(strstr(f.log, "LEFT"));
  end(&f);
}

static void a_missing_number_makes_a_node_unknown_until_it_tells_all(
    void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  alive(&f, PEAL_BUS_ALIVE, 0, 0, 0);
  assert_int_equal(known(&f).nodes, 1);
  changes(&f, 0, 1, "a", 3);
  assert_int_equal(known(&f).count, 3);
  changes(&f, 0, 1, "a", 9); /* once more */
  assert_int_equal(known(&f).count, 3);
  *f.log = 0;
  changes(&f, 0, 3, "a", 5); /* 2 was lost */
  assert_int_equal(known(&f).unknown, 1);
  assert_non_null(strstr(f.log, "SEND presence to one\n"));
  changes(&f, 1, 3, NULL, 0);
  changes(&f, 2, 1, "a", 7);
  changes(&f, 0, 4, "b", 1); /* a change among the pieces */
  assert_int_equal(known(&f).unknown, 1);
  changes(&f, 3, 2, "c", 1);
  assert_int_equal(known(&f).unknown, 0);
  assert_int_equal(known(&f).count, 7);
  end(&f);
}

static void a_sum_that_differs_is_asked_about(void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  alive(&f, PEAL_BUS_ALIVE, 0, 0, 0);
  changes(&f, 0, 1, "a", 3);
  forget(&f);
  alive(&f, PEAL_BUS_ALIVE, 1, 1, 12345);
  has(&f, "SEND presence to one\n");
  assert_int_equal(known(&f).unknown, 1);
  end(&f);
}

static void what_a_node_has_is_bounded(void **unused) {
  (void)unused;
  fixture f;
  peal_account account;
  peal_account_init(&account, NULL, 0);
  begin(&f, &(peal_cluster_machine_opts){
                .node = true, .max_presence_bytes = 4096, .account = &account});
  peal_cluster_machine_up(&f.machine, 1000);
  alive(&f, PEAL_BUS_ALIVE, 0, 0, 0);
  size_t before = account.used;
  for (int i = 1; i < 1000; i++) {
    char room[20];
    snprintf(room, sizeof room, "room %d", i);
    changes(&f, 0, i, room, 1);
    assert_true(account.used <= before + 4096);
    *f.log = 0;
  }
  assert_int_equal(known(&f).unknown, 1);
  assert_int_equal(account.used, before);
  end(&f);
  assert_int_equal(account.used, 0);
}

static void changes_are_told_together_and_only_to_others(void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  for (size_t i = 1; i < 50; i++)
    assert_int_equal(
        peal_cluster_machine_room(&f.machine, NSP, PEAL_S("a"), i, false, 1000),
        PEAL_OK);
  peal_cluster_machine_tick(&f.machine, 1250);
  expect(&f, "");
  alive(&f, PEAL_BUS_ALIVE, 0, 0, 0);
  forget(&f);
  for (size_t i = 50; i < 90; i++)
    assert_int_equal(
        peal_cluster_machine_room(&f.machine, NSP, PEAL_S("a"), i, false, 1250),
        PEAL_OK);
  expect(&f, "");
  peal_cluster_machine_tick(&f.machine, 1500);
  expect(&f, "SEND presence\n");
  end(&f);
}

/* -- what is heard twice --------------------------------------------------------------------------- */

static void the_own_echo_does_not_run(void **unused) {
  (void)unused;
  fixture f;
  bring(&f, UP);
  assert_int_equal(feed(&f, PEAL_CLUSTER_OF_NODE, PEAL_BUS_OP, "peal1" UID),
                   PEAL_OK);
  expect(&f, "");
  assert_int_equal(feed(&f, PEAL_CLUSTER_OF_NODE, PEAL_BUS_OP, OTHER), PEAL_OK);
  expect(&f, "RUN op\n");
  end(&f);
}

static void of_two_dialects_one_is_taken(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &(peal_cluster_machine_opts){.node = true, .python = true});
  peal_cluster_machine_up(&f.machine, 1000);
  forget(&f);
  /* A node of Peal that speaks both; what one of them relays. */
  (void)feed(&f, PEAL_CLUSTER_OF_PYTHON, PEAL_BUS_OP,
             "fedcba98765432107065616c30000000");
  (void)feed(&f, PEAL_CLUSTER_OF_NODE, PEAL_BUS_OP, "peal7fedcba9876543210");
  expect(&f, "");
  /* A server of Python's; one of Node's. */
  (void)feed(&f, PEAL_CLUSTER_OF_PYTHON, PEAL_BUS_OP,
             "fedcba98765432100000000000000000");
  (void)feed(&f, PEAL_CLUSTER_OF_NODE, PEAL_BUS_OP, "fedcba9876543210");
  expect(&f, "RUN op\nRUN op\n");
  end(&f);
}

static void one_of_two_relays(void **unused) {
  (void)unused;
  fixture f;
  peal_val flags[] = {peal_int(3), peal_int(0), peal_int(0), peal_int(0)};
  begin(&f, &(peal_cluster_machine_opts){
                .node = true, .python = true, .relay = true});
  peal_cluster_machine_up(&f.machine, 1000);
  forget(&f);
  peal_cluster_machine_tick(&f.machine, 2500);
  assert_false(peal_cluster_machine_relays(&f.machine));
  of_peal(&f, PEAL_BUS_HELLO, "peal3" UID, (peal_args){0}); /* it comes back */
  peal_cluster_machine_tick(&f.machine, 3500);
  assert_true(peal_cluster_machine_relays(&f.machine));
  forget(&f);
  (void)feed(&f, PEAL_CLUSTER_OF_NODE, PEAL_BUS_OP, "fedcba9876543210");
  expect(&f, "RUN op\nSEND op\n");
  /* One whose name is lower does already. */
  of_peal(&f, PEAL_BUS_ALIVE, "peal30000000000000000", (peal_args){flags, 4});
  assert_false(peal_cluster_machine_relays(&f.machine));
  end(&f);
}

/* -- streams ------------------------------------------------------------------------------------------- */

static peal_err entry(fixture *f, const char *id, const char *from,
                      uint64_t number) {
  peal_bus_msg msg = {
      .kind = PEAL_BUS_OP, .nsp = NSP, .from = text(from), .number = number};
  msg.op = (peal_op){.kind = PEAL_OP_DISCONNECT, .nsp = NSP};
  peal_err err =
      peal_cluster_machine_entry(&f->machine, 0, text(id), &msg, 1000);
  drain(f);
  return err;
}

static void come_up(fixture *f, const char *id) {
  peal_cluster_machine_up(&f->machine, 1000);
  forget(f);
  peal_cluster_machine_current(&f->machine, 0, text(id), 1000);
  forget(f);
}

static void an_own_operation_runs_when_it_has_come_back(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &streams);
  come_up(&f, "0-0");
  assert_int_equal(publish(&f, 1000), PEAL_OK);
  expect(&f, "ADD op\n");
  peal_cluster_machine_added(&f.machine, f.number, PEAL_S("5-0"), PEAL_OK,
                             1000);
  expect(&f, "");
  assert_int_equal(entry(&f, "5-0", "peal1" UID, f.number), PEAL_OK);
  expect(&f, "RUN op\n");
  assert_int_equal(entry(&f, "5-0", "peal1" UID, f.number), PEAL_ERR_EXISTS);
  expect(&f, "");
  end(&f);
}

static void an_outage_delays_nobody_here(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &(peal_cluster_machine_opts){
                .node = true, .streams = true, .keep = true});
  come_up(&f, "0-0");
  assert_int_equal(publish(&f, 1000), PEAL_OK);
  forget(&f);
  peal_cluster_machine_down(&f.machine, 1000);
  expect(&f, "RUN op\n");
  peal_cluster_machine_added(&f.machine, 1, PEAL_S(""), PEAL_ERR_CLOSED, 1000);
  assert_int_equal(publish(&f, 1000), PEAL_OK);
  expect(&f, "RUN op\n");
  peal_cluster_machine_up(&f.machine, 1000);
  expect(&f, "READ\nSEND hello\n");
  /* The first one was stored: it comes back, and is not added again. */
  assert_int_equal(entry(&f, "5-0", "peal1" UID, 1), PEAL_OK);
  expect(&f, "STORED op\n");
  peal_cluster_machine_current(&f.machine, 0, PEAL_S("5-0"), 1000);
  expect(&f, "ADD op\n");
  assert_int_equal(f.number, 2);
  uint64_t first, last, rank;
  unsigned cursor = 0;
  assert_int_equal(peal_cluster_machine_plain(&f.machine), 2);
  assert_true(peal_cluster_machine_next_plain(&f.machine, &cursor, &first,
                                              &last, &rank));
  assert_int_equal(first, 1);
  assert_int_equal(last, 2);
  end(&f);
}

static void what_a_full_stream_refuses_runs_here_and_is_tried_again(
    void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &(peal_cluster_machine_opts){
                .node = true, .streams = true, .keep = true});
  come_up(&f, "0-0");
  assert_int_equal(publish(&f, 1000), PEAL_OK);
  forget(&f);
  peal_cluster_machine_added(&f.machine, 1, PEAL_S(""), PEAL_ERR_REFUSED, 1000);
  expect(&f, "RUN op\n");
  peal_cluster_machine_tick(&f.machine, 1500);
  expect(&f, "");
  peal_cluster_machine_tick(&f.machine, 2000);
  expect(&f, "ADD op\n");
  end(&f);
}

static void the_log_is_bounded(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &(peal_cluster_machine_opts){
                .node = true, .streams = true, .max_log_bytes = 1000});
  come_up(&f, "0-0");
  for (int i = 0; i < 100; i++) {
    peal_cluster_figures figures;
    assert_int_equal(publish(&f, 1000), PEAL_OK);
    peal_cluster_machine_figures(&f.machine, &figures);
    assert_true(figures.log_bytes <= 1000);
  }
  assert_non_null(strstr(f.log, "RUN op\n"));
  end(&f);
}

static void what_was_stored_twice_runs_once(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &streams);
  come_up(&f, "3-0");
  assert_int_equal(entry(&f, "2-0", OTHER, 1), PEAL_ERR_EXISTS);
  assert_int_equal(entry(&f, "4-0", OTHER, 1), PEAL_OK);
  assert_int_equal(entry(&f, "4-1", OTHER, 2), PEAL_OK);
  expect(&f, "RUN op\nRUN op\n");
  assert_int_equal(entry(&f, "5-0", OTHER, 1), PEAL_OK);
  assert_int_equal(entry(&f, "5-1", OTHER, 2), PEAL_OK);
  assert_int_equal(entry(&f, "x", OTHER, 2), PEAL_ERR_USAGE);
  expect(&f, "");
  end(&f);
}

static void what_was_trimmed_unread_is_told(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, &streams);
  come_up(&f, "3-0");
  peal_cluster_machine_trimmed(&f.machine, 0, PEAL_S("3-0"));
  expect(&f, "");
  peal_cluster_machine_trimmed(&f.machine, 0, PEAL_S("3-1"));
  expect(&f, "LOST\n");
  end(&f);
}

static void a_stream_is_chosen_as_in_node(void **unused) {
  (void)unused;
  fixture f;
  /* hashCode("/") = 47, of "/my-namespace" % 4 = -3: nobody reads that one. */
  begin(&f, &(peal_cluster_machine_opts){
                .node = true, .streams = true, .streams_count = 4});
  peal_cluster_machine_up(&f.machine, 1000);
  for (unsigned i = 0; i < 4; i++)
    peal_cluster_machine_next(&f.machine, &f.arena, &(peal_cluster_event){0});
  forget(&f);
  for (unsigned i = 0; i < 4; i++)
    peal_cluster_machine_current(&f.machine, i, PEAL_S("0-0"), 1000);
  peal_op op = {.kind = PEAL_OP_DISCONNECT, .nsp = NSP};
  peal_cluster_event event;
  assert_int_equal(peal_cluster_machine_publish(&f.machine, &op, 1000),
                   PEAL_OK);
  assert_true(peal_cluster_machine_next(&f.machine, &f.arena, &event));
  assert_int_equal(event.type, PEAL_CLUSTER_DO_ADD);
  assert_int_equal(event.stream, 3);
  op.nsp = PEAL_S("/my-namespace");
  assert_int_equal(peal_cluster_machine_publish(&f.machine, &op, 1000),
                   PEAL_OK);
  assert_true(peal_cluster_machine_next(&f.machine, &f.arena, &event));
  assert_int_equal(event.stream, 1);
  end(&f);
}

/* -- memory ---------------------------------------------------------------------------------------------- */

static bool failed_for_memory(peal_err err, peal_err *worst) {
  if (err == PEAL_ERR_NOMEM)
    *worst = err;
  return err != PEAL_OK;
}

static peal_err live(const peal_mem *mem, void *user) {
  (void)user;
  fixture f;
  peal_err worst = PEAL_OK;
  peal_account account;
  peal_account_init(&account, NULL, 0);
  const peal_cluster_machine_opts opts = {.node = true,
                                          .python = true,
                                          .relay = true,
                                          .streams = true,
                                          .dynamic = true,
                                          .keep = true,
                                          .account = &account,
                                          .mem = mem};
  assert_int_equal(init(&f, &opts), PEAL_OK);
  failed_for_memory(peal_cluster_machine_nsp(&f.machine, NSP), &worst);
  come_up(&f, "0-0");
  for (int i = 0; i < 3; i++) {
    char room[2] = {(char)('a' + i), 0};
    failed_for_memory(
        peal_cluster_machine_room(&f.machine, NSP, text(room), 1, false, 1000),
        &worst);
  }
  failed_for_memory(ask(&f, PEAL_BUS_FETCH, NULL), &worst);
  failed_for_memory(publish(&f, 1000), &worst);
  peal_bus_msg msg = {.kind = PEAL_BUS_FETCHED,
                      .from = text(OTHER),
                      .request = text(f.request)};
  failed_for_memory(
      peal_cluster_machine_feed(&f.machine, PEAL_CLUSTER_OF_NODE, &msg, 1000),
      &worst);
  drain(&f);
  peal_val items[] = {peal_int(0), peal_int(0), peal_int(0), peal_int(0)};
  msg = (peal_bus_msg){
      .kind = PEAL_BUS_HELLO, .from = text(OTHER), .args = {items, 4}};
  failed_for_memory(
      peal_cluster_machine_feed(&f.machine, PEAL_CLUSTER_OF_PEAL, &msg, 1000),
      &worst);
  drain(&f);
  peal_val rooms[] = {peal_int(0), peal_int(1), peal_str("/"), peal_str("r"),
                      peal_int(2)};
  msg = (peal_bus_msg){
      .kind = PEAL_BUS_PRESENCE, .from = text(OTHER), .args = {rooms, 5}};
  (void)peal_cluster_machine_feed(&f.machine, PEAL_CLUSTER_OF_PEAL, &msg, 1000);
  drain(&f);
  (void)entry(&f, "7-0", THIRD, 1);
  peal_cluster_machine_tick(&f.machine, 1400);
  drain(&f);
  peal_cluster_machine_down(&f.machine, 1500);
  drain(&f);
  end(&f);
  assert_int_equal(account.used, 0);
  return worst;
}

static void any_allocation_may_fail(void **unused) {
  (void)unused;
  size_t count = 0;
  assert_true(torture_run(live, NULL, true, &count));
  assert_true(count > 15);
}

/* -- namespaces that end ----------------------------------------------------------------- */

static void a_namespace_that_ends_is_given_up(void **unused) {
  fixture f;
  (void)unused;
  bring(&f, UP);
  assert_int_equal(peal_cluster_machine_nsp(&f.machine, text("/x")), PEAL_OK);
  expect(&f, "SUBSCRIBE\n");
  peal_cluster_machine_nsp_end(&f.machine, text("/x"));
  expect(&f, "UNSUBSCRIBE\n");
  peal_cluster_machine_nsp_end(&f.machine, text("/x")); /* there is none */
  expect(&f, "");
  /* Before anybody was told of it, and again under the same name. */
  assert_int_equal(peal_cluster_machine_nsp(&f.machine, text("/y")), PEAL_OK);
  peal_cluster_machine_nsp_end(&f.machine, text("/y"));
  expect(&f, "");
  assert_int_equal(peal_cluster_machine_nsp(&f.machine, text("/y")), PEAL_OK);
  expect(&f, "SUBSCRIBE\n");
  peal_cluster_machine_nsp_end(&f.machine, text("/y"));
  assert_int_equal(peal_cluster_machine_nsp(&f.machine, text("/y")), PEAL_OK);
  expect(&f, "UNSUBSCRIBE\nSUBSCRIBE\n");
  end(&f);
}

/* Where all is one channel, it is not given up with one of them. */
static void peals_own_channel_outlives_its_namespaces(void **unused) {
  static const peal_cluster_machine_opts own = {.node = false};
  fixture f;
  (void)unused;
  begin(&f, &own);
  peal_cluster_machine_up(&f.machine, 1000);
  forget(&f);
  peal_cluster_machine_nsp_end(&f.machine, NSP);
  expect(&f, "");
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_verb_has_an_answer_in_every_state),
      cmocka_unit_test(channels_are_subscribed_to_before_it_is_up),
      cmocka_unit_test(contradictory_options_are_refused),
      cmocka_unit_test(a_question_ends_when_all_have_answered),
      cmocka_unit_test(a_question_to_nobody_ends_at_once),
      cmocka_unit_test(who_is_silent_is_missing),
      cmocka_unit_test(without_a_count_it_is_not_known_how_many_are_missing),
      cmocka_unit_test(
          clients_of_other_nodes_are_counted_before_they_are_waited_for),
      cmocka_unit_test(open_questions_are_bounded),
      cmocka_unit_test(a_greeting_is_answered_and_a_silent_node_is_gone),
      cmocka_unit_test(whoever_stood_still_holds_nobody_for_dead),
      cmocka_unit_test(
          a_missing_number_makes_a_node_unknown_until_it_tells_all),
      cmocka_unit_test(a_sum_that_differs_is_asked_about),
      cmocka_unit_test(what_a_node_has_is_bounded),
      cmocka_unit_test(changes_are_told_together_and_only_to_others),
      cmocka_unit_test(the_own_echo_does_not_run),
      cmocka_unit_test(of_two_dialects_one_is_taken),
      cmocka_unit_test(one_of_two_relays),
      cmocka_unit_test(an_own_operation_runs_when_it_has_come_back),
      cmocka_unit_test(an_outage_delays_nobody_here),
      cmocka_unit_test(what_a_full_stream_refuses_runs_here_and_is_tried_again),
      cmocka_unit_test(the_log_is_bounded),
      cmocka_unit_test(what_was_stored_twice_runs_once),
      cmocka_unit_test(what_was_trimmed_unread_is_told),
      cmocka_unit_test(a_stream_is_chosen_as_in_node),
      cmocka_unit_test(a_namespace_that_ends_is_given_up),
      cmocka_unit_test(peals_own_channel_outlives_its_namespaces),
      cmocka_unit_test(any_allocation_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
