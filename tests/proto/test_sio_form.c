/* SPDX-License-Identifier: MIT */
/* Parsers of an application: what they may write, what they may say, and what a
 * connection makes of those who do it wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/parser.h"
#include "proto/sio_conn.h"
#include "proto/sio_form.h"
#include "torture.h"
#include "wire/json.h"

/* -- a parser whose halves a test chooses --------------------------------------- */

typedef struct made {
  peal_err (*encode)(const peal_parser_packet *packet, peal_parser_out *out);
  peal_err (*decode)(const peal_parser_in *in, peal_build *build,
                     peal_parser_packet *out);
} made;

static peal_err encode(const peal_parser_packet *packet, peal_parser_out *out,
                       void *user) {
  return ((made *)user)->encode(packet, out);
}

static peal_err decode(const peal_parser_in *in, peal_build *build,
                       peal_parser_packet *out, void *user) {
  return ((made *)user)->decode(in, build, out);
}

static peal_parser parser_of(made *halves) {
  return (peal_parser){.encode = encode, .decode = decode, .user = halves};
}

/* Another's, behind a mark. */
static peal_err mark_and_json(const peal_parser_packet *packet,
                              peal_parser_out *out) {
  peal_parser_write(out, PEAL_S("!"));
  return peal_parser_json()->encode(packet, out, NULL);
}

static peal_err json_behind_mark(const peal_parser_in *in, peal_build *build,
                                 peal_parser_packet *out) {
  peal_parser_in rest = *in;
  if (!in->data.len || in->data.ptr[0] != '!')
    return PEAL_ERR_SIO_PACKET;
  rest.data = (peal_slice){in->data.ptr + 1, in->data.len - 1};
  return peal_parser_json()->decode(&rest, build, out, NULL);
}

static made marked_halves = {mark_and_json, json_behind_mark};

static const peal_sio_form_owner libc;

static peal_err event_by(peal_message **out, const peal_parser *parser,
                         peal_args args) {
  peal_buf scratch;
  peal_buf_init(&scratch, NULL, 0);
  peal_err err = peal_sio_form_event(out, parser, &scratch, libc, PEAL_S("/"),
                                     PEAL_S("e"), args, NULL);
  peal_buf_deinit(&scratch);
  return err;
}

/* -- what is written -------------------------------------------------------------- */

static void a_parser_may_write_around_another_one(void **state) {
  (void)state;
  const peal_parser parser = parser_of(&marked_halves);
  peal_message *message = NULL;
  peal_args args = PEAL_ARGS(peal_int(1), peal_binary(PEAL_S("ab")));
  assert_int_equal(event_by(&message, &parser, args), PEAL_OK);
  assert_int_equal(peal_message_count(message), 2);
  assert_false(peal_message_is_binary(message, 0));
  assert_true(peal_message_is_binary(message, 1));
  assert_true(peal_slice_is(peal_message_part(message, 0),
                            "!51-[\"e\",1,{\"_placeholder\":true,\"num\":0}]"));
  assert_true(peal_slice_is(peal_message_part(message, 1), "ab"));

  peal_arena arena;
  peal_sio_packet packet;
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(peal_sio_form_values(&packet, &parser, message, &arena),
                   PEAL_OK);
  assert_int_equal(packet.type, PEAL_SIO_EVENT);
  assert_int_equal(packet.data.len, 3);
  assert_true(peal_val_eq(packet.data.as.items[2], args.items[1]));
  peal_arena_deinit(&arena);
  peal_message_unref(message);
}

static peal_err all_binary(const peal_parser_packet *packet,
                           peal_parser_out *out) {
  (void)packet;
  for (int i = 0; i < 40; i++) {
    peal_parser_write(out, PEAL_S("part"));
    peal_parser_end(out, true);
  }
  return PEAL_OK;
}

static void the_first_message_may_be_binary_and_have_many_behind_it(
    void **state) {
  (void)state;
  made halves = {all_binary, NULL};
  const peal_parser parser = parser_of(&halves);
  peal_message *message = NULL;
  assert_int_equal(event_by(&message, &parser, PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_message_count(message), 40);
  assert_int_equal(peal_message_len(message), 160);
  for (size_t i = 0; i < 40; i++) {
    assert_true(peal_message_is_binary(message, i));
    assert_true(peal_slice_is(peal_message_part(message, i), "part"));
  }
  peal_message_unref(message);
}

static peal_err writes_nothing(const peal_parser_packet *packet,
                               peal_parser_out *out) {
  (void)packet;
  (void)out;
  return PEAL_OK;
}

static peal_err forgets_the_end(const peal_parser_packet *packet,
                                peal_parser_out *out) {
  peal_err err = mark_and_json(packet, out);
  peal_parser_write(out, PEAL_S("more"));
  return err;
}

static peal_err two_texts(const peal_parser_packet *packet,
                          peal_parser_out *out) {
  (void)packet;
  peal_parser_end(out, true);
  peal_parser_end(out, false);
  peal_parser_end(out, true);
  return PEAL_OK;
}

static peal_err no_text(const peal_parser_packet *packet,
                        peal_parser_out *out) {
  (void)packet;
  peal_parser_write(out, PEAL_S("\xff"));
  peal_parser_end(out, false);
  return PEAL_OK;
}

static peal_err separator(const peal_parser_packet *packet,
                          peal_parser_out *out) {
  (void)packet;
  peal_parser_write(out, PEAL_S("a\x1e"
                                "4b"));
  peal_parser_end(out, false);
  return PEAL_OK;
}

static peal_err without_end(const peal_parser_packet *packet,
                            peal_parser_out *out) {
  (void)packet;
  for (int i = 0; i < 65538; i++)
    peal_parser_end(out, true);
  return PEAL_OK;
}

static peal_err says_no(const peal_parser_packet *packet,
                        peal_parser_out *out) {
  peal_err err = mark_and_json(packet, out);
  return err ? err : PEAL_ERR_NOT_FOUND;
}

static void what_is_written_wrongly_is_not_sent(void **state) {
  (void)state;

  const struct {
    peal_err (*encode)(const peal_parser_packet *, peal_parser_out *);
    peal_err err;
  } wrong[] = {
      {writes_nothing, PEAL_ERR_USAGE}, {forgets_the_end, PEAL_ERR_USAGE},
      {two_texts, PEAL_ERR_USAGE},      {no_text, PEAL_ERR_UTF8},
      {separator, PEAL_ERR_UTF8},       {without_end, PEAL_ERR_LIMIT},
      {says_no, PEAL_ERR_NOT_FOUND}};

  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    made halves = {wrong[i].encode, NULL};
    const peal_parser parser = parser_of(&halves);
    peal_message *message = NULL;
    assert_int_equal(event_by(&message, &parser, PEAL_NO_ARGS), wrong[i].err);
    assert_null(message);
  }
}

/* -- what a parser is given -------------------------------------------------------- */

static peal_parser_packet seen;
static peal_val seen_items[64];

static peal_err notes(const peal_parser_packet *packet, peal_parser_out *out) {
  seen = *packet;
  if (peal_val_is(packet->data, PEAL_ARRAY))
    memcpy(seen_items, packet->data.as.items,
           packet->data.len * sizeof *seen_items);
  peal_parser_end(out, true);
  return PEAL_OK;
}

static void a_parser_sees_one_array(void **state) {
  (void)state;
  made halves = {notes, NULL};
  const peal_parser parser = parser_of(&halves);
  peal_message *message = NULL;
  peal_val many[40];
  for (int i = 0; i < 40; i++)
    many[i] = peal_int(i);
  assert_int_equal(event_by(&message, &parser, (peal_args){many, 40}), PEAL_OK);
  peal_message_unref(message);
  assert_int_equal(seen.type, PEAL_PARSER_EVENT);
  assert_false(seen.has_id);
  assert_int_equal(seen.data.len, 41);
  assert_true(peal_slice_is(peal_val_str(seen_items[0]), "e"));
  assert_int_equal(peal_val_int(seen_items[40], -1), 39);

  peal_buf scratch;
  uint64_t id = 7;
  peal_buf_init(&scratch, NULL, 0);
  assert_int_equal(peal_sio_form_event(&message, &parser, &scratch, libc,
                                       PEAL_S("/a"), (peal_slice){NULL, 0},
                                       PEAL_ARGS(peal_int(1)), &id),
                   PEAL_OK);
  peal_message_unref(message);
  assert_int_equal(seen.type, PEAL_PARSER_ACK);
  assert_true(seen.has_id && seen.id == 7);
  assert_int_equal(seen.data.len, 1);
  assert_int_equal(peal_sio_form_control(&message, &parser, &scratch, libc,
                                         PEAL_SIO_DISCONNECT, PEAL_S("/a"),
                                         peal_undefined()),
                   PEAL_OK);
  peal_message_unref(message);
  assert_int_equal(seen.type, PEAL_PARSER_DISCONNECT);
  assert_true(peal_slice_is(seen.nsp, "/a"));
  assert_true(peal_val_is(seen.data, PEAL_UNDEFINED));
  peal_buf_deinit(&scratch);
}

/* -- what is read ------------------------------------------------------------------- */

/* What `how` says of the message "x". */
static peal_err read_by(peal_err (*how)(const peal_parser_in *, peal_build *,
                                        peal_parser_packet *),
                        peal_sio_packet *packet) {
  made halves = {NULL, how};
  const peal_parser parser = parser_of(&halves);
  const peal_parser_in in = {.data = PEAL_S("x")};
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = peal_sio_form_decode(packet, &parser, &in, 10, &arena);
  peal_arena_deinit(&arena);
  return err;
}

static peal_val tree; /* data of the next packet */
static peal_parser_packet wanted;

static peal_err gives_wanted(const peal_parser_in *in, peal_build *build,
                             peal_parser_packet *out) {
  (void)in;
  (void)build;
  *out = wanted;
  out->data = tree;
  return PEAL_OK;
}

static peal_err reads(peal_parser_packet packet, peal_val data) {
  peal_sio_packet out;
  wanted = packet;
  if (!packet.nsp.ptr)
    wanted.nsp = PEAL_S("/");
  tree = data;
  return read_by(gives_wanted, &out);
}

#define EVENT .type = PEAL_PARSER_EVENT

static void what_a_parser_says_is_looked_at(void **state) {
  (void)state;
  static const peal_val name = {.type = PEAL_STRING, .len = 1, .as.bytes = "e"};
  static const peal_val number = {.type = PEAL_INT, .as.integer = 7};
  const peal_val event = peal_array(&name, 1);
  assert_int_equal(reads((peal_parser_packet){EVENT}, event), PEAL_OK);
  assert_int_equal(reads((peal_parser_packet){EVENT}, peal_array(&number, 1)),
                   PEAL_OK); /* of constants */
  assert_int_equal(number.type, PEAL_INT);

  const struct {
    peal_parser_packet packet;
    peal_val data;
    peal_err err;
  } wrong[] = {
      {{.type = 5}, event, PEAL_ERR_SIO_PACKET},
      {{.type = 255}, event, PEAL_ERR_SIO_PACKET},
      {{EVENT, .nsp = {"", 0}}, event, PEAL_ERR_SIO_PACKET},
      {{EVENT, .nsp = {"/\xff", 2}}, event, PEAL_ERR_SIO_PACKET},
      {{EVENT, .attachments = 11}, event, PEAL_ERR_SIO_TOO_MANY},
      {{EVENT, .attachments = UINT32_MAX}, event, PEAL_ERR_SIO_TOO_MANY},
      {{.attachments = 1}, peal_undefined(), PEAL_ERR_SIO_ATTACHMENTS},
      {{EVENT}, peal_undefined(), PEAL_ERR_SIO_PAYLOAD},
      {{EVENT}, peal_array(NULL, 0), PEAL_ERR_SIO_PAYLOAD},
      {{EVENT}, (peal_val){.type = PEAL_ARRAY, .len = 3}, PEAL_ERR_SIO_PAYLOAD},
      {{EVENT}, (peal_val){.type = 77}, PEAL_ERR_SIO_PAYLOAD},
      {{.type = PEAL_PARSER_ACK}, peal_int(1), PEAL_ERR_SIO_PAYLOAD},
      {{.type = PEAL_PARSER_DISCONNECT}, peal_null(), PEAL_ERR_SIO_PAYLOAD},
      {{.type = PEAL_PARSER_CONNECT}, event, PEAL_ERR_SIO_PAYLOAD},
      {{.type = PEAL_PARSER_CONNECT},
       {.type = PEAL_OBJECT, .len = 1},
       PEAL_ERR_SIO_PAYLOAD}};

  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(reads(wrong[i].packet, wrong[i].data), wrong[i].err);
}

static void values_without_a_type_content_or_end_are_none(void **state) {
  (void)state;
  static peal_val items[2], circle;
  items[0] = peal_str("e");
  items[1] = (peal_val){.type = PEAL_STRING, .len = 9};
  assert_int_equal(reads((peal_parser_packet){EVENT}, peal_array(items, 2)),
                   PEAL_ERR_SIO_PAYLOAD);
  items[1] = (peal_val){.type = 9};
  assert_int_equal(reads((peal_parser_packet){EVENT}, peal_array(items, 2)),
                   PEAL_ERR_SIO_PAYLOAD);
  circle = peal_array(&circle, 1); /* in itself */
  items[1] = circle;
  assert_int_equal(reads((peal_parser_packet){EVENT}, peal_array(items, 2)),
                   PEAL_ERR_DEPTH);
  items[0] = peal_str("disconnect");
  assert_int_equal(reads((peal_parser_packet){EVENT}, peal_array(items, 1)),
                   PEAL_ERR_SIO_RESERVED);
}

static peal_err breaks_the_builder(const peal_parser_in *in, peal_build *build,
                                   peal_parser_packet *out) {
  (void)in;
  out->type = PEAL_PARSER_CONNECT;
  out->data = peal_build_json(build, PEAL_S("{"));
  return PEAL_OK;
}

static peal_err says_nothing(const peal_parser_in *in, peal_build *build,
                             peal_parser_packet *out) {
  (void)in;
  (void)build;
  (void)out;
  return PEAL_OK;
}

static void an_error_of_the_builder_is_the_packets(void **state) {
  (void)state;
  peal_sio_packet packet;
  assert_int_equal(read_by(breaks_the_builder, &packet), PEAL_ERR_JSON);
  /* A CONNECT of "/" is there before. */
  assert_int_equal(read_by(says_nothing, &packet), PEAL_OK);
  assert_int_equal(packet.type, PEAL_SIO_CONNECT);
}

/* -- a connection ---------------------------------------------------------------------- */

typedef struct side {
  peal_sio_conn conn;
  peal_sio_conn_opts opts;
  peal_arena arena;
  char log[1024];
} side;

static void side_begin(side *s, const peal_parser *parser) {
  *s = (side){.opts = {.parser = parser}};
  peal_arena_init(&s->arena, NULL, 0, 0);
  peal_sio_conn_init(&s->conn, &s->opts, NULL, 0);
}

static void side_end(side *s) {
  peal_sio_conn_deinit(&s->conn);
  peal_arena_deinit(&s->arena);
}

static void log_event(side *s, const peal_sio_conn_event *event) {
  static const char *const names[] = {"none",       "connect", "connect_error",
                                      "disconnect", "event",   "ack",
                                      "send",       "error"};
  size_t len = strlen(s->log);
  peal_buf json;
  peal_buf_init(&json, NULL, 0);
  if (event->type == PEAL_SIO_CONN_EVENT || event->type == PEAL_SIO_CONN_ACK)
    peal_json_encode(&json, event->packet.data, NULL);
  (void)snprintf(s->log + len, sizeof s->log - len, "%s%s%.*s%s%s\n",
                 names[event->type], json.len ? " " : "", (int)json.len,
                 json.len ? json.ptr : "", event->err ? " " : "",
                 event->err ? peal_err_name(event->err) : "");
  peal_buf_deinit(&json);
}

static peal_sio_link side_feed(side *s, bool binary, const char *bytes,
                               size_t len) {
  peal_sio_conn_event event;
  peal_sio_link link = 0;
  /* In a block of its own that goes: what is kept was copied. */
  char *copy = malloc(len ? len : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, len);
  assert_int_equal(
      peal_sio_conn_feed(&s->conn, binary, (peal_slice){copy, len}, 0),
      PEAL_OK);
  while (peal_sio_conn_next(&s->conn, &s->arena, &event)) {
    log_event(s, &event);
    if (event.type == PEAL_SIO_CONN_CONNECT)
      link = event.link;
    peal_message_unref(event.message);
    assert_true(peal_sio_conn_check(&s->conn));
  }
  free(copy);
  return link;
}

static void side_accept(side *s, peal_sio_link link) {
  peal_message *message = NULL;
  peal_sio_conn_event event;
  assert_int_equal(
      peal_sio_conn_accept(&s->conn, link, peal_undefined(), &message),
      PEAL_OK);
  peal_message_unref(message);
  assert_int_equal(peal_sio_conn_deliver(&s->conn, link), PEAL_OK);
  while (peal_sio_conn_next(&s->conn, &s->arena, &event))
    log_event(s, &event);
}

#define FEED(side, binary, text) side_feed(side, binary, text, sizeof(text) - 1)

static void expect(side *s, const char *log) {
  assert_string_equal(s->log, log);
  s->log[0] = 0;
}

static void msgpack_events_wait_for_their_namespace(void **state) {
  (void)state;
  side s;
  side_begin(&s, peal_parser_msgpack());
  peal_sio_link link = FEED(&s, true, "\x82\xa4type\x00\xa3nsp\xa1/");
  FEED(&s, true,
       "\x83\xa4type\x02\xa4"
       "data\x92\xa1"
       "a\xc4\x02xy\xa3nsp\xa1/");
  expect(&s, "connect\n");
  side_accept(&s, link);
  FEED(&s, true,
       "\x83\xa4type\x02\xa4"
       "data\x91\xa1"
       "b\xa3nsp\xa1/");
  expect(&s, "event [\"a\",\"eHk=\"]\nevent [\"b\"]\n");
  FEED(&s, false, "2[\"c\"]");
  expect(&s, "error PEAL_ERR_SIO_PACKET\n");
  side_end(&s);
}

static void binaries_behind_a_message_are_gathered(void **state) {
  (void)state;
  const peal_parser parser = parser_of(&marked_halves);
  side s;
  side_begin(&s, &parser);
  peal_sio_link link = FEED(&s, false, "!0");
  FEED(&s, false,
       "!52-[\"e\",{\"_placeholder\":true,\"num\":1},"
       "{\"_placeholder\":true,\"num\":0}]");
  FEED(&s, true, "A");
  FEED(&s, true, "B");
  FEED(&s, false, "!2[\"f\"]");
  expect(&s, "connect\n");
  side_accept(&s, link);
  expect(&s, "event [\"e\",\"Qg==\",\"QQ==\"]\nevent [\"f\"]\n");
  FEED(&s, false, "!51-[\"e\",{\"_placeholder\":true,\"num\":0}]");
  FEED(&s, true, "C");
  expect(&s, "event [\"e\",\"Qw==\"]\n");
  FEED(&s, false, "!51-[\"e\",{\"_placeholder\":true,\"num\":0}]");
  FEED(&s, false, "!2[\"g\"]"); /* in between */
  expect(&s, "error PEAL_ERR_SIO_ATTACHMENTS\n");
  side_end(&s);
}

static void a_binary_that_nobody_waits_for_is_a_message(void **state) {
  (void)state;
  const peal_parser parser = parser_of(&marked_halves);
  side s;
  side_begin(&s, &parser);
  FEED(&s, true, "!0"); /* to a parser that takes texts */
  expect(&s, "error PEAL_ERR_SIO_ATTACHMENTS\n");
  side_end(&s);
}

/* The first time one event that has two binaries, and then something else. */
static peal_err changes_its_mind(const peal_parser_in *in, peal_build *build,
                                 peal_parser_packet *out) {
  (void)build;
  if (peal_slice_is(in->data, "0"))
    return PEAL_OK;
  out->type = PEAL_PARSER_EVENT;
  out->attachments = in->attachment_count ? 0 : 2;
  if (in->attachment_count)
    *out = wanted;
  if (in->attachment_count)
    out->data = tree;
  return PEAL_OK;
}

static void second_thoughts(peal_parser_packet second, peal_val data,
                            const char *log) {
  made halves = {all_binary, changes_its_mind};
  const peal_parser parser = parser_of(&halves);
  side s;
  wanted = second;
  wanted.nsp = PEAL_S("/");
  tree = data;
  side_begin(&s, &parser);
  side_accept(&s, FEED(&s, true, "0"));
  s.log[0] = 0;
  FEED(&s, true, "e");
  FEED(&s, true, "A");
  FEED(&s, true, "B");
  expect(&s, log);
  side_end(&s);
}

static void a_parser_that_says_otherwise_the_second_time_is_cut_off(
    void **state) {
  (void)state;
  static const peal_val name = {.type = PEAL_STRING, .len = 1, .as.bytes = "e"};
  peal_val event = peal_array(&name, 1);
  second_thoughts((peal_parser_packet){EVENT}, event, "event [\"e\"]\n");
  second_thoughts((peal_parser_packet){.type = PEAL_PARSER_CONNECT},
                  peal_undefined(), "error PEAL_ERR_SIO_PACKET\n");
  second_thoughts((peal_parser_packet){.type = PEAL_PARSER_DISCONNECT},
                  peal_undefined(), "error PEAL_ERR_SIO_PACKET\n");
  second_thoughts((peal_parser_packet){EVENT, .attachments = 3}, event,
                  "error PEAL_ERR_SIO_ATTACHMENTS\n");
}

static void a_name_that_is_no_namespace_is_refused_alone(void **state) {
  (void)state;
  side s;
  side_begin(&s, peal_parser_msgpack());
  FEED(&s, true, "\x82\xa4type\x00\xa3nsp\xa3/,a");
  FEED(&s, true, "\x82\xa4type\x00\xa3nsp\xa1x");
  expect(&s, "send\nsend\n");
  FEED(&s, true, "\x82\xa4type\x00\xa3nsp\xa2/a");
  expect(&s, "connect\n");
  side_end(&s);
}

/* -- memory --------------------------------------------------------------------------- */

static peal_err form_step(const peal_mem *mem, void *user) {
  const peal_parser *parser = user;
  peal_buf scratch;
  peal_arena arena;
  peal_message *message = NULL;
  peal_sio_packet packet;
  peal_val many[40];
  for (int i = 0; i < 40; i++)
    many[i] = peal_binary(PEAL_S("b"));
  peal_buf_init(&scratch, mem, 0);
  peal_arena_init(&arena, mem, 64, 0);
  peal_err err = peal_sio_form_event(
      &message, parser, &scratch, (peal_sio_form_owner){.mem = mem},
      PEAL_S("/"), PEAL_S("e"), (peal_args){many, 40}, NULL);
  if (!err)
    err = peal_sio_form_values(&packet, parser, message, &arena);
  if (!err)
    assert_int_equal(packet.data.len, 41);
  peal_message_unref(message);
  peal_arena_deinit(&arena);
  peal_buf_deinit(&scratch);
  return err;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  const peal_parser parser = parser_of(&marked_halves);
  assert_true(torture_run(form_step, (void *)(uintptr_t)&parser, false, NULL));
  assert_true(torture_run(form_step, (void *)(uintptr_t)peal_parser_msgpack(),
                          false, NULL));
}

static void values_are_written_and_read_by_either_codec(void **state) {
  (void)state;
  peal_buf bytes;
  peal_parser_out out;
  peal_build *build = peal_build_new();
  peal_val value = PEAL_OBJECT({"a", PEAL_ARRAY(peal_int(1), peal_str("é"))});
  peal_buf_init(&bytes, NULL, 0);
  peal_parser_out_init(&out, &bytes);
  peal_parser_write_json(&out, value);
  peal_parser_end(&out, false);
  peal_parser_write_msgpack(&out, value);
  peal_parser_end(&out, true);
  assert_int_equal(peal_parser_out_err(&out), PEAL_OK);
  assert_true(peal_val_eq(
      value, peal_build_json(build, peal_parser_out_part(&out, 0))));
  assert_true(peal_val_eq(
      value, peal_parser_read_msgpack(build, peal_parser_out_part(&out, 1))));
  (void)peal_parser_read_msgpack(build, PEAL_S("\xc1"));
  assert_int_equal(peal_build_err(build), PEAL_ERR_SIO_PAYLOAD);
  peal_build_free(build);
  peal_parser_out_deinit(&out);
  peal_buf_deinit(&bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_parser_may_write_around_another_one),
      cmocka_unit_test(the_first_message_may_be_binary_and_have_many_behind_it),
      cmocka_unit_test(what_is_written_wrongly_is_not_sent),
      cmocka_unit_test(a_parser_sees_one_array),
      cmocka_unit_test(what_a_parser_says_is_looked_at),
      cmocka_unit_test(values_without_a_type_content_or_end_are_none),
      cmocka_unit_test(an_error_of_the_builder_is_the_packets),
      cmocka_unit_test(msgpack_events_wait_for_their_namespace),
      cmocka_unit_test(binaries_behind_a_message_are_gathered),
      cmocka_unit_test(a_binary_that_nobody_waits_for_is_a_message),
      cmocka_unit_test(a_parser_that_says_otherwise_the_second_time_is_cut_off),
      cmocka_unit_test(a_name_that_is_no_namespace_is_refused_alone),
      cmocka_unit_test(values_are_written_and_read_by_either_codec),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
