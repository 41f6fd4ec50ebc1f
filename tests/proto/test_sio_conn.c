/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/proto_limits.h"
#include "proto/sio_conn.h"
#include "torture.h"
#include "wire/json.h"

#define NEVER UINT64_MAX

/* -- one machine, what it told and what it sent -------------------------------- */

typedef enum act {
  DO_NOTHING,
  DO_ACCEPT, /* with {"sid":"x"}, and deliver */
  DO_REFUSE,
  DO_LEAVE,
  DO_PAUSE,
  DO_REJOIN,
  DO_FREE
} act;

typedef struct side {
  peal_sio_conn *conn;
  peal_sio_conn_opts opts;
  peal_account account;
  peal_arena arena;
  uint64_t now;
  char log[4096];
  char sent[1024];
  peal_sio_link link; /* of the last CONNECT or join */
  act on_connect, on_event, on_disconnect, on_error;
  bool freed;
} side;

/* In a block of its own, so that a use behind it is seen. */
static void free_conn(side *s) {
  if (s->conn)
    peal_sio_conn_deinit(s->conn);
  peal_mem_free(peal_mem_or_libc(s->opts.mem), s->conn);
}

static void append(char *log, size_t cap, peal_slice words) {
  size_t len = strlen(log);
  assert_true(len + words.len + 2 < cap);
  if (len)
    log[len++] = ' ';
  if (words.len)
    memcpy(log + len, words.ptr, words.len);
  log[len + words.len] = '\0';
}

/* "event:/nsp#id[json]" */
static void say(side *s, const char *word, const peal_sio_packet *packet) {
  char line[4096];
  int len = snprintf(line, sizeof line, "%s:%.*s", word, (int)packet->nsp.len,
                     packet->nsp.ptr);
  if (packet->has_id)
    len += snprintf(line + len, sizeof line - (size_t)len, "#%llu",
                    (unsigned long long)packet->id);
  peal_buf json;
  peal_buf_init(&json, NULL, 0);
  if (!peal_val_is(packet->data, PEAL_UNDEFINED))
    peal_json_encode(&json, packet->data, NULL);
  assert_int_equal(json.err, PEAL_OK);
  len += snprintf(line + len, sizeof line - (size_t)len, "%.*s", (int)json.len,
                  json.len ? json.ptr : "");
  peal_buf_deinit(&json);
  append(s->log, sizeof s->log, (peal_slice){line, (size_t)len});
}

static void send_message(side *s, peal_message *message) {
  if (!message)
    return;
  assert_int_equal(peal_message_count(message), 1);
  append(s->sent, sizeof s->sent, peal_message_part(message, 0));
  peal_message_unref(message);
}

/* -- verbs -------------------------------------------------------------------- */

static void step(side *s) {
  if (!s->freed)
    assert_true(peal_sio_conn_check(s->conn));
}

static peal_err accept_link(side *s, peal_sio_link link, peal_val data) {
  peal_message *out;
  peal_err err = peal_sio_conn_accept(s->conn, link, data, &out);
  assert_int_equal(out != NULL, err == PEAL_OK);
  send_message(s, out);
  step(s);
  return err;
}

static peal_err refuse(side *s, peal_sio_link link, peal_val data) {
  peal_message *out;
  peal_err err = peal_sio_conn_refuse(s->conn, link, data, &out);
  assert_int_equal(out != NULL, err == PEAL_OK);
  send_message(s, out);
  step(s);
  return err;
}

static peal_err part(side *s, peal_sio_link link) {
  peal_message *out;
  peal_err err = peal_sio_conn_part(s->conn, link, &out);
  assert_int_equal(out != NULL, err == PEAL_OK);
  send_message(s, out);
  step(s);
  return err;
}

static peal_err join_with(side *s, peal_slice nsp, peal_val auth) {
  peal_message *out;
  peal_err err = peal_sio_conn_join(s->conn, nsp, auth, s, &s->link, &out);
  if (!s->opts.sio2) /* which says nothing to join "/" */
    assert_int_equal(out != NULL, err == PEAL_OK);
  assert_int_equal(s->link != 0, err == PEAL_OK);
  send_message(s, out);
  step(s);
  return err;
}

static peal_err join(side *s, const char *nsp) {
  return join_with(s, peal_slice_of(nsp), peal_undefined());
}

static void do_act(side *s, const peal_sio_conn_event *event, act what) {
  peal_pair sid = {.key = "sid", .value = peal_str("x")};
  switch (what) {
  case DO_NOTHING:
    break;
  case DO_ACCEPT:
    assert_int_equal(accept_link(s, event->link, peal_object(&sid, 1)),
                     PEAL_OK);
    assert_int_equal(peal_sio_conn_deliver(s->conn, event->link), PEAL_OK);
    break;
  case DO_REFUSE:
    sid = (peal_pair){.key = "message", .value = peal_str("no")};
    assert_int_equal(refuse(s, event->link, peal_object(&sid, 1)), PEAL_OK);
    break;
  case DO_LEAVE: /* what is over already cannot be left */
    assert_int_equal(part(s, event->link),
                     event->link ? PEAL_OK : PEAL_ERR_CLOSED);
    break;
  case DO_PAUSE:
    assert_int_equal(peal_sio_conn_pause(s->conn, event->link), PEAL_OK);
    break;
  case DO_REJOIN:
    assert_int_equal(join_with(s, event->packet.nsp, peal_undefined()),
                     PEAL_OK);
    break;
  case DO_FREE:
    free_conn(s);
    s->freed = true;
    break;
  }
}

/* -- events -------------------------------------------------------------------- */

static void on_link_event(side *s, const peal_sio_conn_event *event) {
  bool connected = event->type != PEAL_SIO_CONN_CONNECT || s->opts.client;
  assert_int_equal(peal_sio_link_is_connected(s->conn, event->link), connected);
  assert_ptr_equal(peal_sio_link_user(s->conn, event->link), event->user);
  peal_slice nsp = peal_sio_link_nsp(s->conn, event->link);
  assert_int_equal(nsp.len, event->packet.nsp.len);
  assert_memory_equal(nsp.ptr, event->packet.nsp.ptr, nsp.len);
}

static peal_err on_event(side *s, const peal_sio_conn_event *event) {
  if (event->link)
    on_link_event(s, event);
  switch ((peal_sio_conn_event_type)event->type) {
  case PEAL_SIO_CONN_NONE:
    fail();
    break;
  case PEAL_SIO_CONN_CONNECT:
    say(s, "connect", &event->packet);
    s->link = event->link;
    do_act(s, event, s->on_connect);
    break;
  case PEAL_SIO_CONN_CONNECT_ERROR:
    say(s, "refused", &event->packet);
    do_act(s, event, s->on_error);
    break;
  case PEAL_SIO_CONN_DISCONNECT:
    say(s, "disconnect", &event->packet);
    do_act(s, event, s->on_disconnect);
    break;
  case PEAL_SIO_CONN_EVENT:
    say(s, "event", &event->packet);
    do_act(s, event, s->on_event);
    break;
  case PEAL_SIO_CONN_ACK:
    say(s, "ack", &event->packet);
    break;
  case PEAL_SIO_CONN_SEND:
    send_message(s, event->message);
    break;
  case PEAL_SIO_CONN_ERROR:
    return event->err;
  }
  return PEAL_OK;
}

/* Everything that there is to tell; what it borrows is gone behind each. */
static peal_err read_all(side *s) {
  peal_sio_conn_event event;
  peal_err err = PEAL_OK;
  peal_arena_mark mark = peal_arena_mark_get(&s->arena);
  while (!s->freed && peal_sio_conn_next(s->conn, &s->arena, &event)) {
    assert_int_equal(err, PEAL_OK); /* an error is the last */
    assert_true(peal_sio_conn_check(s->conn));
    err = on_event(s, &event);
    peal_arena_mark_set(&s->arena, mark);
    step(s);
  }
  return err;
}

static peal_err deliver(side *s, peal_sio_link link) {
  peal_err err = peal_sio_conn_deliver(s->conn, link);
  step(s);
  return err ? err : read_all(s);
}

static bool begin(side *s) {
  peal_arena_init(&s->arena, s->opts.mem, 0, 0);
  s->now = 1000;
  s->conn = peal_mem_alloc(peal_mem_or_libc(s->opts.mem), sizeof *s->conn);
  if (s->conn)
    peal_sio_conn_init(s->conn, &s->opts, &s->account, s->now);
  return s->conn != NULL;
}

static void server(side *s) {
  *s = (side){.on_connect = DO_ACCEPT};
  assert_true(begin(s));
}

static void client(side *s) {
  *s = (side){.opts = {.client = true}};
  assert_true(begin(s));
}

/* What was charged is given back. */
static void end(side *s) {
  if (!s->freed)
    free_conn(s);
  peal_arena_deinit(&s->arena);
  assert_int_equal(s->account.used, 0);
}

static peal_err feed(side *s, bool binary, const char *words) {
  size_t len = strlen(words);
  char *copy = malloc(len ? len : 1);
  assert_non_null(copy);
  if (len)
    memcpy(copy, words, len);
  peal_err err =
      peal_sio_conn_feed(s->conn, binary, (peal_slice){copy, len}, s->now);
  if (!err)
    err = read_all(s);
  free(copy);
  return err;
}

static peal_err text(side *s, const char *words) {
  return feed(s, false, words);
}

static void told(side *s, const char *words) {
  assert_string_equal(s->log, words);
  s->log[0] = '\0';
}

static void sent(side *s, const char *words) {
  assert_string_equal(s->sent, words);
  s->sent[0] = '\0';
}

static void open_server(side *s) {
  server(s);
  assert_int_equal(text(s, "0"), PEAL_OK);
  told(s, "connect:/");
  sent(s, "0{\"sid\":\"x\"}");
}

static void open_client(side *s) {
  client(s);
  assert_int_equal(join(s, "/"), PEAL_OK);
  sent(s, "0");
  assert_int_equal(text(s, "0{\"sid\":\"x\"}"), PEAL_OK);
  told(s, "connect:/{\"sid\":\"x\"}");
}

static unsigned links(const side *s) {
  unsigned count = 0;
  for (peal_sio_link link = peal_sio_link_next(s->conn, 0); link;
       link = peal_sio_link_next(s->conn, link))
    count++;
  return count;
}

/* -- the rows of reference 3.4 --------------------------------------------------- */

static void wrong_packets_kill_a_server(void **state) {
  static const struct {
    const char *text;
    peal_err err;
  } rows[] = {
      {"", PEAL_ERR_SIO_PACKET},
      {"7", PEAL_ERR_SIO_PACKET},
      {"x", PEAL_ERR_SIO_PACKET},
      {"0/a,[]", PEAL_ERR_SIO_PAYLOAD},
      {"0/a,\"x\"", PEAL_ERR_SIO_PAYLOAD},
      {"0/a,{", PEAL_ERR_SIO_PAYLOAD},
      {"0", PEAL_ERR_SIO_STATE}, /* joined */
      {"1{}", PEAL_ERR_SIO_PAYLOAD},
      {"2[]", PEAL_ERR_SIO_PAYLOAD},
      {"2{}", PEAL_ERR_SIO_PAYLOAD},
      {"2[true]", PEAL_ERR_SIO_PAYLOAD},
      {"2[\"a\"]x", PEAL_ERR_SIO_PAYLOAD},
      {"2", PEAL_ERR_SIO_PAYLOAD},
      {"2[\"connect\"]", PEAL_ERR_SIO_RESERVED},
      {"2[\"disconnecting\"]", PEAL_ERR_SIO_RESERVED},
      {"31{}", PEAL_ERR_SIO_PAYLOAD},
      {"4{\"message\":\"x\"}", PEAL_ERR_SIO_STATE},
      {"4/b,{\"message\":\"x\"}", PEAL_ERR_SIO_STATE},
      {"2/b,[\"a\"]", PEAL_ERR_SIO_STATE}, /* not joined */
      {"3/b,1[]", PEAL_ERR_SIO_STATE},
      {"1/b,", PEAL_ERR_SIO_STATE},
      {"51-/b,[\"a\"]", PEAL_ERR_SIO_STATE},
      {"5[\"a\"]", PEAL_ERR_SIO_ATTACHMENTS},
      {"511-[\"a\"]", PEAL_ERR_SIO_TOO_MANY},
  };

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    side s;
    open_server(&s);
    assert_int_equal(text(&s, rows[i].text), rows[i].err);
    /* and it stays */
    assert_int_equal(text(&s, "2[\"a\"]"), rows[i].err);
    assert_int_equal(feed(&s, true, "x"), rows[i].err);
    assert_int_equal(peal_sio_conn_tick(s.conn, s.now), rows[i].err);
    assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
    told(&s, "");
    sent(&s, "");
    assert_int_equal(links(&s), 1); /* for the owner to walk */
    end(&s);
  }
}

static void events_and_acks_are_told_with_their_ids(void **state) {
  side s;
  (void)state;
  open_server(&s);
  assert_int_equal(text(&s, "2[\"a\",1,{\"b\":null}]"), PEAL_OK);
  assert_int_equal(text(&s, "2007[5,\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "312[]"), PEAL_OK);
  assert_int_equal(text(&s, "3[1]"), PEAL_OK); /* no id: ignored */
  assert_int_equal(text(&s, "2[\"error\"]"), PEAL_OK);
  told(&s, "event:/[\"a\",1,{\"b\":null}] event:/#7[\"5\",\"x\"] ack:/#12[] "
           "event:/[\"error\"]");
  end(&s);
}

static void namespaces_are_joined_left_and_joined_again(void **state) {
  side s;
  (void)state;
  open_server(&s);
  assert_int_equal(text(&s, "0/foo,{\"token\":1}"), PEAL_OK);
  assert_int_equal(text(&s, "0/foo?a=b"), PEAL_OK); /* another name */
  told(&s, "connect:/foo{\"token\":1} connect:/foo?a=b");
  sent(&s, "0/foo,{\"sid\":\"x\"} 0/foo?a=b,{\"sid\":\"x\"}");
  assert_int_equal(links(&s), 3);
  assert_int_equal(text(&s, "2/foo,1[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "1/foo"), PEAL_OK);
  assert_int_equal(text(&s, "0/foo"), PEAL_OK);
  assert_int_equal(text(&s, "1/foo,"), PEAL_OK);
  told(&s, "event:/foo#1[\"a\"] disconnect:/foo connect:/foo disconnect:/foo");
  sent(&s, "0/foo,{\"sid\":\"x\"}"); /* no reply to a DISCONNECT */
  assert_int_equal(links(&s), 2);
  /* who left by itself knows it */
  assert_int_equal(text(&s, "2/foo,[\"a\"]"), PEAL_ERR_SIO_STATE);
  end(&s);
}

static void there_are_only_so_many_namespaces(void **state) {
  side s = {.opts = {.max_namespaces = 2}, .on_connect = DO_ACCEPT};
  (void)state;
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "0/a"), PEAL_OK);
  assert_int_equal(text(&s, "1/a"), PEAL_OK);
  assert_int_equal(text(&s, "0/b"), PEAL_OK);
  sent(&s, "0{\"sid\":\"x\"} 0/a,{\"sid\":\"x\"} 0/b,{\"sid\":\"x\"}");
  told(&s, "connect:/ connect:/a disconnect:/a connect:/b");
  /* the request is refused, the others live */
  assert_int_equal(text(&s, "0/c"), PEAL_OK);
  sent(&s, "4/c,{\"message\":\"Too many namespaces\"}");
  assert_int_equal(text(&s, "2/c,[\"pipelined\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2/b,[\"alive\"]"), PEAL_OK);
  told(&s, "event:/b[\"alive\"]");
  assert_int_equal(text(&s, "1/b"), PEAL_OK);
  assert_int_equal(text(&s, "0/c"), PEAL_OK);
  told(&s, "disconnect:/b connect:/c");
  end(&s);
}

static void a_name_that_is_too_long_is_refused(void **state) {
  side s;
  (void)state;
  char name[PEAL_LIMIT_SIO_NSP_BYTES + 8] = "0/";
  memset(name + 2, 'a', PEAL_LIMIT_SIO_NSP_BYTES - 1);
  server(&s);
  assert_int_equal(text(&s, name), PEAL_OK);
  assert_int_equal(links(&s), 1);
  s.sent[0] = '\0';
  strcat(name, "b");
  assert_int_equal(text(&s, name), PEAL_OK);
  assert_non_null(strstr(s.sent, "{\"message\":\"Invalid namespace\"}"));
  assert_int_equal(links(&s), 1);
  end(&s);
  client(&s);
  assert_int_equal(join(&s, name + 1), PEAL_ERR_TOO_LONG);
  name[1 + PEAL_LIMIT_SIO_NSP_BYTES] = '\0';
  assert_int_equal(join(&s, name + 1), PEAL_OK);
  end(&s);
}

/* -- attachments ---------------------------------------------------------------- */

static void attachments_are_put_in_place(void **state) {
  side s;
  (void)state;
  open_server(&s);
  assert_int_equal(text(&s, "52-9[\"a\",{\"_placeholder\":true,\"num\":1},"
                            "{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  told(&s, "");
  assert_int_equal(feed(&s, true, ""), PEAL_OK);
  told(&s, "event:/#9[\"a\",\"\",\"aGk=\"]"); /* JSON shows base64 */
  assert_int_equal(text(&s, "61-3[{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  told(&s, "ack:/#3[\"aGk=\"]");
  /* none announced: a plain event, and the next text is welcome */
  assert_int_equal(text(&s, "50-[\"b\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"c\"]"), PEAL_OK);
  told(&s, "event:/[\"b\"] event:/[\"c\"]");
  /* unused ones are fine */
  assert_int_equal(text(&s, "51-[\"d\"]"), PEAL_OK);
  assert_int_equal(feed(&s, true, "x"), PEAL_OK);
  told(&s, "event:/[\"d\"]");
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  end(&s);
}

static void attachments_out_of_order_kill(void **state) {
  side s;
  (void)state;
  open_server(&s);
  assert_int_equal(feed(&s, true, "x"), PEAL_ERR_SIO_ATTACHMENTS);
  end(&s);
  open_server(&s);
  assert_int_equal(text(&s, "51-[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"a\"]"), PEAL_ERR_SIO_ATTACHMENTS);
  end(&s);
  open_server(&s);
  assert_int_equal(text(&s, "51-[\"a\",{\"_placeholder\":true,\"num\":1}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "x"), PEAL_ERR_SIO_ATTACHMENTS);
  told(&s, "");
  end(&s);
}

static void attachments_must_come_in_time(void **state) {
  side s;
  (void)state;
  open_server(&s);
  s.now = 5000;
  assert_int_equal(text(&s, "52-[\"a\"]"), PEAL_OK);
  assert_int_equal(peal_sio_conn_deadline(s.conn), 15000);
  s.now = 14000;
  assert_int_equal(feed(&s, true, "x"), PEAL_OK);
  assert_int_equal(peal_sio_conn_tick(s.conn, 14999), PEAL_OK);
  assert_int_equal(peal_sio_conn_tick(s.conn, 15000), PEAL_ERR_TIMEOUT);
  assert_int_equal(feed(&s, true, "x"), PEAL_ERR_TIMEOUT);
  end(&s);
}

static void a_packet_and_its_attachments_have_a_ceiling(void **state) {
  side s = {.opts = {.max_packet_bytes = 400}, .on_connect = DO_ACCEPT};
  char big[301];
  (void)state;
  memset(big, 'x', 300);
  big[300] = '\0';
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  for (int i = 0; i < 10; i++) { /* what was delivered is given back */
    assert_int_equal(text(&s, "51-[\"a\"]"), PEAL_OK);
    assert_int_equal(feed(&s, true, big), PEAL_OK);
  }
  assert_int_equal(text(&s, "52-[\"a\"]"), PEAL_OK);
  assert_int_equal(feed(&s, true, big), PEAL_OK);
  assert_int_equal(feed(&s, true, big), PEAL_ERR_LIMIT);
  end(&s);
}

/* -- before the acceptance --------------------------------------------------------- */

static void early_events_are_held_and_delivered_in_order(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_NOTHING;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "51-[\"b\",{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "31[\"c\"]"), PEAL_OK);
  told(&s, "connect:/");
  assert_false(peal_sio_link_is_connected(s.conn, s.link));
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  sent(&s, "0");
  assert_int_equal(text(&s, "2[\"d\"]"), PEAL_OK);
  told(&s, "");
  /* a header here, its attachment behind the delivery */
  assert_int_equal(text(&s, "51-[\"e\",{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  told(&s, "event:/[\"a\"] event:/[\"b\",\"aGk=\"] ack:/#1[\"c\"] "
           "event:/[\"d\"]");
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"f\"]"), PEAL_OK);
  told(&s, "event:/[\"e\",\"aGk=\"] event:/[\"f\"]");
  end(&s);
}

static peal_err pause(side *s) {
  peal_err err = peal_sio_conn_pause(s->conn, s->link);
  step(s);
  return err;
}

static void a_pause_holds_events_and_lets_acknowledgements_pass(void **state) {
  side s;
  (void)state;
  server(&s);
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "0/a"), PEAL_OK);
  peal_sio_link of_a = s.link;
  told(&s, "connect:/ connect:/a");
  assert_int_equal(pause(&s), PEAL_OK);
  assert_int_equal(pause(&s), PEAL_ERR_USAGE);
  assert_true(peal_sio_link_is_connected(s.conn, of_a));
  assert_int_equal(text(&s, "2/a,[\"b\"]"), PEAL_OK);
  assert_int_equal(text(&s, "3/a,1[\"c\"]"), PEAL_OK);
  assert_int_equal(text(&s, "51-/a,[\"d\",{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "61-/a,2[{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"e\"]"), PEAL_OK);
  told(&s, "ack:/a#1[\"c\"] ack:/a#2[\"aGk=\"] event:/[\"e\"]");
  assert_int_equal(deliver(&s, of_a), PEAL_OK);
  told(&s, "event:/a[\"b\"] event:/a[\"d\",\"aGk=\"]");
  assert_int_equal(text(&s, "2/a,[\"f\"]"), PEAL_OK);
  told(&s, "event:/a[\"f\"]");
  /* CONNECT to where one is in, paused or not */
  assert_int_equal(pause(&s), PEAL_OK);
  assert_int_equal(text(&s, "0/a"), PEAL_ERR_SIO_STATE);
  end(&s);
}

/* Paused by the first of those that were held: the others go on waiting. */
static void a_pause_while_held_events_are_told_keeps_their_order(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_event = DO_PAUSE;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  for (char name = 'a'; name < 'd'; name++)
    assert_int_equal(text(&s, (char[]){'2', '[', '"', name, '"', ']', 0}),
                     PEAL_OK);
  told(&s, "connect:/ event:/[\"a\"]");
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  told(&s, "event:/[\"b\"]");
  assert_int_equal(text(&s, "2[\"d\"]"), PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  told(&s, "event:/[\"c\"] event:/[\"d\"]");
  /* it is left, or ends, with what waits */
  assert_int_equal(text(&s, "2[\"e\"]"), PEAL_OK);
  assert_int_equal(text(&s, "1"), PEAL_OK);
  told(&s, "disconnect:/");
  assert_int_equal(pause(&s), PEAL_ERR_CLOSED);
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"f\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"g\"]"), PEAL_OK);
  end(&s);
}

static void what_is_held_has_a_ceiling(void **state) {
  side s = {.opts = {.max_packet_bytes = 1000}};
  (void)state;
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  peal_err err = PEAL_OK;
  int count = 0;
  while (!err && count < 100) {
    err = text(&s, "2[\"a\"]");
    count++;
  }
  assert_int_equal(err, PEAL_ERR_LIMIT);
  assert_true(count > 5 && count < 25);
  /* a dead machine delivers nothing */
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_ERR_LIMIT);
  assert_int_equal(deliver(&s, s.link), PEAL_ERR_LIMIT);
  told(&s, "connect:/");
  sent(&s, "");
  end(&s);
}

static void many_held_events_cost_no_more_than_a_few(void **state) {
  side s = {.on_event = DO_NOTHING};
  (void)state;
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  for (int i = 0; i < 100000; i++) { /* at a walk each, this takes a minute */
    assert_int_equal(text(&s, "2[\"a\"]"), PEAL_OK);
    if (i % 1000 == 0)
      peal_arena_reset(&s.arena);
  }
  assert_int_equal(refuse(&s, s.link, peal_undefined()), PEAL_OK);
  end(&s);
}

/* An acknowledgement without an id is no event: its values go all the same. */
static void held_packets_that_are_no_events_leave_no_memory(void **state) {
  char words[4096] = "3[1";
  side s = {.on_connect = DO_NOTHING};
  (void)state;
  for (size_t at = 3; at + 3 < sizeof words; at += 2)
    memcpy(words + at, ",1", 2);
  words[strlen(words)] = ']';
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, words), PEAL_OK);
  peal_arena_reset(&s.arena);
  for (int i = 0; i < 200; i++)
    assert_int_equal(text(&s, words), PEAL_OK);
  told(&s, "connect:/");
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  sent(&s, "0");
  assert_int_equal(peal_sio_conn_deliver(s.conn, s.link), PEAL_OK);
  peal_sio_conn_event event;
  s.arena.max = 400000; /* some values of one, of 200 they are 6 MB */
  assert_false(peal_sio_conn_next(s.conn, &s.arena, &event));
  assert_true(s.arena.total < 100000);
  end(&s);
}

static void a_wrong_held_packet_kills_at_its_turn(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_NOTHING;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "51-[\"b\",{\"_placeholder\":true,\"num\":9}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"c\"]"), PEAL_OK);
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_ERR_SIO_ATTACHMENTS);
  told(&s, "connect:/ event:/[\"a\"]");
  assert_int_equal(text(&s, "2[\"d\"]"), PEAL_ERR_SIO_ATTACHMENTS);
  end(&s);
}

static void a_refusal_drops_what_was_held(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_NOTHING;
  assert_int_equal(text(&s, "0/a"), PEAL_OK);
  assert_int_equal(text(&s, "2/a,[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "52-/a,[\"b\"]"), PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  peal_pair no = {.key = "message", .value = peal_str("no")};
  assert_int_equal(refuse(&s, s.link, peal_object(&no, 1)), PEAL_OK);
  sent(&s, "4/a,{\"message\":\"no\"}");
  assert_int_equal(links(&s), 0);
  /* the rest of what was on its way is nobody's mistake */
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "2/a,[\"c\"]"), PEAL_OK);
  assert_int_equal(text(&s, "51-/a,[\"c\"]"), PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  told(&s, "connect:/a");
  s.on_connect = DO_ACCEPT;
  assert_int_equal(text(&s, "0/a"), PEAL_OK);
  assert_int_equal(text(&s, "2/a,[\"d\"]"), PEAL_OK);
  told(&s, "connect:/a event:/a[\"d\"]");
  end(&s);
}

static void refusing_in_on_connect_is_allowed(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_REFUSE;
  for (int i = 0; i < 3; i++)
    assert_int_equal(text(&s, "0"), PEAL_OK);
  told(&s, "connect:/ connect:/ connect:/");
  sent(&s, "4{\"message\":\"no\"} 4{\"message\":\"no\"} 4{\"message\":\"no\"}");
  assert_int_equal(peal_sio_conn_deadline(s.conn), 46000); /* none joined */
  end(&s);
}

static void a_peer_may_leave_before_it_was_accepted(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_NOTHING;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "1"), PEAL_OK);
  told(&s, "connect:/ disconnect:/");
  assert_int_equal(links(&s), 0);
  end(&s);
}

static void a_second_connect_while_the_first_waits_starts_anew(void **state) {
  side s;
  (void)state;
  open_server(&s);
  s.on_connect = DO_NOTHING;
  assert_int_equal(text(&s, "0/a,{\"n\":1}"), PEAL_OK);
  peal_sio_link first = s.link;
  peal_sio_link_set_user(s.conn, first, &s.now);
  assert_int_equal(text(&s, "2/a,[\"dropped\"]"), PEAL_OK);
  assert_int_equal(text(&s, "0/a,{\"n\":2}"), PEAL_OK);
  told(&s, "connect:/a{\"n\":1} disconnect:/a{\"n\":2} connect:/a{\"n\":2}");
  assert_int_equal(links(&s), 2);
  /* the first request is over, whoever answers it */
  assert_int_not_equal(s.link, first);
  assert_int_equal(accept_link(&s, first, peal_undefined()), PEAL_ERR_CLOSED);
  assert_int_equal(refuse(&s, first, peal_undefined()), PEAL_ERR_CLOSED);
  assert_null(peal_sio_link_user(s.conn, s.link));
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  sent(&s, "0/a,");
  assert_int_equal(text(&s, "2/a,[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"y\"]"), PEAL_OK);
  told(&s, "event:/a[\"x\"] event:/[\"y\"]");
  /* but joined is joined */
  assert_int_equal(text(&s, "0/a"), PEAL_ERR_SIO_STATE);
  end(&s);
}

static void verbs_in_any_order_are_guarded(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_NOTHING;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  peal_sio_link link = s.link;
  assert_int_equal(deliver(&s, link), PEAL_ERR_USAGE);
  assert_int_equal(accept_link(&s, link, peal_undefined()), PEAL_OK);
  assert_int_equal(accept_link(&s, link, peal_undefined()), PEAL_ERR_USAGE);
  assert_int_equal(refuse(&s, link, peal_undefined()), PEAL_ERR_USAGE);
  assert_int_equal(deliver(&s, link), PEAL_OK);
  assert_int_equal(deliver(&s, link), PEAL_ERR_USAGE);
  assert_int_equal(refuse(&s, link, peal_undefined()), PEAL_ERR_USAGE);
  assert_int_equal(join(&s, "/a"), PEAL_ERR_USAGE); /* the other role's */
  assert_int_equal(part(&s, link), PEAL_OK);
  assert_int_equal(part(&s, link), PEAL_ERR_CLOSED);
  assert_int_equal(refuse(&s, link, peal_undefined()), PEAL_ERR_CLOSED);
  assert_int_equal(accept_link(&s, link, peal_undefined()), PEAL_ERR_CLOSED);
  assert_int_equal(deliver(&s, link), PEAL_ERR_CLOSED);
  sent(&s, "0 1");
  peal_sio_link_set_user(s.conn, link, &s);
  assert_null(peal_sio_link_user(s.conn, link));
  assert_int_equal(peal_sio_link_nsp(s.conn, link).len, 0);
  /* a handle never becomes that of another membership */
  for (int i = 0; i < 3; i++) {
    assert_int_equal(text(&s, "0"), PEAL_OK);
    assert_int_not_equal(s.link, link);
    assert_int_equal(part(&s, link), PEAL_ERR_CLOSED);
    assert_int_equal(refuse(&s, s.link, peal_undefined()), PEAL_OK);
  }
  assert_int_equal(part(&s, 0), PEAL_ERR_CLOSED);
  assert_int_equal(part(&s, UINT64_MAX), PEAL_ERR_CLOSED);
  end(&s);
  client(&s);
  assert_int_equal(join(&s, "/"), PEAL_OK);
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_ERR_USAGE);
  assert_int_equal(refuse(&s, s.link, peal_undefined()), PEAL_ERR_USAGE);
  assert_int_equal(deliver(&s, s.link), PEAL_ERR_USAGE);
  end(&s);
}

static void one_message_is_used_up_before_the_next(void **state) {
  side s;
  peal_sio_conn_event event;
  (void)state;
  open_server(&s);
  peal_slice first = PEAL_S("2[\"a\"]"), second = PEAL_S("2[\"b\"]");
  assert_false(peal_sio_conn_next(s.conn, &s.arena, &event));
  assert_int_equal(peal_sio_conn_feed(s.conn, false, first, s.now), PEAL_OK);
  assert_int_equal(peal_sio_conn_feed(s.conn, false, second, s.now),
                   PEAL_ERR_USAGE);
  assert_int_equal(read_all(&s), PEAL_OK);
  assert_int_equal(peal_sio_conn_feed(s.conn, false, second, s.now), PEAL_OK);
  assert_int_equal(read_all(&s), PEAL_OK);
  told(&s, "event:/[\"a\"] event:/[\"b\"]");
  /* what was held comes before what was lent meanwhile */
  s.on_connect = DO_NOTHING;
  assert_int_equal(text(&s, "0/a"), PEAL_OK);
  assert_int_equal(text(&s, "2/a,[\"c\"]"), PEAL_OK);
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  assert_int_equal(peal_sio_conn_deliver(s.conn, s.link), PEAL_OK);
  assert_int_equal(text(&s, "2/a,[\"d\"]"), PEAL_OK);
  told(&s, "connect:/a event:/a[\"c\"] event:/a[\"d\"]");
  end(&s);
}

static void an_error_is_told_once(void **state) {
  side s;
  peal_sio_conn_event event;
  (void)state;
  open_server(&s);
  peal_slice wrong = PEAL_S("9");
  assert_int_equal(peal_sio_conn_feed(s.conn, false, wrong, s.now), PEAL_OK);
  assert_true(peal_sio_conn_next(s.conn, &s.arena, &event));
  assert_int_equal(event.type, PEAL_SIO_CONN_ERROR);
  assert_int_equal(event.err, PEAL_ERR_SIO_PACKET);
  assert_false(peal_sio_conn_next(s.conn, &s.arena, &event));
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  /* a dead machine still lets go of its links, without a word */
  assert_int_equal(part(&s, s.link), PEAL_ERR_SIO_PACKET);
  assert_int_equal(links(&s), 0);
  sent(&s, "");
  end(&s);
  /* a verb that has killed it says so, and _next says it too */
  torture memory;
  torture_init(&memory, 0);
  s = (side){.opts = {.mem = &memory.mem}, .on_connect = DO_ACCEPT};
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  memory.fail_at = memory.calls + 1;
  assert_int_equal(part(&s, s.link), PEAL_ERR_NOMEM);
  assert_int_equal(read_all(&s), PEAL_ERR_NOMEM);
  end(&s);
  assert_int_equal(memory.live, 0);
}

/* -- leaving -------------------------------------------------------------------------- */

static void what_crosses_a_servers_goodbye_is_dropped(void **state) {
  side s;
  (void)state;
  open_server(&s);
  assert_int_equal(text(&s, "0/a"), PEAL_OK);
  assert_int_equal(text(&s, "51-/a,[\"x\"]"), PEAL_OK);
  assert_int_equal(part(&s, s.link), PEAL_OK);
  sent(&s, "0/a,{\"sid\":\"x\"} 1/a,");
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "2/a,7[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "3/a,7[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "1/a,"), PEAL_OK); /* two goodbyes crossed */
  told(&s, "connect:/a");
  assert_int_equal(text(&s, "2[\"alive\"]"), PEAL_OK);
  told(&s, "event:/[\"alive\"]");
  /* it knows now */
  assert_int_equal(text(&s, "2/a,[\"x\"]"), PEAL_ERR_SIO_STATE);
  end(&s);
}

static void only_the_latest_goodbyes_are_remembered(void **state) {
  side s;
  char name[16];
  (void)state;
  open_server(&s);
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof name, "0/%d", i);
    assert_int_equal(text(&s, name), PEAL_OK);
    assert_int_equal(part(&s, s.link), PEAL_OK);
    s.sent[0] = '\0';
  }
  assert_int_equal(text(&s, "2/19,[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2/12,[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2/11,[\"x\"]"), PEAL_ERR_SIO_STATE);
  end(&s);
}

static void leaving_in_a_handler_stops_delivery(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_NOTHING;
  s.on_event = DO_LEAVE;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"b\"]"), PEAL_OK);
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  told(&s, "connect:/ event:/[\"a\"]");
  sent(&s, "0 1");
  assert_int_equal(links(&s), 0);
  assert_int_equal(text(&s, "2[\"c\"]"), PEAL_OK);
  told(&s, "");
  end(&s);
}

static void leaving_where_the_peer_has_left_says_nothing(void **state) {
  side s;
  (void)state;
  open_server(&s);
  s.on_disconnect = DO_LEAVE;
  assert_int_equal(text(&s, "1"), PEAL_OK);
  told(&s, "disconnect:/");
  sent(&s, "");
  end(&s);
}

static void freeing_at_any_event_is_the_end(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_FREE;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  told(&s, "connect:/");
  end(&s);

  open_server(&s);
  s.on_event = DO_FREE;
  assert_int_equal(text(&s, "51-[\"a\",{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  told(&s, "event:/[\"a\",\"aGk=\"]");
  end(&s);

  open_server(&s);
  s.on_disconnect = DO_FREE;
  assert_int_equal(text(&s, "1"), PEAL_OK);
  end(&s);

  server(&s);
  s.on_connect = DO_NOTHING;
  s.on_event = DO_FREE;
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"b\"]"), PEAL_OK);
  assert_int_equal(text(&s, "51-[\"c\"]"), PEAL_OK);
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  told(&s, "connect:/ event:/[\"a\"]");
  end(&s);

  client(&s);
  s.on_connect = DO_FREE;
  assert_int_equal(join(&s, "/"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"early\"]"), PEAL_OK);
  assert_int_equal(text(&s, "0{}"), PEAL_OK);
  told(&s, "connect:/{}");
  end(&s);

  client(&s);
  s.on_error = DO_FREE;
  assert_int_equal(join(&s, "/"), PEAL_OK);
  assert_int_equal(text(&s, "4{}"), PEAL_OK);
  end(&s);
}

/* -- client ---------------------------------------------------------------------------- */

static void a_client_joins_talks_and_leaves(void **state) {
  side s;
  (void)state;
  client(&s);
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  peal_pair token = {.key = "token", .value = peal_int(1)};
  assert_int_equal(join_with(&s, PEAL_S("/a"), peal_object(&token, 1)),
                   PEAL_OK);
  peal_sio_link link = s.link;
  assert_ptr_equal(peal_sio_link_user(s.conn, link), &s);
  sent(&s, "0/a,{\"token\":1}");
  assert_int_equal(join(&s, "/a"), PEAL_ERR_EXISTS);
  assert_int_equal(text(&s, "0/a,{\"sid\":\"x\"}"), PEAL_OK);
  assert_true(peal_sio_link_is_connected(s.conn, link));
  assert_int_equal(text(&s, "2/a,[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "3/a,0[\"y\"]"), PEAL_OK);
  told(&s, "connect:/a{\"sid\":\"x\"} event:/a[\"x\"] ack:/a#0[\"y\"]");
  assert_int_equal(part(&s, link), PEAL_OK);
  sent(&s, "1/a,");
  assert_int_equal(links(&s), 0);
  end(&s);
}

static void a_name_that_is_none_is_not_joined(void **state) {
  side s;
  (void)state;
  client(&s);
  assert_int_equal(join(&s, ""), PEAL_ERR_USAGE);
  assert_int_equal(join(&s, "a"), PEAL_ERR_USAGE);
  assert_int_equal(join(&s, "/a,b"), PEAL_ERR_USAGE);
  sent(&s, "");
  end(&s);
}

static void a_client_hears_early_events_behind_its_connect(void **state) {
  side s;
  (void)state;
  client(&s);
  assert_int_equal(join(&s, "/"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"a\"]"), PEAL_OK);
  assert_int_equal(text(&s, "51-[\"b\",{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  told(&s, "");
  assert_int_equal(text(&s, "0{\"sid\":\"x\"}"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"c\"]"), PEAL_OK);
  told(&s, "connect:/{\"sid\":\"x\"} event:/[\"a\"] event:/[\"b\",\"aGk=\"] "
           "event:/[\"c\"]");
  end(&s);
}

static void a_refused_client_may_join_again_in_the_handler(void **state) {
  side s;
  (void)state;
  client(&s);
  s.on_error = DO_REJOIN;
  assert_int_equal(join(&s, "/"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"dropped\"]"), PEAL_OK);
  assert_int_equal(text(&s, "4{\"message\":\"no\"}"), PEAL_OK);
  told(&s, "refused:/{\"message\":\"no\"}");
  sent(&s, "0 0");
  assert_int_equal(text(&s, "0{}"), PEAL_OK);
  told(&s, "connect:/{}");
  s.on_disconnect = DO_REJOIN;
  assert_int_equal(text(&s, "1"), PEAL_OK);
  told(&s, "disconnect:/");
  sent(&s, "0");
  assert_int_equal(links(&s), 1);
  end(&s);
}

/* Both have left, and the client joins anew before it hears of it. */
static void a_goodbye_that_crosses_a_new_connect_is_of_the_old_one(
    void **state) {
  side s;
  (void)state;
  open_client(&s);
  assert_int_equal(join(&s, "/a"), PEAL_OK);
  assert_int_equal(text(&s, "0/a,{}"), PEAL_OK);
  assert_int_equal(part(&s, s.link), PEAL_OK);
  assert_int_equal(join(&s, "/a"), PEAL_OK);
  s.log[0] = '\0';
  assert_int_equal(text(&s, "2/a,[\"old\"]"), PEAL_OK);
  assert_int_equal(text(&s, "1/a,"), PEAL_OK);
  assert_int_equal(text(&s, "2/a,[\"new\"]"), PEAL_OK);
  told(&s, "");
  assert_int_equal(text(&s, "0/a,{}"), PEAL_OK);
  told(&s, "connect:/a{} event:/a[\"new\"]");
  end(&s);
}

static void what_crosses_a_clients_goodbye_is_dropped(void **state) {
  side s;
  (void)state;
  open_client(&s);
  assert_int_equal(join(&s, "/a"), PEAL_OK);
  assert_int_equal(part(&s, s.link), PEAL_OK);
  assert_int_equal(text(&s, "0/a,{}"), PEAL_OK);
  assert_int_equal(text(&s, "2/a,[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "51-/a,[\"x\"]"), PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "4/a,{}"), PEAL_OK);
  assert_int_equal(text(&s, "1/a"), PEAL_OK);
  told(&s, "");
  assert_int_equal(text(&s, "2[\"alive\"]"), PEAL_OK);
  told(&s, "event:/[\"alive\"]");
  end(&s);
}

static void a_half_packet_of_a_former_membership_is_dropped(void **state) {
  side s;
  (void)state;
  open_client(&s);
  assert_int_equal(text(&s, "51-[\"old\"]"), PEAL_OK);
  assert_int_equal(part(&s, peal_sio_link_next(s.conn, 0)), PEAL_OK);
  assert_int_equal(join(&s, "/"), PEAL_OK);
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "0{}"), PEAL_OK);
  told(&s, "connect:/{}");
  end(&s);
}

static void answers_out_of_place_kill_a_client(void **state) {
  side s;
  (void)state;
  for (int i = 0; i < 2; i++) {
    open_client(&s);
    assert_int_equal(text(&s, i ? "4{}" : "0{}"), PEAL_ERR_SIO_STATE);
    assert_int_equal(join(&s, "/b"), PEAL_ERR_SIO_STATE);
    end(&s);
  }
}

/* -- time ------------------------------------------------------------------------------- */

static void who_joins_nothing_in_time_is_given_up(void **state) {
  side s;
  (void)state;
  server(&s);
  s.on_connect = DO_NOTHING;
  assert_int_equal(peal_sio_conn_deadline(s.conn), 46000);
  assert_int_equal(text(&s, "0"), PEAL_OK); /* asked, not accepted */
  assert_int_equal(peal_sio_conn_tick(s.conn, 45999), PEAL_OK);
  assert_int_equal(peal_sio_conn_tick(s.conn, 46000), PEAL_ERR_TIMEOUT);
  end(&s);
  open_server(&s);
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  assert_int_equal(text(&s, "1"), PEAL_OK);
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  assert_int_equal(peal_sio_conn_tick(s.conn, NEVER - 1), PEAL_OK);
  end(&s);
}

/* -- every event in every state ------------------------------------------------------- */

static void every_event_is_survived_in_every_state(void **state) {
  static const char *const events[] = {
      "0",           "0/a",           "1",       "1/a",          "2[\"e\"]",
      "2/a,[\"e\"]", "31[]",          "3/a,1[]", "4{}",          "4/a,{}",
      "52-[\"e\"]",  "51-/a,[\"e\"]", "9",       "2/zz,[\"e\"]", "binary"};

  enum { COUNT = sizeof events / sizeof *events };

  (void)state;
  for (int role = 0; role < 2; role++) {
    for (int one = 0; one < COUNT * COUNT; one++) {
      for (int acts = 0; acts < 12; acts++) {
        side s = {.opts = {.client = role == 1}};
        static const act servers[] = {DO_NOTHING, DO_ACCEPT, DO_REFUSE,
                                      DO_FREE};
        s.on_connect =
            role ? (acts & 1 ? DO_LEAVE : DO_NOTHING) : servers[acts & 3];
        s.on_event = acts / 4 ? DO_LEAVE : DO_NOTHING;
        s.on_disconnect = acts / 4 == 2 ? DO_FREE : DO_LEAVE;
        s.on_error = role && acts / 4 == 1 ? DO_REJOIN : DO_NOTHING;
        assert_true(begin(&s));
        const char *script[] = {"0", events[one % COUNT], events[one / COUNT],
                                "0/a", "2/a,[\"x\"]"};
        if (role) {
          assert_int_equal(join(&s, "/"), PEAL_OK);
          assert_int_equal(join(&s, "/a"), PEAL_OK);
        }
        peal_err err = PEAL_OK;
        for (int i = 0; i < 5 && !s.freed; i++) {
          bool binary = script[i][0] == 'b';
          peal_err now = feed(&s, binary, script[i]);
          assert_true(!err || now == err); /* it stays */
          err = now;
        }
        end(&s);
      }
    }
  }
}

/* -- many namespaces, and what they cost --------------------------------------------------- */

static void name_number(char name[16], unsigned number) {
  snprintf(name, 16, "0/n%u", number);
}

static void a_thousand_namespaces_are_joined_used_and_left(void **state) {
  side s;
  char name[16], words[32];
  (void)state;
  server(&s);
  for (unsigned i = 0; i < 1000; i++) {
    name_number(name, i);
    assert_int_equal(text(&s, name), PEAL_OK);
    s.log[0] = s.sent[0] = '\0';
  }
  assert_int_equal(links(&s), 1000);
  size_t used = s.account.used;
  assert_true(used > 1000 * 64 && used < 1000 * 512);
  assert_int_equal(text(&s, "0/one-more"), PEAL_OK);
  sent(&s, "4/one-more,{\"message\":\"Too many namespaces\"}");
  for (unsigned i = 0; i < 1000; i += 37) {
    snprintf(words, sizeof words, "2/n%u,[%u]", i, i);
    assert_int_equal(text(&s, words), PEAL_OK);
    snprintf(words, sizeof words, "event:/n%u[\"%u\"]", i, i);
    told(&s, words);
  }
  /* A walk goes on where it was, whatever ends on the way. */
  unsigned left = 0;
  for (peal_sio_link link = peal_sio_link_next(s.conn, 0); link;
       link = peal_sio_link_next(s.conn, link)) {
    if (left++ % 2)
      continue;
    peal_message *out;
    assert_int_equal(peal_sio_conn_part(s.conn, link, &out), PEAL_OK);
    peal_message_unref(out);
  }
  assert_int_equal(left, 1000);
  assert_int_equal(links(&s), 500);
  step(&s);
  for (unsigned i = 0; i < 1000; i++) {
    name_number(name, i);
    name[0] = '1';
    peal_err err = text(&s, name);
    if (err) /* was sent away longer ago than is remembered */
      break;
  }
  end(&s);
}

static void who_leaves_everything_owns_nothing(void **state) {
  side s;
  char name[16];
  (void)state;
  client(&s);
  peal_sio_link all[50];
  for (unsigned round = 0; round < 3; round++) {
    for (unsigned i = 0; i < 50; i++) {
      name_number(name, i);
      assert_int_equal(join(&s, name + 1), PEAL_OK);
      s.sent[0] = '\0';
      all[i] = s.link;
    }
    for (unsigned i = 0; i < 50; i++) {
      assert_int_equal(part(&s, all[(i * 7) % 50]), PEAL_OK);
      s.sent[0] = '\0';
    }
    assert_int_equal(links(&s), 0);
    assert_int_equal(s.account.used, 0);
  }
  end(&s);
}

static void an_account_without_room_refuses_requests_and_packets(void **state) {
  side s = {.on_connect = DO_NOTHING};
  (void)state;
  s.account.max = 1000;
  assert_true(begin(&s));
  char name[16];
  unsigned joined = 0;
  for (; joined < 20 && !s.sent[0]; joined++) {
    name_number(name, joined);
    assert_int_equal(text(&s, name), PEAL_OK);
  }
  assert_true(joined > 2 && joined < 20);
  assert_non_null(strstr(s.sent, "{\"message\":\"a limit was reached\"}"));
  assert_int_equal(links(&s), joined - 1);
  assert_true(s.account.used <= 1000);
  s.log[0] = s.sent[0] = '\0';
  /* "/" costs nothing, what is held for it does */
  assert_int_equal(text(&s, "0"), PEAL_OK);
  peal_err err = PEAL_OK;
  for (int i = 0; i < 100 && !err; i++)
    err = text(&s, "2[\"a\"]");
  assert_int_equal(err, PEAL_ERR_LIMIT);
  end(&s);
}

static void the_common_account_is_asked_too(void **state) {
  side s = {.on_connect = DO_ACCEPT};
  peal_account_server all;
  peal_account_worker worker;
  (void)state;
  peal_account_server_init(&all, PEAL_ACCOUNT_STEP_BYTES);
  peal_account_worker_init(&worker, &all);
  s.account.worker = &worker;
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  char *big = malloc(200001);
  assert_non_null(big);
  memset(big, 'x', 200000);
  big[200000] = '\0';
  assert_int_equal(text(&s, "52-[\"a\"]"), PEAL_OK);
  assert_int_equal(feed(&s, true, big), PEAL_OK);
  assert_int_equal(feed(&s, true, big), PEAL_ERR_NOMEM);
  free(big);
  end(&s);
  peal_account_worker_deinit(&worker);
  assert_int_equal(atomic_load(&all.granted), 0);
}

/* -- memory ------------------------------------------------------------------------------ */

static void an_idle_connection_owns_no_buffers(void **state) {
  torture memory;
  (void)state;
  torture_init(&memory, 0);
  side s = {.opts = {.mem = &memory.mem}, .on_connect = DO_ACCEPT};
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  peal_arena_deinit(&s.arena);
  assert_int_equal(memory.live, 1); /* itself, with its namespace */
  assert_true(memory.bytes <= 96);
  assert_int_equal(s.account.used, 0);
  peal_arena_init(&s.arena, &memory.mem, 0, 0);
  end(&s);
  assert_int_equal(memory.live, 0);
}

static void a_goodbye_without_memory_is_told_to_the_owner(void **state) {
  torture memory;
  (void)state;
  torture_init(&memory, 0);
  side s = {.opts = {.mem = &memory.mem}, .on_connect = DO_ACCEPT};
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  memory.fail_at = memory.calls + 1;
  assert_int_equal(part(&s, s.link), PEAL_ERR_NOMEM);
  assert_int_equal(links(&s), 0);
  assert_int_equal(peal_sio_conn_deadline(s.conn), 0);
  assert_int_equal(peal_sio_conn_tick(s.conn, s.now), PEAL_ERR_NOMEM);
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  end(&s);
  assert_int_equal(memory.live, 0);
}

/* -- Socket.IO 2 (reference 3.6) ---------------------------------------------- */

static void sio2_server(side *s) {
  server(s);
  peal_sio_conn_speak_sio2(s->conn);
  peal_sio_conn_owe_root(s->conn);
  assert_int_equal(read_all(s), PEAL_OK);
}

static void sio2_client(side *s) {
  *s = (side){.opts = {.client = true, .sio2 = true}};
  assert_true(begin(s));
}

static void a_client_of_version_2_is_in_the_root_unasked(void **state) {
  side s;
  (void)state;
  sio2_server(&s);
  told(&s, "connect:/");
  sent(&s, "0");
  assert_int_equal(text(&s, "20[\"a\"]"), PEAL_OK);
  told(&s, "event:/#0[\"a\"]");
  /* As one of protocol 5 asks. */
  assert_int_equal(text(&s, "0/"), PEAL_OK);
  told(&s, "");
  assert_int_equal(text(&s, "1"), PEAL_OK);
  told(&s, "disconnect:/");
  assert_int_equal(text(&s, "0"), PEAL_OK);
  told(&s, "connect:/");
  sent(&s, "0");
  end(&s);
}

static void a_root_that_waits_is_not_asked_for_twice(void **state) {
  side s = {0};
  (void)state;
  assert_true(begin(&s));
  peal_sio_conn_speak_sio2(s.conn);
  peal_sio_conn_owe_root(s.conn);
  assert_int_equal(read_all(&s), PEAL_OK);
  told(&s, "connect:/");
  assert_int_equal(text(&s, "0/"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"early\"]"), PEAL_OK);
  told(&s, "");
  assert_int_equal(accept_link(&s, s.link, peal_undefined()), PEAL_OK);
  assert_int_equal(deliver(&s, s.link), PEAL_OK);
  told(&s, "event:/[\"early\"]");
  sent(&s, "0");
  end(&s);
}

static void a_query_is_the_auth_of_version_2(void **state) {
  side s;
  (void)state;
  sio2_server(&s);
  told(&s, "connect:/");
  sent(&s, "0");
  assert_int_equal(text(&s, "0/a?x=1&y%20z=%E2%82%AC+&x=2,"), PEAL_OK);
  assert_int_equal(text(&s, "0/b,"), PEAL_OK);
  assert_int_equal(text(&s, "0/c?"), PEAL_OK);
  assert_int_equal(text(&s, "2/a?x,[\"a\"]"), PEAL_OK);
  told(&s, "connect:/a{\"x\":\"1\",\"y z\":\"\xe2\x82\xac \",\"x\":\"2\"} "
           "connect:/b connect:/c event:/a[\"a\"]");
  sent(&s, "0/a, 0/b, 0/c,");
  /* What is no query there is none here either. */
  assert_int_equal(text(&s, "0/d,{\"x\":1}"), PEAL_OK);
  told(&s, "connect:/d");
  end(&s);
}

static void a_query_of_too_many_parameters_ends_it(void **state) {
  side s;
  (void)state;
  for (int more = 0; more < 2; more++) {
    char words[2048] = "0/a?";
    sio2_server(&s);
    for (int i = 0; i < 256 + more; i++)
      strcat(words, i ? "&a" : "a");
    assert_int_equal(text(&s, words), more ? PEAL_ERR_LIMIT : PEAL_OK);
    end(&s);
  }
}

static void a_client_of_version_2_waits_for_the_root(void **state) {
  side s;
  (void)state;
  sio2_client(&s);
  assert_int_equal(join(&s, "/"), PEAL_OK);
  sent(&s, "");
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "0"), PEAL_OK); /* again: nothing */
  told(&s, "connect:/");
  assert_int_equal(part(&s, s.link), PEAL_OK);
  sent(&s, "1");
  assert_int_equal(join(&s, "/"), PEAL_OK); /* it does not come again */
  sent(&s, "0");
  assert_int_equal(text(&s, "4\"no\""), PEAL_OK);
  told(&s, "refused:/\"no\"");
  end(&s);
}

static void who_comes_late_to_the_root_has_it(void **state) {
  side s;
  (void)state;
  sio2_client(&s);
  peal_pair pairs[] = {{.key = "a b", .value = peal_str("1&2")},
                       {.key = "n", .value = peal_int(3)},
                       {.key = "o", .value = peal_bool(true)}};
  assert_int_equal(join_with(&s, PEAL_S("/a"), peal_object(pairs, 3)), PEAL_OK);
  sent(&s, "0/a?a%20b=1%262&n=3&o=true,");
  assert_int_equal(text(&s, "0"), PEAL_OK);
  assert_int_equal(text(&s, "0/a,"), PEAL_OK);
  told(&s, "connect:/a");
  assert_int_equal(join(&s, "/"), PEAL_OK);
  sent(&s, "");
  told(&s, "");
  assert_int_equal(read_all(&s), PEAL_OK);
  told(&s, "connect:/");
  assert_int_equal(text(&s, "1"), PEAL_OK);
  told(&s, "disconnect:/");
  assert_int_equal(join(&s, "/"), PEAL_OK);
  sent(&s, "0");
  end(&s);
}

static peal_err serve_sio2(const peal_mem *mem, void *user) {
  side s = {.opts = {.mem = mem}};
  peal_err err = begin(&s) ? PEAL_OK : PEAL_ERR_NOMEM;
  (void)user;
  if (!err) {
    peal_sio_conn_speak_sio2(s.conn);
    peal_sio_conn_owe_root(s.conn);
    err = read_all(&s);
  }
  if (!err)
    err = text(&s, "0/a?x=%20,");
  if (!err && s.sent[0]) /* the request was refused, the session lives */
    err = PEAL_ERR_NOMEM;
  end(&s);
  return err;
}

static peal_err visit_sio2(const peal_mem *mem, void *user) {
  side s = {.opts = {.client = true, .sio2 = true, .mem = mem}};
  peal_pair pair = {.key = "x", .value = peal_int(1)};
  peal_err err = begin(&s) ? PEAL_OK : PEAL_ERR_NOMEM;
  (void)user;
  if (!err)
    err = join(&s, "/");
  if (!err)
    err = join_with(&s, PEAL_S("/a"), peal_object(&pair, 1));
  end(&s);
  return err;
}

/* -- memory -------------------------------------------------------------------- */

static peal_err serve(const peal_mem *mem, void *user) {
  side s = {.opts = {.mem = mem}};
  static const char *const script[] = {"0/a", "2/a,[\"a\",{\"b\":[1,2]}]",
                                       "51-/a,[\"b\"]", "binary"};
  peal_err err = begin(&s) ? PEAL_OK : PEAL_ERR_NOMEM;
  (void)user;
  for (int i = 0; i < 4 && !err; i++) {
    err = feed(&s, script[i][0] == 'b', script[i]);
    if (!err && s.sent[0]) /* the request was refused, the session lives */
      err = PEAL_ERR_NOMEM;
  }
  if (!err)
    err = accept_link(&s, s.link, peal_undefined());
  if (!err)
    err = deliver(&s, s.link);
  if (!err)
    err = part(&s, s.link);
  end(&s);
  return err;
}

static peal_err visit(const peal_mem *mem, void *user) {
  side s = {.opts = {.client = true, .mem = mem}};
  peal_err err = begin(&s) ? PEAL_OK : PEAL_ERR_NOMEM;
  (void)user;
  if (!err)
    err = join(&s, "/a");
  static const char *const script[] = {"2/a,[\"a\"]", "0/a,{\"sid\":\"x\"}",
                                       "51-/a,[\"b\"]", "binary"};
  for (int i = 0; i < 4 && !err; i++)
    err = feed(&s, script[i][0] == 'b', script[i]);
  end(&s);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(serve, NULL, false, NULL));
  assert_true(torture_run(visit, NULL, false, NULL));
  assert_true(torture_run(serve_sio2, NULL, false, NULL));
  assert_true(torture_run(visit_sio2, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong_packets_kill_a_server),
      cmocka_unit_test(events_and_acks_are_told_with_their_ids),
      cmocka_unit_test(namespaces_are_joined_left_and_joined_again),
      cmocka_unit_test(there_are_only_so_many_namespaces),
      cmocka_unit_test(a_name_that_is_too_long_is_refused),
      cmocka_unit_test(attachments_are_put_in_place),
      cmocka_unit_test(attachments_out_of_order_kill),
      cmocka_unit_test(attachments_must_come_in_time),
      cmocka_unit_test(a_packet_and_its_attachments_have_a_ceiling),
      cmocka_unit_test(early_events_are_held_and_delivered_in_order),
      cmocka_unit_test(a_pause_holds_events_and_lets_acknowledgements_pass),
      cmocka_unit_test(a_pause_while_held_events_are_told_keeps_their_order),
      cmocka_unit_test(what_is_held_has_a_ceiling),
      cmocka_unit_test(many_held_events_cost_no_more_than_a_few),
      cmocka_unit_test(held_packets_that_are_no_events_leave_no_memory),
      cmocka_unit_test(a_wrong_held_packet_kills_at_its_turn),
      cmocka_unit_test(a_refusal_drops_what_was_held),
      cmocka_unit_test(refusing_in_on_connect_is_allowed),
      cmocka_unit_test(a_peer_may_leave_before_it_was_accepted),
      cmocka_unit_test(a_second_connect_while_the_first_waits_starts_anew),
      cmocka_unit_test(verbs_in_any_order_are_guarded),
      cmocka_unit_test(one_message_is_used_up_before_the_next),
      cmocka_unit_test(an_error_is_told_once),
      cmocka_unit_test(what_crosses_a_servers_goodbye_is_dropped),
      cmocka_unit_test(only_the_latest_goodbyes_are_remembered),
      cmocka_unit_test(leaving_in_a_handler_stops_delivery),
      cmocka_unit_test(leaving_where_the_peer_has_left_says_nothing),
      cmocka_unit_test(freeing_at_any_event_is_the_end),
      cmocka_unit_test(a_client_joins_talks_and_leaves),
      cmocka_unit_test(a_name_that_is_none_is_not_joined),
      cmocka_unit_test(a_client_hears_early_events_behind_its_connect),
      cmocka_unit_test(a_refused_client_may_join_again_in_the_handler),
      cmocka_unit_test(a_goodbye_that_crosses_a_new_connect_is_of_the_old_one),
      cmocka_unit_test(what_crosses_a_clients_goodbye_is_dropped),
      cmocka_unit_test(a_half_packet_of_a_former_membership_is_dropped),
      cmocka_unit_test(answers_out_of_place_kill_a_client),
      cmocka_unit_test(who_joins_nothing_in_time_is_given_up),
      cmocka_unit_test(every_event_is_survived_in_every_state),
      cmocka_unit_test(a_thousand_namespaces_are_joined_used_and_left),
      cmocka_unit_test(who_leaves_everything_owns_nothing),
      cmocka_unit_test(an_account_without_room_refuses_requests_and_packets),
      cmocka_unit_test(the_common_account_is_asked_too),
      cmocka_unit_test(an_idle_connection_owns_no_buffers),
      cmocka_unit_test(a_goodbye_without_memory_is_told_to_the_owner),
      cmocka_unit_test(a_client_of_version_2_is_in_the_root_unasked),
      cmocka_unit_test(a_root_that_waits_is_not_asked_for_twice),
      cmocka_unit_test(a_query_is_the_auth_of_version_2),
      cmocka_unit_test(a_query_of_too_many_parameters_ends_it),
      cmocka_unit_test(a_client_of_version_2_waits_for_the_root),
      cmocka_unit_test(who_comes_late_to_the_root_has_it),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("sio_conn", tests, NULL, NULL);
}
