/* SPDX-License-Identifier: MIT */
/* A model: clients and handlers do anything in any order, inside callbacks and
 * from other threads. Whoever was told to be open is told to be closed, once and
 * last; what it was given is freed once; nothing is left. */
#include "ws_fixture.h"

#define WORKERS 3u
#define CLIENTS 3u /* threads */
#define LIVES 60u  /* of each */
#define REFS 64u

static ws_fixture it;
static atomic_int opens, closes, sets, frees;
static atomic_bool over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static peal_ws_ref refs[REFS];

/* Each connection's own: what has happened to it. */
typedef struct life {
  bool closed;
  unsigned dice;
} life;

static unsigned roll(unsigned *dice, unsigned sides) {
  *dice = *dice * 1664525u + 1013904223u;
  return (*dice >> 12) % sides;
}

static peal_ws_ref some_ref(unsigned *dice) {
  pthread_mutex_lock(&lock);
  peal_ws_ref ref = refs[roll(dice, REFS)];
  pthread_mutex_unlock(&lock);
  return ref;
}

static void keep_ref(peal_ws_ref ref, unsigned *dice) {
  pthread_mutex_lock(&lock);
  refs[roll(dice, REFS)] = ref;
  pthread_mutex_unlock(&lock);
}

/* -- the server's side ------------------------------------------------------- */

static void on_free(void *user) {
  life *one = user;
  assert_true(one->closed);
  free(one);
  atomic_fetch_add(&frees, 1);
}

static char filler[200000];

static void anywhere(unsigned *dice) {
  const peal_slice groups[] = {PEAL_S("a"), PEAL_S("b")};
  char *text = filler;
  size_t len = roll(dice, 50) ? roll(dice, 300) : sizeof filler;
  switch (roll(dice, 6)) {
  case 0:
    (void)peal_ws_ref_send(some_ref(dice), NULL, (peal_slice){text, len});
    break;
  case 1:
    (void)peal_ws_ref_close(some_ref(dice), 1000 + roll(dice, 20),
                            PEAL_S("by somebody"));
    break;
  case 2:
    (void)peal_ws_group_send(it.endpoint, groups[roll(dice, 2)],
                             (peal_slice){text, len}, true);
    break;
  case 3:
    (void)peal_ws_group_send_to(
        it.endpoint,
        &(peal_ws_to){.groups = groups,
                      .group_count = roll(dice, 3),
                      .except = some_ref(dice),
                      .how = {.is_volatile = roll(dice, 2),
                              .conflate = groups[roll(dice, 2)]}},
        (peal_slice){text, len});
    break;
  default:
    break;
  }
}

static void do_something(peal_ws *ws, unsigned *dice) {
  const peal_slice groups[] = {PEAL_S("a"), PEAL_S("b"), PEAL_S("c")};
  anywhere(dice);
  switch (roll(dice, 12)) {
  case 0:
    peal_ws_close(ws, roll(dice, 5000), PEAL_S("because"));
    break;
  case 1:
  case 2:
    (void)peal_ws_join(ws, groups[roll(dice, 3)]);
    break;
  case 3:
    peal_ws_leave(ws, groups[roll(dice, 3)]);
    break;
  case 4:
    for (int i = 0; i < 30; i++)
      (void)peal_ws_send(ws, (peal_slice){filler, sizeof filler}, true);
    break;
  case 5:
    (void)peal_ws_send_with(ws, &(peal_ws_how){.conflate = PEAL_S("k")},
                            (peal_slice){filler, roll(dice, 2000)});
    break;
  case 6: {
    peal_ws *other = peal_ws_ref_get(some_ref(dice));
    peal_ws_close(other, 4001, PEAL_S("by a neighbour"));
    (void)peal_ws_send(other, PEAL_S("x"), false);
    break;
  }
  default:
    (void)peal_ws_send(ws, (peal_slice){filler, roll(dice, 2000)}, true);
    break;
  }
}

static void on_open(peal_ws *ws, void *user) {
  (void)user;
  life *one = calloc(1, sizeof *one);
  assert_non_null(one);
  one->dice = (unsigned)atomic_fetch_add(&opens, 1) * 7919u;
  peal_ws_set_user(ws, one, on_free);
  atomic_fetch_add(&sets, 1);
  keep_ref(peal_ws_ref_of(ws), &one->dice);
  do_something(ws, &one->dice);
}

static void on_message(peal_ws *ws, peal_slice data, bool is_binary,
                       void *user) {
  life *one = peal_ws_user(ws);
  (void)user;
  assert_false(one->closed);
  assert_true(peal_ws_is_open(ws));
  (void)peal_ws_send(ws, data, is_binary);
  do_something(ws, &one->dice);
}

static void on_drain(peal_ws *ws, void *user) {
  life *one = peal_ws_user(ws);
  (void)user;
  assert_false(one->closed);
  do_something(ws, &one->dice);
}

static void on_close(peal_ws *ws, const peal_ws_end *end, void *user) {
  life *one = peal_ws_user(ws);
  (void)user;
  (void)end;
  assert_false(one->closed);
  one->closed = true;
  atomic_fetch_add(&closes, 1);
  do_something(ws, &one->dice);
  assert_int_equal(peal_ws_group_count(ws), 0);
}

typedef struct question {
  peal_ws_ask *ask;
  unsigned answer;
} question;

static void answer_later(peal_worker *worker, void *user) {
  question *one = user;
  (void)worker;
  if (one->answer)
    peal_ws_accept(one->ask, NULL);
  else
    peal_ws_refuse(one->ask, 403, NULL);
  free(one);
}

static void on_allow(peal_http_req *req, peal_ws_ask *ask, void *user) {
  static _Thread_local unsigned dice = 99;
  (void)user;
  if (roll(&dice, 3)) {
    peal_ws_accept(ask, NULL);
    return;
  }
  question *one = malloc(sizeof *one);
  assert_non_null(one);
  *one = (question){.ask = ask, .answer = roll(&dice, 4)};
  assert_int_equal(
      peal_worker_post(peal_http_req_worker(req), answer_later, one), PEAL_OK);
}

/* -- the clients' side ------------------------------------------------------- */

static void take_what_comes(int fd, unsigned *dice) {
  char bytes[65536];
  int times = (int)roll(dice, 6);
  while (times-- && net_readable(fd, 3) && recv(fd, bytes, sizeof bytes, 0) > 0)
    continue;
}

static bool put(int fd, const char *bytes, size_t len) {
  return send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

static bool put_something(int fd, unsigned *dice) {
  static const uint8_t firsts[] = {0x81, 0x82, 0x82, 0x01, 0x80, 0x00,
                                   0x89, 0x8a, 0x88, 0x83, 0xc1};
  char frame[1100], body[1000];
  memset(body, 'q', sizeof body);
  uint8_t first = firsts[roll(dice, 20) ? roll(dice, 3) : roll(dice, 11)];
  size_t len = ws_encode(frame, first, body, roll(dice, 126));
  return put(fd, frame, roll(dice, 15) ? len : roll(dice, (unsigned)len));
}

static void live(unsigned *dice) {
  int fd = net_connect(it.http.port);
  ws_ask(fd, "/live", "");
  int steps = (int)roll(dice, 20);
  while (steps-- && put_something(fd, dice))
    take_what_comes(fd, dice);
  if (!roll(dice, 3)) {
    const struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  close(fd);
}

static void *client(void *user) {
  unsigned dice = (unsigned)(uintptr_t)user;
  for (unsigned i = 0; i < LIVES; i++)
    live(&dice);
  return NULL;
}

static void *stranger(void *user) {
  unsigned dice = (unsigned)(uintptr_t)user;
  while (!atomic_load(&over)) {
    anywhere(&dice);
    usleep(200);
  }
  return NULL;
}

static void storm(peal_queue_policy policy, unsigned seed) {
  pthread_t clients[CLIENTS], other;
  memset(refs, 0, sizeof refs);
  atomic_store(&over, false);
  ws_run(&it, WORKERS,
         &(peal_ws_opts){.on_open = on_open,
                         .on_message = on_message,
                         .on_drain = on_drain,
                         .on_close = on_close,
                         .allow = on_allow,
                         .queue_policy = policy,
                         .max_queue_bytes = 300000,
                         .max_queue_soft_bytes = 100000,
                         .ping_interval_ms = 15,
                         .ping_timeout_ms = 500});
  for (uintptr_t i = 0; i < CLIENTS; i++)
    assert_int_equal(
        pthread_create(&clients[i], NULL, client, (void *)(seed + i * 77777)),
        0);
  assert_int_equal(
      pthread_create(&other, NULL, stranger, (void *)(uintptr_t)seed), 0);
  for (unsigned i = 0; i < CLIENTS; i++)
    pthread_join(clients[i], NULL);
  /* Some are still there. */
  int left[4];
  for (int i = 0; i < 4; i++) {
    left[i] = net_connect(it.http.port);
    ws_ask(left[i], "/live", "");
  }
  usleep(20000);
  peal_workers_stop(it.http.net.workers, 500);
  net_fixture_join(&it.http.net);
  atomic_store(&over, true);
  pthread_join(other, NULL);
  for (int i = 0; i < 4; i++)
    close(left[i]);
  assert_int_equal(ws_stats(&it).open, 0);
  peal_http_server_free(it.http.server);
  assert_true(atomic_load(&opens) > 50);
  assert_int_equal(atomic_load(&closes), atomic_load(&opens));
  assert_int_equal(atomic_load(&frees), atomic_load(&sets));
}

static void slow_ones_are_closed(void **state) {
  (void)state;
  storm(PEAL_QUEUE_CLOSE, 1);
}

static void the_newest_are_dropped(void **state) {
  (void)state;
  storm(PEAL_QUEUE_DROP_NEWEST, 2);
}

static void the_oldest_are_dropped(void **state) {
  (void)state;
  storm(PEAL_QUEUE_DROP_OLDEST, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slow_ones_are_closed),
      cmocka_unit_test(the_newest_are_dropped),
      cmocka_unit_test(the_oldest_are_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
