/* SPDX-License-Identifier: MIT */
#include "../net/dial_fixture.h"
#include "base/mem.h"
#include "cluster/redis_conn.h"

/* One connection to a server that says what a real one does not. */

#define INFO_7 "$22\r\nredis_version:7.0.15\r\n\r\n"

typedef struct lone {
  net_fixture net;
  peal_worker *worker;
  dial_peer peer;
  peal_redis_how how;
  peal_redis_conn *conn;
  atomic_int ready, closed, answers, pushes;
  peal_err close_err, answer_err;
  char words[320], said[4096];
  bool close_when_ready, close_at_answer, close_at_push, fail_at_answer;
} lone;

/* What the server says, and to how many commands it waits before each. */
typedef struct line {
  const char *hears; /* the end of what it waits for; NULL: nothing more */
  const char *says;
  bool slowly; /* byte by byte */
} line;

static const line *script;

static void serve_script(dial_peer *peer, int fd) {
  for (const line *at = script; at->hears; at++) {
    if (!at->says)
      return; /* it hangs up */
    dial_hear(peer, fd, at->hears);
    size_t len = strlen(at->says), step = at->slowly ? 1 : len;
    for (size_t from = 0; from < len; from += step) {
      dial_say(peer, fd, at->says + from, step);
      if (at->slowly)
        uv_sleep(1);
    }
  }
  char byte;
  while (recv(fd, &byte, 1, 0) > 0) /* until the other hangs up */
    ;
}

/* Says one thing for ever. */
static void serve_endless(dial_peer *peer, int fd) {
  static char large[65536];
  memset(large, 'x', sizeof(large));
  dial_hear(peer, fd, "server\r\n");
  dial_say(peer, fd, peer->words, strlen(peer->words));
  while (send(fd, large, sizeof(large), MSG_NOSIGNAL) > 0)
    ;
}

/* -- what the connection tells ---------------------------------------------- */

static void close_it(lone *it) {
  peal_redis_conn *conn = it->conn;
  it->conn = NULL;
  peal_redis_conn_close(conn);
}

static void on_done(peal_redis_ask *ask, peal_err err,
                    const peal_redis_reply *reply) {
  lone *it = ask->owner;
  size_t len = strlen(it->said);
  peal_slice text = peal_redis_reply_text(reply);
  it->answer_err = err;
  snprintf(it->said + len, sizeof(it->said) - len, "%.*s;", PEAL_SFMT(text));
  peal_mem_free(it->worker->mem, ask);
  if (it->close_at_answer)
    close_it(it);
  if (it->fail_at_answer)
    peal_redis_conn_fail(it->conn, PEAL_ERR_CLOSED, "enough");
  atomic_fetch_add(&it->answers, 1);
}

static void send_word(lone *it, const char *word) {
  const peal_slice argv = peal_slice_of(word);
  peal_redis_ask *ask = peal_redis_ask_new(it->worker->mem, &argv, 1);
  ask->done = on_done;
  ask->owner = it;
  peal_redis_conn_send(it->conn, ask);
}

static void on_ready(peal_redis_conn *conn, void *user) {
  lone *it = user;
  assert_ptr_equal(conn, it->conn);
  assert_true(peal_redis_conn_is_ready(conn));
  if (it->close_when_ready) {
    close_it(it);
  } else {
    send_word(it, "FIRST");
    send_word(it, "SECOND");
  }
  atomic_fetch_add(&it->ready, 1);
}

static void on_push(peal_redis_conn *conn, const peal_redis_reply *reply,
                    void *user) {
  lone *it = user;
  (void)conn;
  assert_true(reply->count >= 2);
  if (it->close_at_push)
    close_it(it);
  atomic_fetch_add(&it->pushes, 1);
}

static void on_lost(peal_redis_conn *conn, peal_err err, const char *words,
                    void *user) {
  lone *it = user;
  assert_ptr_equal(conn, it->conn);
  it->close_err = err;
  snprintf(it->words, sizeof(it->words), "%s", words);
  close_it(it); /* as good as nothing */
  atomic_fetch_add(&it->closed, 1);
}

static const peal_redis_conn_events events = {on_ready, on_push, on_lost};

/* -- scenes ------------------------------------------------------------------ */

static void open_on(peal_worker *worker, void *user) {
  lone *it = user;
  it->conn = peal_redis_conn_open(worker, &it->how, "127.0.0.1",
                                  (uint16_t)it->peer.port, &events, it);
  assert_non_null(it->conn);
}

static void close_on(peal_worker *worker, void *user) {
  (void)worker;
  close_it(user);
}

static void set_lone(lone *it) {
  memset(it, 0, sizeof(*it));
  it->net.workers =
      peal_workers_new(&(peal_workers_opts){.count = 1, .log = NET_QUIET});
  it->worker = peal_workers_get(it->net.workers, 0);
  it->how = (peal_redis_how){
      .connect_ms = 20000, .idle_ms = 20000, .max_reply_bytes = 1000000};
  net_fixture_run(&it->net);
}

static void open_lone(lone *it, const line *lines) {
  script = lines;
  dial_peer_open(&it->peer, serve_script);
  net_on_worker(it->worker, open_on, it);
}

static void close_lone(lone *it) {
  net_on_worker(it->worker, close_on, it);
  dial_peer_close(&it->peer);
  peal_workers_stop(it->net.workers, 0);
  net_fixture_join(&it->net);
  peal_workers_free(it->net.workers);
}

/* It ends by itself, so. */
static void expect_end(lone *it, peal_err err, const char *words) {
  assert_true(net_wait(&it->closed, 1));
  net_sync(it->worker);
  if (it->close_err != err || !strstr(it->words, words))
    fail_msg("%s: %s", peal_err_message(it->close_err), it->words);
  close_lone(it);
}

static void try_lines(const line *lines, peal_err err, const char *words) {
  lone it;
  set_lone(&it);
  open_lone(&it, lines);
  expect_end(&it, err, words);
}

#define LOGIN                                                                  \
  { "server\r\n", INFO_7, false }

static void answers_may_come_byte_by_byte(void **state) {
  static const line lines[] = {
      {"server\r\n", INFO_7, true},
      {"SECOND\r\n",
       "$5\r\nhe\r\no\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\n"
       "p\r\n+two\r\n",
       true},
      {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  open_lone(&it, lines);
  assert_true(net_wait(&it.answers, 2));
  net_sync(it.worker);
  assert_string_equal(it.said, "he\r\no;two;");
  assert_int_equal(atomic_load(&it.pushes), 1);
  assert_int_equal(peal_redis_conn_version(it.conn), 70015);
  close_lone(&it);
  assert_int_equal(atomic_load(&it.closed), 0);
}

static void what_is_no_redis_is_left(void **state) {
  static const line http[] = {
      {"server\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", false},
      {NULL, NULL, false}};
  static const line much[] = {
      LOGIN, {"SECOND\r\n", "+1\r\n+2\r\n+3\r\n", false}, {NULL, NULL, false}};
  static const line deep[] = {
      {"server\r\n",
       "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1"
       "\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
       false},
      {NULL, NULL, false}};
  static const line wide[] = {{"server\r\n", "*1000000\r\n:1\r\n", false},
                              {NULL, NULL, false}};
  (void)state;
  try_lines(http, PEAL_ERR_ANSWER, "not Redis's protocol");
  try_lines(much, PEAL_ERR_ANSWER, "what nobody asked for: 3");
  try_lines(deep, PEAL_ERR_ANSWER, "not Redis's protocol");
  try_lines(wide, PEAL_ERR_TOO_LONG, "too long");
}

static void a_reply_without_an_end_is_not_waited_for(void **state) {
  static const char *const begins[] = {"$999999999\r\n", "+", "$"};
  (void)state;
  for (int i = 0; i < 3; i++) {
    lone it;
    set_lone(&it);
    dial_peer_listen(&it.peer, 64);
    it.peer.words = begins[i];
    dial_peer_run(&it.peer, serve_endless);
    net_on_worker(it.worker, open_on, &it);
    assert_true(net_wait(&it.closed, 1));
    net_sync(it.worker);
    assert_true(it.close_err == PEAL_ERR_TOO_LONG ||
                it.close_err == PEAL_ERR_ANSWER);
    close_lone(&it);
  }
}

static void a_break_ends_what_was_asked_once(void **state) {
  static const line half[] = {LOGIN,
                              {"SECOND\r\n", "+one\r\n$5\r\nhe", false},
                              {"", NULL, false},
                              {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  open_lone(&it, half);
  assert_true(net_wait(&it.closed, 1));
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.answers), 2);
  assert_string_equal(it.said, "one;;");
  assert_int_equal(it.answer_err, PEAL_ERR_CLOSED);
  expect_end(&it, PEAL_ERR_CLOSED, "it has closed the connection");
}

static void who_lets_nobody_in_is_understood(void **state) {
  static const struct {
    const char *says;
    peal_err err;
    const char *words;
  } cases[] = {
      {"-LOADING Redis is loading the dataset in memory\r\n", PEAL_ERR_CLOSED,
       "it has just begun and reads its data"},
      {"-MASTERDOWN Link with MASTER is down\r\n", PEAL_ERR_CLOSED,
       "it is a replica that has lost its master"},
      {"-DENIED Redis is running in protected mode\r\n", PEAL_ERR_REFUSED,
       "protected mode"},
      {"-NOAUTH Authentication required.\r\n", PEAL_ERR_REFUSED,
       "it wants a password"},
      {"-ERR max number of clients reached\r\n", PEAL_ERR_CLOSED,
       "max number of clients"},
      {"-ERR something else\r\n", PEAL_ERR_REFUSED, "something else"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const line lines[] = {{"server\r\n", cases[i].says, false},
                          {NULL, NULL, false}};
    try_lines(lines, cases[i].err, cases[i].words);
  }
}

/* "with args beginning with: 'secret'" */
static void a_password_is_not_repeated(void **state) {
  static const line lines[] = {
      {"secret\r\n",
       "-ERR unknown command 'AUTH', with args beginning with: "
       "'secret'\r\n",
       false},
      {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  it.how.password = "secret";
  open_lone(&it, lines);
  assert_true(net_wait(&it.closed, 1));
  net_sync(it.worker);
  assert_null(strstr(it.words, "secret"));
  expect_end(&it, PEAL_ERR_REFUSED, "it does not take user and password");
}

/* It can be asked for less. */
static void an_answer_that_is_too_long_is_told_as_such(void **state) {
  static const line lines[] = {
      LOGIN, {"SECOND\r\n", "$2000000\r\n", false}, {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  it.how.max_reply_bytes = 10000;
  open_lone(&it, lines);
  assert_true(net_wait(&it.answers, 2));
  net_sync(it.worker);
  assert_int_equal(it.answer_err, PEAL_ERR_TOO_LONG);
  expect_end(&it, PEAL_ERR_TOO_LONG, "its answer is too long");
}

/* Some that are rented know no INFO. */
static void what_is_only_nice_to_know_is_not_needed(void **state) {
  static const line lines[] = {
      {"server\r\n", "-ERR unknown command 'INFO'\r\n", false},
      {"SETNAME\r\n$1\r\nn\r\n", "-ERR unknown command 'CLIENT'\r\n", false},
      {"SECOND\r\n", "+1\r\n+2\r\n", false},
      {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  it.how.name = "n";
  it.how.needs_shards = true; /* nobody says that it is too old */
  open_lone(&it, lines);
  assert_true(net_wait(&it.answers, 2));
  net_sync(it.worker);
  assert_int_equal(peal_redis_conn_version(it.conn), 0);
  close_lone(&it);
}

static void an_old_server_has_no_sharded_channels(void **state) {
  static const line old[] = {
      {"server\r\n", "$22\r\nredis_version:6.2.14\r\n\r\n", false},
      {"SECOND\r\n", "+1\r\n+2\r\n", false},
      {NULL, NULL, false}};
  static const line valkey[] = {
      {"server\r\n",
       "$60\r\n# Server\r\nredis_version:7.2.4\r\nserver_name:"
       "valkey\r\nv:8.0.1\r\n\r\n",
       false},
      {"SECOND\r\n", "+1\r\n+2\r\n", false},
      {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  it.how.needs_shards = true;
  open_lone(&it, old);
  expect_end(&it, PEAL_ERR_REFUSED,
             "Redis 6.2.14 has no sharded Pub/Sub, which came with 7.0");
  set_lone(&it); /* for all else it is good enough */
  open_lone(&it, old);
  assert_true(net_wait(&it.answers, 2));
  close_lone(&it);
  set_lone(&it);
  it.how.needs_shards = true;
  open_lone(&it, valkey);
  assert_true(net_wait(&it.answers, 2));
  close_lone(&it);
}

static void a_master_is_asked_whether_it_is_one(void **state) {
  static const line lines[] = {
      LOGIN,
      {"ROLE\r\n", "*2\r\n$5\r\nslave\r\n$1\r\nx\r\n", false},
      {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  it.how.needs_master = true;
  open_lone(&it, lines);
  expect_end(&it, PEAL_ERR_CLOSED, "it is no master any more");
}

static void it_may_be_closed_in_each_of_its_callbacks(void **state) {
  static const line lines[] = {
      LOGIN,
      {"SECOND\r\n",
       "+1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n"
       "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n+2\r\n",
       false},
      {NULL, NULL, false}};
  lone it;
  (void)state;
  set_lone(&it);
  it.close_when_ready = true;
  open_lone(&it, lines);
  assert_true(net_wait(&it.ready, 1));
  close_lone(&it);
  set_lone(&it);
  it.close_at_answer = true;
  open_lone(&it, lines);
  assert_true(net_wait(&it.answers, 2));
  net_sync(it.worker);
  assert_int_equal(it.answer_err, PEAL_ERR_CLOSED);
  assert_int_equal(atomic_load(&it.pushes), 0);
  close_lone(&it);
  set_lone(&it);
  it.close_at_push = true;
  open_lone(&it, lines);
  assert_true(net_wait(&it.answers, 2));
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.pushes), 1);
  close_lone(&it);
  set_lone(&it);
  it.fail_at_answer = true;
  open_lone(&it, lines);
  expect_end(&it, PEAL_ERR_CLOSED, "enough");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_may_come_byte_by_byte),
      cmocka_unit_test(what_is_no_redis_is_left),
      cmocka_unit_test(a_reply_without_an_end_is_not_waited_for),
      cmocka_unit_test(a_break_ends_what_was_asked_once),
      cmocka_unit_test(who_lets_nobody_in_is_understood),
      cmocka_unit_test(a_password_is_not_repeated),
      cmocka_unit_test(an_answer_that_is_too_long_is_told_as_such),
      cmocka_unit_test(what_is_only_nice_to_know_is_not_needed),
      cmocka_unit_test(an_old_server_has_no_sharded_channels),
      cmocka_unit_test(a_master_is_asked_whether_it_is_one),
      cmocka_unit_test(it_may_be_closed_in_each_of_its_callbacks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
