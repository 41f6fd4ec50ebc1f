/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
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
  DO_REJOIN,
  DO_FREE
} act;

typedef struct side {
  peal_sio_conn *conn;
  peal_sio_conn_opts opts;
  peal_arena arena;
  uint64_t now;
  char log[4096];
  char sent[1024];
  peal_sio_link *link; /* of the last on_connect or join */
  act on_connect, on_event, on_disconnect, on_error;
  bool freed;
} side;

static void append(char *log, size_t cap, peal_slice words) {
  size_t len = strlen(log);
  assert_true(len + words.len + 2 < cap);
  if (len)
    log[len++] = ' ';
  if (words.len)
    memcpy(log + len, words.ptr, words.len);
  log[len + words.len] = '\0';
}

/* "event /nsp#id [json]" */
static void say(side *s, const char *word, peal_sio_link *link,
                const peal_sio_packet *packet, peal_val data) {
  assert_false(s->freed);
  char line[2048];
  peal_slice nsp = peal_sio_link_nsp(link);
  int len = snprintf(line, sizeof line, "%s:%.*s", word, (int)nsp.len, nsp.ptr);
  if (packet && packet->has_id)
    len += snprintf(line + len, sizeof line - (size_t)len, "#%llu",
                    (unsigned long long)packet->id);
  peal_buf json;
  peal_buf_init(&json, NULL, 0);
  if (!peal_val_is(data, PEAL_UNDEFINED))
    peal_json_encode(&json, data, NULL);
  assert_int_equal(json.err, PEAL_OK);
  len += snprintf(line + len, sizeof line - (size_t)len, "%.*s", (int)json.len,
                  json.len ? json.ptr : "");
  peal_buf_deinit(&json);
  append(s->log, sizeof s->log, (peal_slice){line, (size_t)len});
}

static void do_act(side *s, peal_sio_link *link, act what) {
  peal_pair sid = {.key = "sid", .value = peal_str("x")};
  switch (what) {
  case DO_NOTHING:
    break;
  case DO_ACCEPT:
    assert_int_equal(peal_sio_conn_accept(s->conn, link, peal_object(&sid, 1)),
                     PEAL_OK);
    assert_int_equal(peal_sio_conn_deliver(s->conn, link, &s->arena), PEAL_OK);
    break;
  case DO_REFUSE:
    sid = (peal_pair){.key = "message", .value = peal_str("no")};
    peal_sio_conn_refuse(s->conn, link, peal_object(&sid, 1));
    break;
  case DO_LEAVE:
    peal_sio_conn_leave(s->conn, link);
    break;
  case DO_REJOIN:
    s->link = peal_sio_conn_join(s->conn, peal_sio_link_nsp(link),
                                 peal_undefined(), NULL);
    assert_non_null(s->link);
    break;
  case DO_FREE:
    peal_sio_conn_free(s->conn);
    s->freed = true;
    break;
  }
}

static void on_send(peal_sio_conn *conn, peal_bytes *text, void *user) {
  side *s = user;
  (void)conn;
  assert_false(s->freed);
  append(s->sent, sizeof s->sent, peal_bytes_slice(text));
  peal_bytes_unref(text);
}

static void on_connect(peal_sio_conn *conn, peal_sio_link *link, peal_val auth,
                       void *user) {
  side *s = user;
  assert_ptr_equal(conn, s->conn);
  say(s, "connect", link, NULL, auth);
  s->link = link;
  do_act(s, link, s->on_connect);
}

static void on_connect_error(peal_sio_conn *conn, peal_sio_link *link,
                             peal_val data, void *user) {
  side *s = user;
  assert_ptr_equal(conn, s->conn);
  say(s, "refused", link, NULL, data);
  do_act(s, link, s->on_error);
}

static void on_disconnect(peal_sio_conn *conn, peal_sio_link *link,
                          void *user) {
  side *s = user;
  assert_ptr_equal(conn, s->conn);
  say(s, "disconnect", link, NULL, peal_undefined());
  do_act(s, link, s->on_disconnect);
}

static void on_event(peal_sio_conn *conn, peal_sio_link *link,
                     const peal_sio_packet *packet, void *user) {
  side *s = user;
  assert_ptr_equal(conn, s->conn);
  assert_true(peal_sio_link_is_connected(link));
  say(s, "event", link, packet, packet->data);
  do_act(s, link, s->on_event);
}

static void on_ack(peal_sio_conn *conn, peal_sio_link *link,
                   const peal_sio_packet *packet, void *user) {
  side *s = user;
  assert_ptr_equal(conn, s->conn);
  say(s, "ack", link, packet, packet->data);
}

static const peal_sio_conn_callbacks callbacks = {
    on_send, on_connect, on_connect_error, on_disconnect, on_event, on_ack};

static bool begin(side *s) {
  peal_arena_init(&s->arena, s->opts.mem, 0, 0);
  s->now = 1000;
  s->conn = peal_sio_conn_new(&s->opts, &callbacks, s, s->now);
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

static void end(side *s) {
  if (!s->freed)
    peal_sio_conn_free(s->conn);
  peal_arena_deinit(&s->arena);
}

static peal_err feed(side *s, bool binary, const char *words) {
  size_t len = strlen(words);
  char *copy = malloc(len ? len : 1);
  assert_non_null(copy);
  if (len)
    memcpy(copy, words, len);
  peal_err err = peal_sio_conn_feed(s->conn, binary, (peal_slice){copy, len},
                                    &s->arena, s->now);
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

static peal_sio_link *join(side *s, const char *nsp) {
  s->link =
      peal_sio_conn_join(s->conn, peal_slice_of(nsp), peal_undefined(), s);
  return s->link;
}

static void open_server(side *s) {
  server(s);
  assert_int_equal(text(s, "0"), PEAL_OK);
  told(s, "connect:/");
  sent(s, "0{\"sid\":\"x\"}");
}

static void open_client(side *s) {
  client(s);
  assert_non_null(join(s, "/"));
  sent(s, "0");
  assert_int_equal(text(s, "0{\"sid\":\"x\"}"), PEAL_OK);
  told(s, "connect:/{\"sid\":\"x\"}");
}

static unsigned links(const side *s) {
  unsigned count = 0;
  for (peal_sio_link *link = peal_sio_conn_next(s->conn, NULL); link;
       link = peal_sio_conn_next(s->conn, link))
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
  told(&s, "event:/[\"a\",1,{\"b\":null}] event:/#7[5,\"x\"] ack:/#12[] "
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
  assert_int_equal(text(&s, "0/c"), PEAL_ERR_LIMIT);
  end(&s);
  char name[PEAL_LIMIT_SIO_NSP_BYTES + 8] = "0/";
  memset(name + 2, 'a', PEAL_LIMIT_SIO_NSP_BYTES - 1);
  server(&s);
  assert_int_equal(text(&s, name), PEAL_OK);
  strcat(name, "b");
  assert_int_equal(text(&s, name), PEAL_ERR_LIMIT);
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
  assert_false(peal_sio_link_is_connected(s.link));
  assert_int_equal(peal_sio_conn_accept(s.conn, s.link, peal_undefined()),
                   PEAL_OK);
  sent(&s, "0");
  assert_int_equal(text(&s, "2[\"d\"]"), PEAL_OK);
  told(&s, "");
  /* a header here, its attachment behind the delivery */
  assert_int_equal(text(&s, "51-[\"e\",{\"_placeholder\":true,\"num\":0}]"),
                   PEAL_OK);
  assert_int_equal(peal_sio_conn_deliver(s.conn, s.link, &s.arena), PEAL_OK);
  told(&s, "event:/[\"a\"] event:/[\"b\",\"aGk=\"] ack:/#1[\"c\"] "
           "event:/[\"d\"]");
  assert_int_equal(feed(&s, true, "hi"), PEAL_OK);
  assert_int_equal(text(&s, "2[\"f\"]"), PEAL_OK);
  told(&s, "event:/[\"e\",\"aGk=\"] event:/[\"f\"]");
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
  assert_int_equal(peal_sio_conn_accept(s.conn, s.link, peal_undefined()),
                   PEAL_ERR_LIMIT);
  assert_int_equal(peal_sio_conn_deliver(s.conn, s.link, &s.arena),
                   PEAL_ERR_LIMIT);
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
  peal_sio_conn_refuse(s.conn, s.link, peal_undefined());
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
  assert_int_equal(peal_sio_conn_accept(s.conn, s.link, peal_undefined()),
                   PEAL_OK);
  assert_int_equal(peal_sio_conn_deliver(s.conn, s.link, &s.arena),
                   PEAL_ERR_SIO_ATTACHMENTS);
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
  do_act(&s, s.link, DO_REFUSE);
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

/* -- leaving -------------------------------------------------------------------------- */

static void what_crosses_a_servers_goodbye_is_dropped(void **state) {
  side s;
  (void)state;
  open_server(&s);
  assert_int_equal(text(&s, "0/a"), PEAL_OK);
  assert_int_equal(text(&s, "51-/a,[\"x\"]"), PEAL_OK);
  peal_sio_conn_leave(s.conn, s.link);
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
    peal_sio_conn_leave(s.conn, s.link);
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
  do_act(&s, s.link, DO_ACCEPT);
  told(&s, "connect:/ event:/[\"a\"]");
  sent(&s, "0{\"sid\":\"x\"} 1");
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

static void freeing_in_any_callback_ends_all_callbacks(void **state) {
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
  do_act(&s, s.link, DO_ACCEPT);
  told(&s, "connect:/ event:/[\"a\"]");
  end(&s);

  client(&s);
  s.on_connect = DO_FREE;
  assert_non_null(join(&s, "/"));
  assert_int_equal(text(&s, "2[\"early\"]"), PEAL_OK);
  assert_int_equal(text(&s, "0{}"), PEAL_OK);
  told(&s, "connect:/{}");
  end(&s);

  client(&s);
  s.on_error = DO_FREE;
  assert_non_null(join(&s, "/"));
  assert_int_equal(text(&s, "4{}"), PEAL_OK);
  end(&s);
  peal_sio_conn_free(NULL);
}

/* -- client ---------------------------------------------------------------------------- */

static void a_client_joins_talks_and_leaves(void **state) {
  side s;
  (void)state;
  client(&s);
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  peal_pair token = {.key = "token", .value = peal_int(1)};
  peal_sio_link *link =
      peal_sio_conn_join(s.conn, PEAL_S("/a"), peal_object(&token, 1), &s);
  assert_non_null(link);
  assert_ptr_equal(peal_sio_link_user(link), &s);
  sent(&s, "0/a,{\"token\":1}");
  assert_null(peal_sio_conn_join(s.conn, PEAL_S("/a"), peal_undefined(), &s));
  assert_int_equal(text(&s, "0/a,{\"sid\":\"x\"}"), PEAL_OK);
  assert_true(peal_sio_link_is_connected(link));
  assert_int_equal(text(&s, "2/a,[\"x\"]"), PEAL_OK);
  assert_int_equal(text(&s, "3/a,0[\"y\"]"), PEAL_OK);
  told(&s, "connect:/a{\"sid\":\"x\"} event:/a[\"x\"] ack:/a#0[\"y\"]");
  peal_sio_conn_leave(s.conn, link);
  sent(&s, "1/a,");
  assert_int_equal(links(&s), 0);
  end(&s);
}

static void a_name_that_is_none_is_not_joined(void **state) {
  side s;
  (void)state;
  client(&s);
  assert_null(join(&s, ""));
  assert_null(join(&s, "a"));
  assert_null(join(&s, "/a,b"));
  sent(&s, "");
  end(&s);
}

static void a_client_hears_early_events_behind_its_connect(void **state) {
  side s;
  (void)state;
  client(&s);
  assert_non_null(join(&s, "/"));
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
  assert_non_null(join(&s, "/"));
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

static void what_crosses_a_clients_goodbye_is_dropped(void **state) {
  side s;
  (void)state;
  open_client(&s);
  assert_non_null(join(&s, "/a"));
  peal_sio_conn_leave(s.conn, s.link);
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
  peal_sio_conn_leave(s.conn, peal_sio_conn_next(s.conn, NULL));
  assert_non_null(join(&s, "/"));
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
    assert_null(join(&s, "/b"));
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
          assert_non_null(join(&s, "/"));
          assert_non_null(join(&s, "/a"));
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

/* -- memory ------------------------------------------------------------------------------ */

static void an_idle_connection_owns_no_buffers(void **state) {
  torture memory;
  (void)state;
  torture_init(&memory, 0);
  side s = {.opts = {.mem = &memory.mem}, .on_connect = DO_ACCEPT};
  assert_true(begin(&s));
  assert_int_equal(text(&s, "0"), PEAL_OK);
  peal_arena_deinit(&s.arena);
  assert_int_equal(memory.live, 2); /* itself and its namespace */
  assert_true(memory.bytes <= 256);
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
  peal_sio_conn_leave(s.conn, s.link);
  assert_int_equal(links(&s), 0);
  assert_int_equal(peal_sio_conn_deadline(s.conn), 0);
  assert_int_equal(peal_sio_conn_tick(s.conn, s.now), PEAL_ERR_NOMEM);
  assert_int_equal(peal_sio_conn_deadline(s.conn), NEVER);
  end(&s);
  assert_int_equal(memory.live, 0);
}

static peal_err serve(const peal_mem *mem, void *user) {
  side s = {.opts = {.mem = mem}};
  static const char *const script[] = {"0", "2[\"a\",{\"b\":[1,2]}]",
                                       "51-[\"b\"]", "binary"};
  peal_err err = begin(&s) ? PEAL_OK : PEAL_ERR_NOMEM;
  (void)user;
  for (int i = 0; i < 4 && !err; i++)
    err = feed(&s, script[i][0] == 'b', script[i]);
  if (!err)
    err = peal_sio_conn_accept(s.conn, s.link, peal_undefined());
  if (!err)
    err = peal_sio_conn_deliver(s.conn, s.link, &s.arena);
  if (!err) {
    peal_sio_conn_leave(s.conn, s.link);
    err = peal_sio_conn_tick(s.conn, s.now);
  }
  end(&s);
  return err;
}

static peal_err visit(const peal_mem *mem, void *user) {
  side s = {.opts = {.client = true, .mem = mem}};
  peal_err err = begin(&s) ? PEAL_OK : PEAL_ERR_NOMEM;
  (void)user;
  if (!err && !join(&s, "/a"))
    err = PEAL_ERR_NOMEM;
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
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong_packets_kill_a_server),
      cmocka_unit_test(events_and_acks_are_told_with_their_ids),
      cmocka_unit_test(namespaces_are_joined_left_and_joined_again),
      cmocka_unit_test(there_are_only_so_many_namespaces),
      cmocka_unit_test(attachments_are_put_in_place),
      cmocka_unit_test(attachments_out_of_order_kill),
      cmocka_unit_test(attachments_must_come_in_time),
      cmocka_unit_test(a_packet_and_its_attachments_have_a_ceiling),
      cmocka_unit_test(early_events_are_held_and_delivered_in_order),
      cmocka_unit_test(what_is_held_has_a_ceiling),
      cmocka_unit_test(many_held_events_cost_no_more_than_a_few),
      cmocka_unit_test(a_wrong_held_packet_kills_at_its_turn),
      cmocka_unit_test(a_refusal_drops_what_was_held),
      cmocka_unit_test(refusing_in_on_connect_is_allowed),
      cmocka_unit_test(a_peer_may_leave_before_it_was_accepted),
      cmocka_unit_test(what_crosses_a_servers_goodbye_is_dropped),
      cmocka_unit_test(only_the_latest_goodbyes_are_remembered),
      cmocka_unit_test(leaving_in_a_handler_stops_delivery),
      cmocka_unit_test(leaving_where_the_peer_has_left_says_nothing),
      cmocka_unit_test(freeing_in_any_callback_ends_all_callbacks),
      cmocka_unit_test(a_client_joins_talks_and_leaves),
      cmocka_unit_test(a_name_that_is_none_is_not_joined),
      cmocka_unit_test(a_client_hears_early_events_behind_its_connect),
      cmocka_unit_test(a_refused_client_may_join_again_in_the_handler),
      cmocka_unit_test(what_crosses_a_clients_goodbye_is_dropped),
      cmocka_unit_test(a_half_packet_of_a_former_membership_is_dropped),
      cmocka_unit_test(answers_out_of_place_kill_a_client),
      cmocka_unit_test(who_joins_nothing_in_time_is_given_up),
      cmocka_unit_test(every_event_is_survived_in_every_state),
      cmocka_unit_test(an_idle_connection_owns_no_buffers),
      cmocka_unit_test(a_goodbye_without_memory_is_told_to_the_owner),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("sio_conn", tests, NULL, NULL);
}
