/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include <fcntl.h>

#include "net/poller.h"
#include "net/stream.h"
#include "net/stream_tls.h"
#include "net/tls_limits.h"
#include "tls_fixture.h"

#define BIG ((size_t)3 << 20)

/* One connection on a worker, which sends back what it reads. */
typedef struct scene {
  net_fixture net;
  peal_worker *worker;
  tls_files files;
  tls_pair ca, pair;
  peal_tls *tls;
  SSL_CTX *ctx;
  SSL *client;
  int fd; /* the client's */
  int ours;
  peal_stream *stream;
  peal_account_server server_account;
  peal_account_worker account;
  size_t charged;
  char *back; /* to be sent back */
  size_t back_len, back_at;
  size_t most_held;
  peal_stream_parcel parcel;
  atomic_int reads, ended, closed, err;
  bool finish_at_end;
} scene;

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  scene *it = user;
  it->back = realloc(it->back, it->back_len + len);
  memcpy(it->back + it->back_len, data, len);
  it->back_len += len;
  peal_stream_flush(stream);
  atomic_fetch_add(&it->reads, 1);
}

static void on_end(peal_stream *stream, void *user) {
  scene *it = user;
  atomic_fetch_add(&it->ended, 1);
  peal_stream_finish(stream);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  scene *it = user;
  (void)stream;
  size_t left = it->back_len - it->back_at;
  /* In pieces of all sizes: records are put together, and cut. */
  for (size_t size = 1; left > 0; size = size * 3 + 1) {
    size_t len = size < left ? size : left;
    if (!peal_iovs_add(out, (peal_slice){it->back + it->back_len - left, len}))
      break;
    left -= len;
  }
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  scene *it = user;
  it->back_at += len;
  size_t held = peal_stream_unacked(stream);
  it->most_held = held > it->most_held ? held : it->most_held;
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  scene *it = user;
  (void)stream;
  it->stream = NULL;
  atomic_store(&it->err, err);
  atomic_fetch_add(&it->closed, 1);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_end = on_end,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void adopt(peal_worker *worker, void *user) {
  scene *it = user;
  peal_stream_parcel parcel;
  assert_true(
      peal_stream_tls_parcel(&parcel, it->ours, peal_tls_begin(it->tls)));
  it->stream =
      peal_stream_adopt_parcel(worker, &parcel, &it->account, &callbacks, it);
  assert_non_null(it->stream);
}

static void open_server(scene *it, const peal_tls_opts *more) {
  *it = (scene){0};
  tls_files_open(&it->files);
  it->ca = tls_make("test authority", NULL);
  it->pair = tls_make("DNS:a.test", &it->ca);
  tls_write(it->files.cert, it->files.key, &it->pair);
  peal_tls_opts opts = more ? *more : (peal_tls_opts){0};
  opts.cert_file = it->files.cert;
  opts.key_file = it->files.key;
  peal_tls_problem why;
  if (peal_tls_new(&it->tls, &opts, &why))
    fail_msg("%s", why.text);
  it->ctx = tls_client_ctx(&it->ca);
  peal_account_server_init(&it->server_account, 0);
  peal_account_worker_init(&it->account, &it->server_account);
  it->net.workers =
      peal_workers_new(&(peal_workers_opts){.count = 2, .log = NET_QUIET});
  it->worker = peal_workers_get(it->net.workers, 0);
  net_fixture_run(&it->net);
}

static void accept_one(scene *it) {
  int fds[2];
  net_pair(fds);
  it->ours = fds[0];
  it->fd = fds[1];
  net_on_worker(it->worker, adopt, it);
  it->client = tls_client(it->ctx, it->fd, "a.test");
}

static void open_scene(scene *it) {
  open_server(it, NULL);
  accept_one(it);
  assert_int_equal(SSL_connect(it->client), 1);
}

static void read_charged(peal_worker *worker, void *user) {
  scene *it = user;
  (void)worker;
  it->charged = it->account.used;
}

/* On the worker, whose account it is. */
static size_t charged(scene *it) {
  net_on_worker(it->worker, read_charged, it);
  return it->charged;
}

static void leave(scene *it) {
  SSL_free(it->client);
  it->client = NULL;
  if (it->fd >= 0)
    close(it->fd);
  it->fd = -1;
}

static void close_scene(scene *it) {
  if (it->client)
    leave(it);
  peal_workers_stop(it->net.workers, 0);
  net_fixture_join(&it->net);
  assert_int_equal(it->account.used, 0);
  peal_account_worker_deinit(&it->account);
  peal_workers_free(it->net.workers);
  peal_tls_free(it->tls);
  SSL_CTX_free(it->ctx);
  tls_unmake(&it->ca);
  tls_unmake(&it->pair);
  tls_files_close(&it->files);
  free(it->back);
}

static void say(SSL *ssl, const char *text) {
  char back[100] = "";
  assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), strlen(text));
  assert_int_equal(tls_read(ssl, back, strlen(text)), strlen(text));
  assert_string_equal(back, text);
}

/* -- bytes ------------------------------------------------------------------- */

static void what_is_said_comes_back(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  assert_string_equal(SSL_get_version(it.client), "TLSv1.3");
  say(it.client, "hello");
  say(it.client, "again");
  close_scene(&it);
}

static void tls_1_2_is_spoken_too_and_nothing_older(void **state) {
  (void)state;
  for (int version = TLS1_1_VERSION; version <= TLS1_2_VERSION; version++) {
    scene it;
    open_server(&it, NULL);
    SSL_CTX_set_security_level(it.ctx, 0);
    SSL_CTX_set_min_proto_version(it.ctx, version);
    SSL_CTX_set_max_proto_version(it.ctx, version);
    accept_one(&it);
    bool ok = SSL_connect(it.client) == 1;
    assert_int_equal(ok, version == TLS1_2_VERSION);
    if (ok)
      say(it.client, "hello");
    close_scene(&it);
  }
}

/* A client whose bytes are moved one by one. */
static void a_peer_may_send_byte_by_byte(void **state) {
  scene it;
  (void)state;
  open_server(&it, NULL);
  accept_one(&it);
  BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
  SSL_set_bio(it.client, in, out);
  SSL_set_connect_state(it.client);
  bool said = false;
  char back[8] = "";
  for (int i = 0; i < 100000 && SSL_read(it.client, back, 5) != 5; i++) {
    if (SSL_is_init_finished(it.client) && !said)
      said = SSL_write(it.client, "hello", 5) == 5;
    char byte, data[4096];
    if (BIO_read(out, &byte, 1) == 1) {
      net_send(it.fd, &byte, 1);
      net_sync(it.worker);
    } else if (net_readable(it.fd, 1000)) {
      ssize_t got = recv(it.fd, data, sizeof(data), 0);
      assert_true(got > 0);
      BIO_write(in, data, (int)got);
    }
  }
  assert_string_equal(back, "hello");
  close_scene(&it);
}

static char pattern(size_t at) {
  return (char)(at * 131 + at / 251);
}

/* A peer that reads slowly, or not for a while, gets everything, in order, and
 * little of it waits as cipher text. */
static void a_slow_reader_gets_all_and_little_is_held(void **state) {
  scene it;
  const int small = 8192;
  char *data = malloc(BIG);
  (void)state;
  open_scene(&it);
  setsockopt(it.ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  for (size_t i = 0; i < BIG; i++)
    data[i] = pattern(i);
  size_t sent = 0, have = 0;
  fcntl(it.fd, F_SETFL, O_NONBLOCK);
  SSL_set_mode(it.client, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  for (int i = 0; have < BIG && i < 2000000; i++) {
    char back[7000];
    int done = sent < BIG
                   ? SSL_write(it.client, data + sent,
                               (int)(BIG - sent > 16000 ? 16000 : BIG - sent))
                   : 0;
    sent += done > 0 ? (size_t)done : 0;
    int got = SSL_read(it.client, back, sizeof(back));
    for (int k = 0; k < got; k++, have++)
      if (back[k] != pattern(have))
        fail_msg("byte %zu is wrong", have);
    if (done <= 0 && got <= 0)
      net_readable(it.fd, 20);
  }
  assert_int_equal(have, BIG);
  net_sync(it.worker);
  assert_true(it.most_held > 0);
  close_scene(&it);
  free(data);
}

/* -- the end ----------------------------------------------------------------- */

static void a_goodbye_is_answered_by_one(void **state) {
  scene it;
  char byte;
  (void)state;
  open_scene(&it);
  say(it.client, "hello");
  assert_int_equal(SSL_shutdown(it.client), 0);
  shutdown(it.fd, SHUT_WR);
  assert_int_equal(SSL_read(it.client, &byte, 1), 0);
  assert_int_equal(SSL_get_error(it.client, 0), SSL_ERROR_ZERO_RETURN);
  assert_true(net_wait(&it.closed, 1));
  assert_int_equal(atomic_load(&it.ended), 1);
  assert_int_equal(atomic_load(&it.err), PEAL_OK);
  close_scene(&it);
}

static void a_peer_that_leaves_without_a_word_has_ended(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  say(it.client, "hello");
  leave(&it);
  assert_true(net_wait(&it.closed, 1));
  close_scene(&it);
}

/* Both in one segment, and nothing behind: it is noticed all the same. */
static void a_goodbye_right_behind_data_is_heard(void **state) {
  scene it;
  char record[300];
  (void)state;
  open_scene(&it);
  say(it.client, "hello");
  BIO *out = BIO_new(BIO_s_mem());
  SSL_set0_wbio(it.client, out);
  assert_int_equal(SSL_write(it.client, "last words", 10), 10);
  assert_int_equal(SSL_shutdown(it.client), 0);
  int len = BIO_read(out, record, sizeof(record));
  net_send(it.fd, record, (size_t)len);
  assert_true(net_wait(&it.ended, 1));
  net_sync(it.worker);
  assert_memory_equal(it.back + 5, "last words", 10);
  close_scene(&it);
}

static void half_a_record_and_the_end(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  net_send(it.fd, "\x17\x03\x03\x40\x00half", 9);
  shutdown(it.fd, SHUT_WR);
  assert_true(net_wait(&it.closed, 1));
  close_scene(&it);
}

static void what_is_no_record_ends_it(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  net_send(it.fd, "\x17\x03\x03\x00\x20 this is not encrypted as agreed", 37);
  assert_true(net_wait(&it.closed, 1));
  assert_int_equal(atomic_load(&it.err), PEAL_ERR_TLS_PEER);
  close_scene(&it);
}

static void plain_http_is_told_where_it_is(void **state) {
  scene it;
  char answer[200] = "";
  (void)state;
  open_server(&it, NULL);
  accept_one(&it);
  net_send_str(it.fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  size_t len = net_read(it.fd, answer, sizeof(answer) - 1);
  assert_true(len > 0);
  assert_non_null(strstr(answer, "400 Bad Request"));
  assert_non_null(strstr(answer, "HTTPS"));
  assert_true(net_wait(&it.closed, 1));
  close_scene(&it);
}

static void pause_it(peal_worker *worker, void *user) {
  (void)worker;
  peal_stream_pause(((scene *)user)->stream);
}

static void resume_it(peal_worker *worker, void *user) {
  (void)worker;
  peal_stream_resume(((scene *)user)->stream);
}

static void one_that_leaves_while_nobody_reads_is_noticed(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  say(it.client, "hello");
  net_on_worker(it.worker, pause_it, &it);
  SSL_shutdown(it.client);
  leave(&it);
  assert_true(net_wait(&it.closed, 1));
  close_scene(&it);
}

static void what_stood_before_the_end_is_not_lost(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  say(it.client, "hello");
  net_on_worker(it.worker, pause_it, &it);
  assert_int_equal(SSL_write(it.client, "last words", 10), 10);
  SSL_shutdown(it.client);
  leave(&it);
  assert_true(net_rests(it.worker, 50));
  assert_int_equal(atomic_load(&it.closed), 0);
  net_on_worker(it.worker, resume_it, &it);
  assert_true(net_wait(&it.closed, 1));
  assert_int_equal(it.back_len, 15);
  assert_memory_equal(it.back + 5, "last words", 10);
  close_scene(&it);
}

/* -- nothing happens --------------------------------------------------------- */

static void a_silent_peer_costs_no_turns(void **state) {
  scene it;
  (void)state;
  open_server(&it, NULL);
  accept_one(&it);
  assert_true(net_rests(it.worker, 50)); /* before the handshake */
  net_send(it.fd, "\x16\x03\x01", 3);
  assert_true(net_rests(it.worker, 50)); /* in it */
  leave(&it);
  accept_one(&it);
  assert_int_equal(SSL_connect(it.client), 1);
  say(it.client, "hello");
  assert_true(net_rests(it.worker, 50)); /* behind it */
  close_scene(&it);
}

static void flush_it(peal_worker *worker, void *user) {
  scene *it = user;
  (void)worker;
  it->back = realloc(it->back, 5);
  memcpy(it->back, "early", 5);
  it->back_len = 5;
  peal_stream_flush(it->stream);
}

/* What is to be sent before there is a connection waits for it, quietly. */
static void what_is_sent_early_follows_the_handshake(void **state) {
  scene it;
  char back[6] = "";
  (void)state;
  open_server(&it, NULL);
  accept_one(&it);
  net_on_worker(it.worker, flush_it, &it);
  assert_true(net_rests(it.worker, 50));
  assert_int_equal(SSL_connect(it.client), 1);
  assert_int_equal(tls_read(it.client, back, 5), 5);
  assert_string_equal(back, "early");
  close_scene(&it);
}

static void finish_it(peal_worker *worker, void *user) {
  scene *it = user;
  (void)worker;
  peal_stream_finish(it->stream);
}

/* It cannot be told what waits for it any more. */
static void one_that_leaves_before_the_handshake_is_gone(void **state) {
  (void)state;
  for (int finishes = 0; finishes < 2; finishes++) {
    scene it;
    open_server(&it, NULL);
    accept_one(&it);
    net_on_worker(it.worker, flush_it, &it);
    if (finishes)
      net_on_worker(it.worker, finish_it, &it);
    shutdown(it.fd, SHUT_WR);
    assert_true(net_wait(&it.closed, 1));
    assert_int_equal(it.err, PEAL_ERR_CLOSED);
    assert_true(net_rests(it.worker, 50));
    close_scene(&it);
  }
}

/* RFC8446 4.6.3: each is answered, and the answers are not read. */
static void answers_to_a_peer_that_reads_nothing_are_bounded(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  int few = 1;
  signal(SIGPIPE, SIG_IGN);
  setsockopt(it.ours, SOL_SOCKET, SO_SNDBUF, &few, sizeof(few));
  for (int i = 0; i < 400000 && !atomic_load(&it.closed); i++)
    if (SSL_key_update(it.client, SSL_KEY_UPDATE_REQUESTED) != 1 ||
        SSL_do_handshake(it.client) != 1)
      break;
  assert_true(net_wait(&it.closed, 1));
  close_scene(&it);
}

/* -- moving ------------------------------------------------------------------ */

static void give(peal_worker *worker, void *user) {
  scene *it = user;
  (void)worker;
  it->parcel = peal_stream_detach(it->stream);
}

static void take(peal_worker *worker, void *user) {
  scene *it = user;
  it->stream = peal_stream_adopt_parcel(worker, &it->parcel, &it->account,
                                        &callbacks, it);
  assert_non_null(it->stream);
}

static void it_moves_to_another_worker_with_half_a_record(void **state) {
  scene it;
  char record[200];
  (void)state;
  open_scene(&it);
  say(it.client, "hello");
  BIO *out = BIO_new(BIO_s_mem());
  SSL_set0_wbio(it.client, out);
  assert_int_equal(SSL_write(it.client, "moved", 5), 5);
  int len = BIO_read(out, record, sizeof(record));
  assert_true(len > 10);
  net_send(it.fd, record, 9);
  assert_true(net_rests(it.worker, 50));
  net_on_worker(it.worker, give, &it);
  assert_int_equal(charged(&it), 0);
  net_on_worker(peal_workers_get(it.net.workers, 1), take, &it);
  net_on_worker(peal_workers_get(it.net.workers, 1), read_charged, &it);
  assert_true(it.charged > 0);
  net_send(it.fd, record + 9, (size_t)len - 9);
  char back[6] = "";
  assert_int_equal(tls_read(it.client, back, 5), 5);
  assert_string_equal(back, "moved");
  close_scene(&it);
}

static void a_parcel_that_nobody_takes_is_closed(void **state) {
  scene it;
  (void)state;
  open_scene(&it);
  net_on_worker(it.worker, give, &it);
  peal_stream_parcel_close(&it.parcel);
  char rest[4096]; /* session tickets */
  (void)net_read(it.fd, rest, sizeof(rest));
  assert_true(net_closed(it.fd, 5000));
  close_scene(&it);
}

/* -- rules ------------------------------------------------------------------- */

static void nobody_negotiates_anew(void **state) {
  scene it;
  char byte;
  (void)state;
  open_server(&it, NULL);
  SSL_CTX_set_max_proto_version(it.ctx, TLS1_2_VERSION);
  accept_one(&it);
  assert_int_equal(SSL_connect(it.client), 1);
  say(it.client, "hello");
  assert_int_equal(SSL_renegotiate(it.client), 1);
  /* Refused by an alert or by the end: it is never granted. */
  (void)SSL_do_handshake(it.client);
  assert_true(SSL_write(it.client, "x", 1) <= 0 ||
              SSL_read(it.client, &byte, 1) <= 0 ||
              SSL_num_renegotiations(it.client) <= 1);
  close_scene(&it);
}

/* RFC8446 4.6.3: who asks for new keys is answered by an update of its own. */
static void who_asks_for_keys_and_reads_none_is_left(void **state) {
  scene it;
  bool goes_on = true;
  (void)state;
  open_scene(&it);
  say(it.client, "hello");
  for (int i = 0; i < 400000 && goes_on; i++)
    goes_on = SSL_key_update(it.client, SSL_KEY_UPDATE_REQUESTED) == 1 &&
              SSL_do_handshake(it.client) == 1;
  assert_false(goes_on);
  assert_true(net_wait(&it.closed, 1));
  close_scene(&it);
}

/* It would not be read, and the worker would find it again in each turn. */
static void a_handshake_wakes_nobody_who_has_paused(void **state) {
  scene it;
  int fds[2];
  peal_stream_parcel parcel;
  (void)state;
  open_server(&it, NULL);
  net_pair(fds);
  assert_true(peal_stream_tls_parcel(&parcel, fds[0], peal_tls_begin(it.tls)));
  assert_int_equal(parcel.verbs->wants(parcel.state, 0), 0);
  assert_int_equal(parcel.verbs->wants(parcel.state, PEAL_POLL_END),
                   PEAL_POLL_END);
  assert_int_equal(
      parcel.verbs->wants(parcel.state, PEAL_POLL_IN | PEAL_POLL_OUT),
      PEAL_POLL_IN);
  peal_stream_parcel_close(&parcel);
  close(fds[1]);
  it.fd = -1;
  close_scene(&it);
}

static void a_handshake_is_charged_until_it_is_over(void **state) {
  scene it;
  (void)state;
  open_server(&it, NULL);
  accept_one(&it);
  assert_true(charged(&it) >=
              PEAL_LIMIT_TLS_BYTES + PEAL_LIMIT_TLS_SHAKE_BYTES);
  assert_int_equal(SSL_connect(it.client), 1);
  say(it.client, "hello");
  assert_true(net_rests(it.worker, 50));
  assert_true(charged(&it) < PEAL_LIMIT_TLS_SHAKE_BYTES);
  close_scene(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_said_comes_back),
      cmocka_unit_test(tls_1_2_is_spoken_too_and_nothing_older),
      cmocka_unit_test(a_peer_may_send_byte_by_byte),
      cmocka_unit_test(a_slow_reader_gets_all_and_little_is_held),
      cmocka_unit_test(a_goodbye_is_answered_by_one),
      cmocka_unit_test(a_peer_that_leaves_without_a_word_has_ended),
      cmocka_unit_test(a_goodbye_right_behind_data_is_heard),
      cmocka_unit_test(half_a_record_and_the_end),
      cmocka_unit_test(what_is_no_record_ends_it),
      cmocka_unit_test(plain_http_is_told_where_it_is),
      cmocka_unit_test(one_that_leaves_while_nobody_reads_is_noticed),
      cmocka_unit_test(what_stood_before_the_end_is_not_lost),
      cmocka_unit_test(a_silent_peer_costs_no_turns),
      cmocka_unit_test(what_is_sent_early_follows_the_handshake),
      cmocka_unit_test(one_that_leaves_before_the_handshake_is_gone),
      cmocka_unit_test(answers_to_a_peer_that_reads_nothing_are_bounded),
      cmocka_unit_test(it_moves_to_another_worker_with_half_a_record),
      cmocka_unit_test(a_parcel_that_nobody_takes_is_closed),
      cmocka_unit_test(nobody_negotiates_anew),
      cmocka_unit_test(who_asks_for_keys_and_reads_none_is_left),
      cmocka_unit_test(a_handshake_wakes_nobody_who_has_paused),
      cmocka_unit_test(a_handshake_is_charged_until_it_is_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
