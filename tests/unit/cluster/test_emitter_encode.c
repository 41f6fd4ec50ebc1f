/* SPDX-License-Identifier: MIT */
/* What an emitter says, in each dialect: the command that Redis gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/emitter_encode.h"
#include "proto/bus_channel.h"
#include "proto/bus_classic.h"

/* No thread, no Redis: options alone. */
static peal_emitter emitter_of(peal_emitter_dialect dialect,
                               peal_emitter_rooms rooms) {
  return (peal_emitter){.opts = {.dialect = dialect,
                                 .rooms = rooms,
                                 .prefix = "socket.io",
                                 .stream = "socket.io",
                                 .stream_count = 1,
                                 .stream_max_len = 10000,
                                 .channel = "flask-socketio"}};
}

static peal_emitter_job *encode(const peal_emitter *emitter,
                                peal_bus_msg *msg) {
  peal_emitter_job *job = NULL;
  assert_int_equal(peal_emitter_encode(&job, emitter, msg), PEAL_OK);
  assert_non_null(job);
  return job;
}

static void assert_word(const peal_emitter_job *job, size_t at,
                        const char *expected) {
  char word[1024];
  assert_true(at < job->argc);
  (void)snprintf(word, sizeof word, "%.*s", PEAL_SFMT(job->argv[at]));
  assert_string_equal(word, expected);
}

/* `text` is the packet, without the namespace. */
static peal_bus_msg emit_to(const char *nsp, const char *text,
                            const peal_to *to) {
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .nsp = peal_slice_of(nsp)};
  msg.op = (peal_op){.kind = PEAL_OP_EMIT, .nsp = msg.nsp};
  if (to) {
    msg.op.to = *to;
  }
  msg.op.message = peal_message_new(peal_slice_of(text), NULL, 0, NULL);
  assert_non_null(msg.op.message);
  return msg;
}

static void classic_goes_to_the_channel_of_one_room(void **state) {
  (void)state;
  peal_emitter emitter = emitter_of(PEAL_EMITTER_CLASSIC, 0);
  peal_bus_msg msg = emit_to("/", "2[\"news\",1]", PEAL_TO("red"));
  peal_emitter_job *job = encode(&emitter, &msg);
  assert_int_equal(job->argc, 3);
  assert_word(job, 0, "PUBLISH");
  assert_word(job, 1, "socket.io#/#red#");
  assert_true(job->counts);
  assert_false(job->has_key);

  peal_arena arena;
  peal_bus_msg read;
  peal_bus_channel where;
  peal_arena_init(&arena, NULL, 0, 0);
  assert_true(peal_bus_channel_parse(&where, PEAL_BUS_PREFIX,
                                     (peal_slice){NULL, 0}, job->argv[1]));
  assert_int_equal(peal_bus_classic_decode(&read, &where, job->argv[2], &arena),
                   PEAL_OK);
  assert_int_equal(read.op.kind, PEAL_OP_EMIT);
  assert_int_equal(read.op.to.room_names.count, 1);
  assert_true(
      peal_slice_is(peal_message_part(read.op.message, 0), "2[\"news\",1]"));
  peal_message_unref(read.op.message);
  peal_arena_deinit(&arena);
  peal_emitter_job_free(job);
  peal_message_unref(msg.op.message);
}

static void sharded_goes_where_the_servers_listen(void **state) {
  (void)state;

  static const struct {
    peal_emitter_rooms rooms;
    const char *room, *channel;
  } cases[] = {
      {PEAL_EMITTER_DYNAMIC, "red", "socket.io#/#red#"},
      {PEAL_EMITTER_DYNAMIC, "20 characters long!!", "socket.io#/#"},
      {PEAL_EMITTER_STATIC, "red", "socket.io#/#"},
      {PEAL_EMITTER_DYNAMIC_PRIVATE, "20 characters long!!",
       "socket.io#/#20 characters long!!#"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    peal_emitter emitter = emitter_of(PEAL_EMITTER_SHARDED, cases[i].rooms);
    peal_bus_msg msg = emit_to("/", "2[\"news\"]", PEAL_TO(cases[i].room));
    peal_emitter_job *job = encode(&emitter, &msg);
    assert_word(job, 0, "SPUBLISH");
    assert_word(job, 1, cases[i].channel);
    assert_true(job->has_key);
    peal_emitter_job_free(job);
    peal_message_unref(msg.op.message);
  }
}

static void sharded_is_the_text_of_the_reference(void **state) {
  (void)state;
  peal_emitter emitter = emitter_of(PEAL_EMITTER_SHARDED, 0);
  peal_bus_msg msg = emit_to("/chat", "2/chat,[\"news\",1]", NULL);
  peal_emitter_job *job = encode(&emitter, &msg);
  assert_word(job, 1, "socket.io#/chat#");
  assert_word(job, 2,
              "{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":[\"news\","
              "1]},\"opts\":{\"rooms\":[],\"except\":[],"
              "\"flags\":{}}},\"uid\":\"emitter\",\"nsp\":\"/chat\"}");
  peal_emitter_job_free(job);
  peal_message_unref(msg.op.message);
}

static void streams_add_an_entry(void **state) {
  (void)state;

  static const char *const words[] = {
      "XADD",    "socket.io", "MAXLEN", "~",    "10000", "*",    "uid",
      "emitter", "nsp",       "/",      "type", "3",     "data", NULL};
  peal_emitter emitter = emitter_of(PEAL_EMITTER_STREAMS, 0);
  peal_bus_msg msg = emit_to("/", "2[\"news\"]", NULL);
  peal_emitter_job *job = encode(&emitter, &msg);
  assert_int_equal(job->argc, 14);
  for (size_t i = 0; words[i]; i++) {
    assert_word(job, i, words[i]);
  }
  assert_true(job->has_key);
  assert_false(job->counts);
  peal_emitter_job_free(job);
  peal_message_unref(msg.op.message);
}

/* hashCode(nsp) % 4 of the reference, which is negative at times. */
static void a_namespace_has_its_stream(void **state) {
  (void)state;

  static const struct {
    const char *nsp, *packet, *stream;
  } cases[] = {{"/", "2[\"a\"]", "socket.io-3"},
               {"/chat", "2/chat,[\"a\"]", "socket.io-3"},
               {"/my-namespace", "2/my-namespace,[\"a\"]", "socket.io--3"}};

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    peal_emitter emitter = emitter_of(PEAL_EMITTER_STREAMS, 0);
    emitter.opts.stream_count = 4;
    peal_bus_msg msg = emit_to(cases[i].nsp, cases[i].packet, NULL);
    peal_emitter_job *job = encode(&emitter, &msg);
    assert_word(job, 1, cases[i].stream);
    peal_emitter_job_free(job);
    peal_message_unref(msg.op.message);
  }
}

static void python_is_told_by_a_name_of_its_kind(void **state) {
  (void)state;
  peal_emitter emitter = emitter_of(PEAL_EMITTER_PYTHON, 0);
  (void)snprintf(emitter.host, sizeof emitter.host, "%s",
                 "00112233445566778899aabbccddeeff");
  peal_bus_msg msg = emit_to("/", "2[\"e\",{\"a\":1}]", NULL);
  peal_emitter_job *job = encode(&emitter, &msg);
  assert_word(job, 0, "PUBLISH");
  assert_word(job, 1, "flask-socketio");
  assert_word(
      job, 2,
      "{\"method\": \"emit\", \"event\": \"e\", \"data\": [{\"a\": 1}], "
      "\"binary\": false, \"namespace\": \"/\", \"room\": null, "
      "\"skip_sid\": null, \"callback\": null, \"host_id\": "
      "\"00112233445566778899aabbccddeeff\"}");
  peal_emitter_job_free(job);
  peal_message_unref(msg.op.message);
}

static void what_a_dialect_cannot_say_is_refused(void **state) {
  (void)state;
  peal_emitter emitter = emitter_of(PEAL_EMITTER_PYTHON, 0);
  peal_emitter_job *job = NULL;
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .nsp = PEAL_S("/")};
  msg.op = (peal_op){.kind = PEAL_OP_JOIN,
                     .nsp = msg.nsp,
                     .to = *PEAL_TO("a", "b"),
                     .room = PEAL_S("c")};
  assert_int_equal(peal_emitter_encode(&job, &emitter, &msg), PEAL_ERR_USAGE);
  assert_null(job);
  msg = (peal_bus_msg){.kind = PEAL_BUS_CALL,
                       .nsp = PEAL_S("/"),
                       .args = PEAL_ARGS(peal_str("told"))};
  assert_int_equal(peal_emitter_encode(&job, &emitter, &msg), PEAL_ERR_USAGE);
  assert_null(job);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classic_goes_to_the_channel_of_one_room),
      cmocka_unit_test(sharded_goes_where_the_servers_listen),
      cmocka_unit_test(sharded_is_the_text_of_the_reference),
      cmocka_unit_test(streams_add_an_entry),
      cmocka_unit_test(a_namespace_has_its_stream),
      cmocka_unit_test(python_is_told_by_a_name_of_its_kind),
      cmocka_unit_test(what_a_dialect_cannot_say_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
