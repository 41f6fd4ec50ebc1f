/* SPDX-License-Identifier: MIT */
/* The functions of a request in random order, from handlers, from callbacks
 * and later: every consumer is told once, every request is over once, the
 * server lives. */
#include "http_fixture.h"

static uint64_t dice; /* of the worker */

static unsigned roll(uint64_t *state, unsigned sides) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(*state >> 33) % sides;
}

/* What is known of a request; it hangs on it by set_user. */
typedef struct known {
  unsigned asked, told; /* a consumer of the body */
  bool over, aborted;
  struct known *next;
} known;

static known *all;
static atomic_int requests, overs, timers;

static known *of(const peal_http_req *req) {
  return peal_http_req_user(req);
}

static void do_some(peal_http_req *req);

static void on_data(peal_http_req *req, peal_slice data, void *user) {
  (void)data;
  (void)user;
  assert_false(of(req)->told == of(req)->asked);
  if (roll(&dice, 4) == 0)
    do_some(req);
  /* Who pauses and never goes on would wait for ever. */
  peal_http_req_resume(req);
}

/* After a consumer somebody must be responsible: answer, or defer. */
static void on_end(peal_http_req *req, peal_err err, peal_slice body,
                   void *user) {
  (void)body;
  (void)user;
  of(req)->told++;
  assert_true(of(req)->told <= of(req)->asked);
  if (!err && roll(&dice, 3) == 0)
    do_some(req);
  if (err)
    return;
  /* A stream that was begun and never ends would keep its connection for
   * ever, if the peer's end is behind what is not read yet. */
  peal_http_answer_end(req);
  peal_http_answer(req, 200, NULL, PEAL_S("end"));
}

static void on_abort(peal_http_req *req, void *user) {
  (void)user;
  assert_true(peal_http_req_is_aborted(req));
  assert_false(of(req)->aborted);
  of(req)->aborted = true;
}

static void on_later(peal_timer *timer, void *user) {
  peal_http_req *req = user;
  peal_timer_free(timer);
  atomic_fetch_sub(&timers, 1);
  if (roll(&dice, 2))
    peal_http_answer_begin(req, 200, NULL, UINT64_MAX);
  (void)peal_http_answer_write(req, PEAL_S("later"));
  peal_http_answer_end(req);
  peal_http_answer(req, 200, NULL, PEAL_S("later"));
}

/* Deferred: the request is valid until it has been answered here. */
static void answer_later(peal_http_req *req) {
  peal_timer *timer = peal_timer_new(peal_http_req_worker(req), on_later, req);
  assert_non_null(timer);
  atomic_fetch_add(&timers, 1);
  peal_http_defer(req);
  peal_timer_start(timer, roll(&dice, 5), 0);
}

static void do_one(peal_http_req *req) {
  switch (roll(&dice, 9)) {
  case 0:
    peal_http_req_pause(req);
    break;
  case 1:
  case 2:
    peal_http_req_resume(req);
    break;
  case 3:
    (void)peal_http_answer_header(req, "X-A", PEAL_S("b"));
    break;
  case 4:
    peal_http_answer_begin(req, 200, "text/plain",
                           roll(&dice, 2) ? UINT64_MAX : 3);
    break;
  case 5:
    (void)peal_http_answer_write(req, PEAL_S("abc"));
    break;
  case 6:
    peal_http_answer_end(req);
    break;
  case 7:
    peal_http_answer_close(req);
    break;
  default:
    peal_http_answer(req, roll(&dice, 3) ? 200 : 204, NULL, PEAL_S("x"));
  }
}

static void do_some(peal_http_req *req) {
  for (unsigned i = roll(&dice, 4); i > 0; i--)
    do_one(req);
}

static void on_request(peal_http_req *req, void *user) {
  (void)user;
  known *made = calloc(1, sizeof(*made));
  made->next = all;
  all = made;
  peal_http_req_set_user(req, made);
  atomic_fetch_add(&requests, 1);
  peal_http_req_on_abort(req, on_abort, NULL);
  unsigned choice = roll(&dice, 4);
  /* Who defers may count on it until the answer, so nothing is said before. */
  if (choice == 2) {
    answer_later(req);
    return;
  }
  if (roll(&dice, 2))
    do_some(req);
  if (choice < 2) {
    made->asked++;
    if (choice)
      peal_http_req_collect(req, 50000, on_end, NULL);
    else
      peal_http_req_stream(req, 50000, on_data, on_end, NULL);
    peal_http_req_resume(req);
    return;
  }
  do_some(req);
  peal_http_answer_begin(req, 200, NULL, UINT64_MAX);
  peal_http_answer_end(req);
  peal_http_answer(req, 200, NULL, PEAL_S("now"));
}

static void on_done(peal_http_req *req, const peal_http_done *done,
                    void *user) {
  (void)done;
  (void)user;
  assert_false(of(req)->over);
  of(req)->over = true;
  atomic_fetch_add(&overs, 1);
}

/* One connection with a few requests, cut somewhere, read or not. */
static void play(unsigned port, uint64_t *state) {
  static char text[200000];
  size_t len = 0;
  for (unsigned i = 1 + roll(state, 3); i > 0; i--) {
    unsigned size = roll(state, 2) ? 0 : roll(state, 60000);
    len += (size_t)snprintf(text + len, 200,
                            "POST / HTTP/1.1\r\nHost: a\r\n"
                            "Content-Length: %u\r\n\r\n",
                            size);
    memset(text + len, 'b', size);
    len += size;
  }
  int fd = net_connect(port);
  size_t keep = roll(state, 3) ? len : roll(state, (unsigned)len + 1);
  size_t sent = 0;
  while (sent < keep) {
    size_t piece = 1 + roll(state, 30000);
    ssize_t took =
        send(fd, text + sent, piece < keep - sent ? piece : keep - sent,
             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took <= 0)
      break;
    sent += (size_t)took;
    if (roll(state, 8) == 0)
      uv_sleep(1);
  }
  if (roll(state, 3)) {
    shutdown(fd, SHUT_WR);
    char back[4096];
    while (net_readable(fd, 20) && recv(fd, back, sizeof(back), 0) > 0)
      continue;
  }
  close(fd);
}

/* All connections have ended, nothing will be answered any more. */
static bool is_quiet(const http_fixture *it) {
  peal_http_stats stats;
  peal_http_server_stats(it->server, &stats);
  return stats.connections_open == 0 && atomic_load(&timers) == 0;
}

static void any_order_of_calls_is_survived(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.log.level = PEAL_LOG_OFF;
  opts.body_timeout_ms = 300;
  opts.write_timeout_ms = 300;
  opts.idle_timeout_ms = 300;
  http_fixture it = http_make(&opts);
  uint64_t client = 4711;
  dice = 42;
  http_mount(&it, "/", on_request, NULL);
  assert_int_equal(peal_http_server_on_done(it.server, on_done, NULL), PEAL_OK);
  http_run(&it);
  for (int i = 0; i < 300; i++)
    play(it.port, &client);
  for (int i = 0; i < 10000 && !is_quiet(&it); i++)
    uv_sleep(1);
  assert_true(is_quiet(&it));
  http_stop(&it);
  assert_true(atomic_load(&requests) >= 300);
  unsigned unanswered = 0;
  while (all) {
    known *one = all;
    all = one->next;
    assert_int_equal(one->told, one->asked);
    unanswered += !one->over;
    free(one);
  }
  assert_int_equal(unanswered, 0);
  assert_int_equal(atomic_load(&overs), atomic_load(&requests));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_order_of_calls_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
