/* SPDX-License-Identifier: MIT */
/* The test is the server: it accepts, reads, and answers what it wants. */
#include <signal.h>

#include <peal/kit_calls.h>

#include "../net/tls_fixture.h"

typedef struct rig {
  net_fixture fixture;
  peal_worker *worker;
  peal_kit_calls *calls;
  peal_kit_calls_opts opts;
  int listening;
  unsigned port;
} rig;

/* One call and what came of it. */
typedef struct asked {
  rig *rig;
  peal_kit_call_opts opts;
  char url[128];
  peal_kit_call *call;
  peal_err started;
  bool cancels, frees; /* in on_piece */
  bool frees_at_end;
  atomic_int pieces, ends;
  char text[256];
  size_t len;
  peal_kit_call_end end;
} asked;

static void on_piece(peal_kit_call *call, peal_slice piece, void *user) {
  asked *a = user;
  for (size_t i = 0; i < piece.len && a->len + 1 < sizeof a->text; i++)
    a->text[a->len++] = piece.ptr[i];
  if (a->cancels)
    peal_kit_call_cancel(call);
  if (a->frees) {
    peal_kit_calls_free(a->rig->calls);
    a->rig->calls = NULL;
  }
  atomic_fetch_add(&a->pieces, 1);
}

static void on_end(peal_kit_call *call, const peal_kit_call_end *end,
                   void *user) {
  asked *a = user;
  a->end = *end;
  for (size_t i = 0; i < end->whole.len && i + 1 < sizeof a->text; i++)
    a->text[a->len++] = end->whole.ptr[i];
  peal_kit_call_cancel(call); // too late: nothing
  if (a->frees_at_end) {
    peal_kit_calls_free(a->rig->calls);
    a->rig->calls = NULL;
  }
  a->call = NULL;
  atomic_fetch_add(&a->ends, 1);
}

/* ---- the rig ------------------------------------------------------------------- */

static void open_calls(peal_worker *worker, void *user) {
  rig *r = user;
  r->calls = peal_kit_calls_new(worker, &r->opts);
  assert_non_null(r->calls);
}

static void close_calls(peal_worker *worker, void *user) {
  rig *r = user;
  (void)worker;
  peal_kit_calls_free(r->calls);
  r->calls = NULL;
}

static void rig_open(rig *r, const peal_kit_calls_opts *opts) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  *r = (rig){.opts = *opts};
  r->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(r->listening, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(r->listening, 16), 0);
  assert_int_equal(getsockname(r->listening, (struct sockaddr *)&at, &len), 0);
  r->port = ntohs(at.sin_port);
  r->fixture.workers = peal_workers_new(&(peal_workers_opts){.log = NET_QUIET});
  r->worker = peal_workers_get(r->fixture.workers, 0);
  net_fixture_run(&r->fixture);
  net_on_worker(r->worker, open_calls, r);
}

static void rig_close(rig *r) {
  net_on_worker(r->worker, close_calls, r);
  peal_workers_stop(r->fixture.workers, 0);
  net_fixture_join(&r->fixture);
  peal_workers_free(r->fixture.workers);
  if (r->listening >= 0)
    close(r->listening);
}

static void start(peal_worker *worker, void *user) {
  asked *a = user;
  (void)worker;
  a->started = peal_kit_call_start(a->rig->calls, &a->opts, &a->call);
}

static void cancel(peal_worker *worker, void *user) {
  asked *a = user;
  (void)worker;
  peal_kit_call_cancel(a->call);
}

/* Quick to give up, as a test wants it. */
static void ask(rig *r, asked *a) {
  a->rig = r;
  snprintf(a->url, sizeof a->url, "http://127.0.0.1:%u/v1", r->port);
  a->opts.url = a->url;
  a->opts.on_piece = on_piece;
  a->opts.on_end = on_end;
  a->opts.user = a;
  a->opts.backoff_ms = a->opts.backoff_ms > 0 ? a->opts.backoff_ms : 1;
  net_on_worker(r->worker, start, a);
  assert_int_equal(a->started, PEAL_OK);
}

/* The next request: its connection, and its head in `head`. */
static int take(rig *r, char *head, size_t cap) {
  size_t len = 0;
  assert_true(net_readable(r->listening, 30000));
  int fd = accept4(r->listening, NULL, NULL, SOCK_CLOEXEC);
  assert_true(fd >= 0);
  do {
    assert_true(len + 1 < cap);
    assert_int_equal(net_read(fd, head + len, 1), 1);
    head[++len] = '\0';
  } while (strstr(head, "\r\n\r\n") == NULL);
  return fd;
}

static int take_any(rig *r) {
  char head[2048];
  return take(r, head, sizeof head);
}

static void answer(rig *r, const char *text) {
  int fd = take_any(r);
  net_send_str(fd, text);
  close(fd);
}

#define FINE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

/* ---- what is asked, what comes ---------------------------------------------------- */

static void an_answer_comes_in_pieces_and_ends_once(void **state) {
  rig r;
  char head[2048], body[8];
  static const char *const headers[] = {"x-goog-api-key: secret",
                                        "Content-Type: application/json", NULL};
  asked a = {.opts = {.headers = headers, .body = PEAL_S("{\"a\":1}")}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){.user_agent = "peal-test/1"});
  ask(&r, &a);
  int fd = take(&r, head, sizeof head);
  assert_non_null(strstr(head, "POST /v1 HTTP/1.1\r\n"));
  assert_non_null(strstr(head, "x-goog-api-key: secret\r\n"));
  assert_non_null(strstr(head, "Content-Length: 7\r\n"));
  assert_non_null(strstr(head, "User-Agent: peal-test/1\r\n"));
  assert_null(strstr(head, "Expect:"));
  assert_int_equal(net_read(fd, body, 7), 7);
  assert_memory_equal(body, "{\"a\":1}", 7);
  net_send_str(fd, STREAM "one");
  assert_true(net_wait(&a.pieces, 1));
  net_send_str(fd, " two");
  assert_true(net_wait(&a.pieces, 2));
  assert_int_equal(atomic_load(&a.ends), 0);
  close(fd);
  assert_true(net_wait(&a.ends, 1));
  rig_close(&r);
  assert_string_equal(a.text, "one two");
  assert_int_equal(a.end.err, PEAL_OK);
  assert_int_equal(a.end.status, 200);
  assert_int_equal(a.end.tries, 1);
  assert_int_equal(a.end.bytes, 7);
  assert_int_equal(atomic_load(&a.ends), 1);
}

static void methods_are_what_was_asked_for(void **state) {
  rig r;
  char head[2048];
  asked get = {0}, del = {.opts = {.method = "DELETE"}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &get);
  int fd = take(&r, head, sizeof head);
  assert_non_null(strstr(head, "GET /v1 HTTP/1.1\r\n"));
  net_send_str(fd, FINE);
  assert_true(net_wait(&get.ends, 1));
  close(fd);
  ask(&r, &del);
  fd = take(&r, head, sizeof head);
  assert_non_null(strstr(head, "DELETE /v1 HTTP/1.1\r\n"));
  net_send_str(fd, "HTTP/1.1 204 No Content\r\n\r\n");
  assert_true(net_wait(&del.ends, 1));
  close(fd);
  rig_close(&r);
  assert_int_equal(del.end.err, PEAL_OK);
}

/* ---- once more -------------------------------------------------------------------- */

static void what_passes_is_tried_again(void **state) {
  rig r;
  asked a = {.opts = {.retries = 3}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &a);
  answer(&r, "HTTP/1.1 503 Later\r\nContent-Length: 5\r\n\r\nlater");
  answer(&r, "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\n"
             "Content-Length: 0\r\n\r\n");
  close(take_any(&r)); // no answer at all
  answer(&r, FINE);
  assert_true(net_wait(&a.ends, 1));
  rig_close(&r);
  assert_int_equal(a.end.err, PEAL_OK);
  assert_int_equal(a.end.tries, 4);
  assert_string_equal(a.text, "ok"); // nothing of what was refused
}

static void the_server_says_how_long_to_wait(void **state) {
  rig r;
  asked a = {0};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &a);
  answer(&r, "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n"
             "Content-Length: 0\r\n\r\n");
  uint64_t asked_ns = uv_hrtime();
  answer(&r, FINE);
  assert_true(uv_hrtime() - asked_ns > 900000000);
  assert_true(net_wait(&a.ends, 1));
  rig_close(&r);
  assert_int_equal(a.end.tries, 2);
}

static void too_long_a_wait_is_none(void **state) {
  rig r;
  asked a = {0};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &a);
  answer(&r, "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\n"
             "Content-Length: 0\r\n\r\n");
  assert_true(net_wait(&a.ends, 1));
  rig_close(&r);
  assert_int_equal(a.end.err, PEAL_ERR_REFUSED);
  assert_int_equal(a.end.status, 429);
  assert_int_equal(a.end.retry_after_ms, 3600000);
  assert_int_equal(a.end.tries, 1);
}

static void what_does_not_pass_is_not_tried_again(void **state) {
  static const char *const answers[] = {
      "HTTP/1.1 400 No\r\nContent-Length: 3\r\n\r\nwhy",
      "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 302 Found\r\nLocation: http://a.test/\r\n\r\n",
      "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n"};
  rig r;
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    asked a = {0};
    ask(&r, &a);
    answer(&r, answers[i]);
    assert_true(net_wait(&a.ends, 1));
    net_sync(r.worker);
    assert_int_equal(a.end.err, PEAL_ERR_REFUSED);
    assert_int_equal(a.end.tries, 1);
    assert_int_equal(atomic_load(&a.pieces), 0);
  }
  rig_close(&r);
}

static void nothing_is_tried_again_behind_the_first_piece(void **state) {
  rig r;
  asked a = {0};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &a);
  answer(&r, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  assert_true(net_wait(&a.ends, 1));
  rig_close(&r);
  assert_int_equal(a.end.err, PEAL_ERR_CLOSED);
  assert_int_equal(a.end.tries, 1);
  assert_int_equal(a.end.bytes, 4);
}

static void what_is_kept_whole_is_tried_again_in_the_middle(void **state) {
  rig r;
  asked a = {.opts = {.is_whole = true}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &a);
  answer(&r, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  answer(&r, FINE);
  assert_true(net_wait(&a.ends, 1));
  rig_close(&r);
  assert_int_equal(a.end.err, PEAL_OK);
  assert_int_equal(a.end.tries, 2);
  assert_int_equal(atomic_load(&a.pieces), 0);
  assert_string_equal(a.text, "ok");
}

static void nobody_there_is_said(void **state) {
  rig r;
  asked a = {.opts = {.retries = 1}}, b = {.opts = {.retries = PEAL_OFF}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  close(r.listening);
  r.listening = -1;
  ask(&r, &a);
  assert_true(net_wait(&a.ends, 1));
  ask(&r, &b);
  assert_true(net_wait(&b.ends, 1));
  rig_close(&r);
  assert_int_equal(a.end.err, PEAL_ERR_CONNECT);
  assert_int_equal(a.end.tries, 2);
  assert_int_equal(b.end.tries, 1);
  assert_int_equal(a.end.status, 0);
}

/* ---- ceilings ---------------------------------------------------------------------- */

static void silence_is_an_end(void **state) {
  rig r;
  asked a = {.opts = {.stall_ms = 100, .retries = PEAL_OFF}},
        b = {.opts = {.stall_ms = 200, .stall_bytes = 1000}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &a);
  int fd = take_any(&r);
  assert_true(net_wait(&a.ends, 1));
  assert_true(net_closed(fd, 30000));
  close(fd);
  assert_int_equal(a.end.err, PEAL_ERR_TIMEOUT);
  ask(&r, &b);
  fd = take_any(&r);
  net_send_str(fd, STREAM "a drop");
  assert_true(net_wait(&b.ends, 1));
  close(fd);
  rig_close(&r);
  assert_int_equal(b.end.err, PEAL_ERR_TIMEOUT);
  assert_int_equal(b.end.bytes, 6);
}

static void too_much_is_an_end(void **state) {
  rig r;
  asked a = {.opts = {.max_bytes = 5}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &a);
  int fd = take_any(&r);
  net_send_str(fd, STREAM "123");
  assert_true(net_wait(&a.pieces, 1));
  net_send_str(fd, "456");
  assert_true(net_wait(&a.ends, 1));
  assert_true(net_closed(fd, 30000));
  close(fd);
  rig_close(&r);
  assert_int_equal(a.end.err, PEAL_ERR_TOO_LONG);
  assert_string_equal(a.text, "123");
}

static void so_many_at_once_and_so_many_behind_them(void **state) {
  rig r;
  asked a = {0}, b = {0}, c = {0};
  peal_kit_calls_stats stats;
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){.max_running = 1, .max_waiting = 1});
  ask(&r, &a);
  int fd = take_any(&r);
  ask(&r, &b);
  c.rig = &r;
  c.opts.url = a.url;
  net_on_worker(r.worker, start, &c);
  assert_int_equal(c.started, PEAL_ERR_QUEUE_FULL);
  assert_null(c.call);
  assert_false(net_readable(r.listening, 50));
  net_send_str(fd, FINE);
  assert_true(net_wait(&a.ends, 1));
  close(fd);
  answer(&r, FINE);
  assert_true(net_wait(&b.ends, 1));
  net_sync(r.worker);
  peal_kit_calls_stats_get(r.calls, &stats);
  assert_int_equal(stats.done, 2);
  assert_int_equal(stats.running, 0);
  assert_int_equal(stats.waiting, 0);
  rig_close(&r);
}

/* ---- never mind ---------------------------------------------------------------------- */

static void cancelling_cuts_the_connection_and_tells_nobody(void **state) {
  rig r;
  asked outside = {0}, inside = {.cancels = true}, next = {0};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask(&r, &outside);
  int fd = take_any(&r);
  net_send_str(fd, STREAM "word");
  assert_true(net_wait(&outside.pieces, 1));
  net_on_worker(r.worker, cancel, &outside);
  assert_true(net_closed(fd, 30000));
  close(fd);
  ask(&r, &inside);
  fd = take_any(&r);
  net_send_str(fd, STREAM "word");
  assert_true(net_wait(&inside.pieces, 1));
  assert_true(net_closed(fd, 30000));
  close(fd);
  ask(&r, &next);
  answer(&r, FINE);
  assert_true(net_wait(&next.ends, 1));
  rig_close(&r);
  assert_int_equal(atomic_load(&outside.ends), 0);
  assert_int_equal(atomic_load(&inside.ends), 0);
}

static void cancelling_what_waits_or_pauses_tells_nobody(void **state) {
  rig r;
  asked pausing = {.opts = {.backoff_ms = 600000}}, waiting = {0};
  peal_kit_calls_stats stats = {0};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){.max_running = 1});
  ask(&r, &pausing);
  answer(&r, "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 30000 && stats.retries == 0; i++) {
    uv_sleep(1);
    net_sync(r.worker);
    peal_kit_calls_stats_get(r.calls, &stats);
  }
  ask(&r, &waiting);
  net_on_worker(r.worker, cancel, &waiting);
  net_on_worker(r.worker, cancel, &pausing);
  net_sync(r.worker);
  peal_kit_calls_stats_get(r.calls, &stats);
  assert_int_equal(stats.running + stats.waiting, 0);
  rig_close(&r);
  assert_int_equal(atomic_load(&waiting.ends), 0);
  assert_int_equal(atomic_load(&pausing.ends), 0);
}

static void freeing_ends_what_there_is(void **state) {
  (void)state;
  for (int how = 0; how < 3; how++) {
    rig r;
    asked a = {.frees = how == 1, .frees_at_end = how == 2}, b = {0}, c = {0};
    rig_open(&r, &(peal_kit_calls_opts){.max_running = 2});
    ask(&r, &a);
    int fd = take_any(&r);
    ask(&r, &b);
    int other = take_any(&r);
    ask(&r, &c);
    if (how > 0)
      net_send_str(fd, how == 1 ? STREAM "word" : FINE);
    else
      net_on_worker(r.worker, close_calls, &r);
    assert_true(net_wait(&b.ends, 1));
    assert_true(net_wait(&c.ends, 1));
    assert_true(net_wait(&a.ends, 1));
    assert_true(net_closed(other, 30000));
    close(fd);
    close(other);
    rig_close(&r);
    assert_int_equal(b.end.err, PEAL_ERR_CANCELLED);
    assert_int_equal(c.end.err, PEAL_ERR_CANCELLED);
    assert_int_equal(c.end.tries, 0);
    assert_int_equal(a.end.err, how == 2 ? PEAL_OK : PEAL_ERR_CANCELLED);
  }
}

/* ---- whom it believes ------------------------------------------------------------------ */

/* One answer over TLS with this certificate; false: hands were not shaken. */
static bool answer_tls(rig *r, const tls_pair *pair) {
  char head[2048];
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(ctx, pair->cert);
  SSL_CTX_use_PrivateKey(ctx, pair->key);
  assert_true(net_readable(r->listening, 30000));
  int fd = accept4(r->listening, NULL, NULL, SOCK_CLOEXEC);
  SSL *ssl = SSL_new(ctx);
  SSL_set_fd(ssl, fd);
  bool is_shaken = SSL_accept(ssl) == 1;
  is_shaken = is_shaken && SSL_read(ssl, head, sizeof head) > 0;
  if (is_shaken)
    SSL_write(ssl, FINE, sizeof FINE - 1);
  SSL_free(ssl);
  SSL_CTX_free(ctx);
  close(fd);
  return is_shaken;
}

static void ask_tls(rig *r, asked *a) {
  a->rig = r;
  snprintf(a->url, sizeof a->url, "https://127.0.0.1:%u/", r->port);
  a->opts.url = a->url;
  a->opts.on_piece = on_piece;
  a->opts.on_end = on_end;
  a->opts.user = a;
  net_on_worker(r->worker, start, a);
  assert_int_equal(a->started, PEAL_OK);
}

static void a_certificate_has_to_be_of_somebody_known_and_of_the_host(
    void **state) {
  rig r;
  tls_files files;
  asked unknown = {0}, known = {0}, other = {0};
  (void)state;
  tls_pair ca = tls_make("an authority", NULL);
  tls_pair right = tls_make("IP:127.0.0.1", &ca);
  tls_pair wrong = tls_make("DNS:other.test", &ca);
  tls_files_open(&files);
  tls_write(files.cert, files.key, &ca);
  rig_open(&r, &(peal_kit_calls_opts){0});
  ask_tls(&r, &unknown);
  assert_false(answer_tls(&r, &right));
  assert_true(net_wait(&unknown.ends, 1));
  rig_close(&r);
  assert_int_equal(unknown.end.err, PEAL_ERR_CERT);
  assert_int_equal(unknown.end.tries, 1);

  rig_open(&r, &(peal_kit_calls_opts){.ca_file = files.cert});
  ask_tls(&r, &known);
  assert_true(answer_tls(&r, &right));
  assert_true(net_wait(&known.ends, 1));
  ask_tls(&r, &other);
  assert_false(answer_tls(&r, &wrong));
  assert_true(net_wait(&other.ends, 1));
  rig_close(&r);
  assert_int_equal(known.end.err, PEAL_OK);
  assert_int_equal(other.end.err, PEAL_ERR_CERT);
  tls_files_close(&files);
  tls_unmake(&ca);
  tls_unmake(&right);
  tls_unmake(&wrong);
}

/* ---- misuse ------------------------------------------------------------------------------ */

static void what_cannot_be_asked_is_refused(void **state) {
  rig r;
  static const char *const broken[] = {"X: a\r\nY: b", NULL};
  static const char *const nameless[] = {"X", NULL};
  const peal_kit_call_opts wrong[] = {
      {.url = NULL},
      {.url = "ftp://127.0.0.1/"},
      {.url = "file:///etc/passwd"},
      {.url = "http://127.0.0.1/ HTTP/1.1\r\nX: y"},
      {.url = "http://127.0.0.1/", .headers = broken},
      {.url = "http://127.0.0.1/", .headers = nameless},
      {.url = "http://127.0.0.1/", .method = "GET\n"},
      {.url = "http://127.0.0.1/", .reserved = {1}}};
  (void)state;
  rig_open(&r, &(peal_kit_calls_opts){0});
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    asked a = {.rig = &r, .opts = wrong[i]};
    net_on_worker(r.worker, start, &a);
    assert_int_equal(a.started, PEAL_ERR_USAGE);
  }
  rig_close(&r);
  peal_kit_call_cancel(NULL);
  peal_kit_calls_free(NULL);
  assert_null(peal_kit_calls_new(NULL, NULL));
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_comes_in_pieces_and_ends_once),
      cmocka_unit_test(methods_are_what_was_asked_for),
      cmocka_unit_test(what_passes_is_tried_again),
      cmocka_unit_test(the_server_says_how_long_to_wait),
      cmocka_unit_test(too_long_a_wait_is_none),
      cmocka_unit_test(what_does_not_pass_is_not_tried_again),
      cmocka_unit_test(nothing_is_tried_again_behind_the_first_piece),
      cmocka_unit_test(what_is_kept_whole_is_tried_again_in_the_middle),
      cmocka_unit_test(nobody_there_is_said),
      cmocka_unit_test(silence_is_an_end),
      cmocka_unit_test(too_much_is_an_end),
      cmocka_unit_test(so_many_at_once_and_so_many_behind_them),
      cmocka_unit_test(cancelling_cuts_the_connection_and_tells_nobody),
      cmocka_unit_test(cancelling_what_waits_or_pauses_tells_nobody),
      cmocka_unit_test(freeing_ends_what_there_is),
      cmocka_unit_test(
          a_certificate_has_to_be_of_somebody_known_and_of_the_host),
      cmocka_unit_test(what_cannot_be_asked_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
