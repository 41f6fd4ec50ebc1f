/* SPDX-License-Identifier: MIT */
/* Raw servers when memory runs out at every single allocation, and when clients
 * come and go while other threads send to them, post to them and close them. */
#include <peal/engine.h>

#include "server_fixture.h"
#include "shared_torture.h"

static atomic_int opened, closed, hung, unhung, posted, called;
static peal_engine_ref last; /* a client that came lately */
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;

static void on_free(void *user) {
  atomic_fetch_add(&unhung, 1);
  free(user);
}

static void on_open(peal_engine_client *client, void *user) {
  char *mine = strdup("mine");
  (void)user;
  atomic_fetch_add(&opened, 1);
  if (mine)
    atomic_fetch_add(&hung, 1);
  peal_engine_client_set_user(client, mine, on_free);
  pthread_mutex_lock(&last_lock);
  last = peal_engine_client_ref(client);
  pthread_mutex_unlock(&last_lock);
  (void)peal_engine_client_send(client, PEAL_S("hello"), false);
}

static void on_posted(peal_engine_client *client, void *user) {
  (void)user;
  if (client)
    (void)peal_engine_client_send(client, PEAL_S("posted"), true);
  atomic_fetch_add(&called, 1);
}

static void post(const peal_engine_ref *ref) {
  if (ref->server && !peal_engine_ref_post(ref, on_posted, NULL))
    atomic_fetch_add(&posted, 1);
}

static void on_message(peal_engine_client *client, peal_slice data, bool binary,
                       void *user) {
  peal_engine_ref self = peal_engine_client_ref(client);
  (void)user;
  (void)peal_engine_client_send_with(client, data, binary,
                                     &(peal_engine_how){.conflate = "key"});
  if (data.len && data.ptr[0] == 'a')
    (void)peal_engine_server_send(peal_engine_client_server(client), data,
                                  binary, NULL);
  if (data.len && data.ptr[0] == 'p')
    post(&self);
  if (data.len && data.ptr[0] == 'c')
    (void)peal_engine_ref_close(&self, false);
}

static void on_close(peal_engine_client *client, peal_reason reason,
                     peal_err err, void *user) {
  (void)client;
  (void)reason;
  (void)err;
  (void)user;
  atomic_fetch_add(&closed, 1);
}

static peal_engine_server_opts engine_opts(void) {
  return (peal_engine_server_opts){
      .host = "127.0.0.1",
      .port = PEAL_PORT_ANY,
      .log = {.fn = server_quiet, .level = PEAL_LOG_ERROR},
      .ping_interval_ms = 500,
      .ping_timeout_ms = 2000,
      .on_open = on_open,
      .on_message = on_message,
      .on_close = on_close};
}

static void begin_counting(void) {
  atomic_int *const all[] = {&opened, &closed, &hung,
                             &unhung, &posted, &called};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    atomic_store(all[i], 0);
  last = (peal_engine_ref){0};
}

static void *engine_main(void *user) {
  return peal_engine_server_run(user) == 0 ? user : NULL;
}

static pthread_t engine_run(peal_engine_server *server) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, engine_main, server), 0);
  return thread;
}

/* Whatever happened: everything was told once. */
static void engine_stop(peal_engine_server *server, pthread_t thread) {
  void *result = NULL;
  peal_engine_server_stats stats;
  peal_workers_stop(peal_engine_server_workers(server), 200);
  pthread_join(thread, &result);
  assert_ptr_equal(result, server);
  peal_engine_server_stats_get(server, &stats);
  assert_int_equal(stats.clients, 0);
  peal_engine_server_free(server);
  assert_int_equal(opened, closed);
  assert_int_equal(hung, unhung);
  assert_int_equal(posted, called);
}

static bool enter(sio_client *client, unsigned port, sio_via via) {
  *client = (sio_client){.path = "/engine.io/"};
  return sio_client_open_with(client, port, via);
}

/* -- every allocation ------------------------------------------------------ */

static bool is_served(unsigned port) {
  sio_client client;
  bool ok = enter(&client, port, SIO_WEBSOCKET) &&
            sio_client_await(&client, "4hello") &&
            sio_client_send(&client, "4x") && sio_client_await(&client, "4x");
  sio_client_close(&client);
  return ok;
}

static void drain(sio_client *client) {
  while (sio_client_next(client, 100))
    continue;
}

static void scene(unsigned port, sio_via via) {
  sio_client client;
  if (enter(&client, port, via)) {
    if (sio_client_send(&client, "4all") && sio_client_send(&client, "4post"))
      drain(&client);
    if (sio_client_send(&client, "4close"))
      (void)sio_client_ends(&client, 150);
  }
  sio_client_close(&client);
}

/* Returns false when no allocation was left to fail. */
static bool run_one(sio_via via, unsigned workers, size_t n) {
  shared_torture s;
  shared_init(&s);
  begin_counting();
  peal_engine_server_opts opts = engine_opts();
  opts.mem = &s.mem;
  opts.workers = workers;
  peal_engine_server *server = peal_engine_server_new(&opts);
  assert_non_null(server);
  unsigned port = peal_http_server_port(peal_engine_server_http(server));
  pthread_t thread = engine_run(server);
  arm(&s, n);
  scene(port, via);
  bool failed = disarm(&s);
  if (!is_served(port))
    fail_msg("after allocation %zu failed nobody is served", n);
  engine_stop(server, thread);
  if (s.torture.live)
    fail_msg("allocation %zu failing leaks %zu blocks", n, s.torture.live);
  pthread_mutex_destroy(&s.lock);
  return failed;
}

static void memory_ends_anywhere_in_a_session(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 2; workers++) {
    for (sio_via via = SIO_WEBSOCKET; via <= SIO_POLLING; via++) {
      size_t n = 1;
      while (n < 300 && run_one(via, workers, n))
        n++;
      print_message("%zu allocations\n", n - 1);
      assert_in_range(n, 2, 299);
    }
  }
}

static void memory_ends_anywhere_in_setting_up(void **state) {
  (void)state;
  for (size_t n = 1; n < 300; n++) {
    shared_torture s;
    shared_init(&s);
    arm(&s, n);
    peal_engine_server_opts opts = engine_opts();
    opts.mem = &s.mem;
    opts.workers = 2;
    opts.path = "/x";
    opts.log.level = PEAL_LOG_OFF;
    opts.cookie.name = "io";
    peal_engine_server *server = peal_engine_server_new(&opts);
    /* Nobody is there before the run. */
    if (server)
      (void)peal_engine_server_send(server, PEAL_S("x"), false, NULL);
    peal_engine_server_free(server);
    if (s.torture.live)
      fail_msg("allocation %zu failing leaks %zu blocks", n, s.torture.live);
    bool failed = disarm(&s);
    pthread_mutex_destroy(&s.lock);
    if (!failed)
      return;
  }
  fail_msg("too many allocations");
}

/* -- many threads ---------------------------------------------------------- */

typedef struct storm {
  peal_engine_server *server;
  unsigned port;
  unsigned seed;
  atomic_bool *over;
} storm;

static unsigned next(unsigned *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 16;
}

/* Comes, says something, goes in one of several ways. */
static void *clients_main(void *user) {
  storm *it = user;
  static const char *const words[] = {"4x", "4all", "4post", "4close"};
  for (int i = 0; i < 40; i++) {
    sio_client client;
    if (!enter(&client, it->port, (sio_via)(next(&it->seed) & 1)))
      continue;
    for (unsigned n = next(&it->seed) % 4; n; n--) {
      (void)sio_client_send(&client, words[next(&it->seed) % 4]);
      (void)sio_client_next(&client, 5);
    }
    if (next(&it->seed) & 1)
      sio_client_reset(&client);
    else
      sio_client_close(&client);
  }
  return NULL;
}

static void *outside_main(void *user) {
  storm *it = user;
  while (!atomic_load(it->over)) {
    pthread_mutex_lock(&last_lock);
    peal_engine_ref ref = last;
    pthread_mutex_unlock(&last_lock);
    switch (next(&it->seed) % 8) {
    case 0:
      (void)peal_engine_ref_close(&ref, true);
      break;
    case 1:
      (void)peal_engine_server_send(it->server, PEAL_S("storm"), false,
                                    &(peal_engine_how){.is_volatile = true});
      break;
    case 2:
    case 3:
      post(&ref);
      break;
    default:
      (void)peal_engine_ref_send(&ref, PEAL_S("\xff"), true, NULL);
    }
    usleep(next(&it->seed) % 500);
  }
  return NULL;
}

static void threads_meet_clients_that_come_and_go(void **state) {
  enum { CLIENTS = 4, OUTSIDE = 2 };

  (void)state;
  atomic_bool over = false;
  peal_engine_server_opts opts = engine_opts();
  opts.workers = 3;
  begin_counting();
  peal_engine_server *server = peal_engine_server_new(&opts);
  assert_non_null(server);
  pthread_t thread = engine_run(server), threads[CLIENTS + OUTSIDE];
  storm storms[CLIENTS + OUTSIDE];
  for (int i = 0; i < CLIENTS + OUTSIDE; i++) {
    storms[i] =
        (storm){.server = server,
                .port = peal_http_server_port(peal_engine_server_http(server)),
                .seed = (unsigned)i + 1,
                .over = &over};
    assert_int_equal(pthread_create(&threads[i], NULL,
                                    i < CLIENTS ? clients_main : outside_main,
                                    &storms[i]),
                     0);
  }
  for (int i = 0; i < CLIENTS; i++)
    pthread_join(threads[i], NULL);
  /* The stop meets those who still send. */
  peal_engine_server_stop(server);
  usleep(20000);
  atomic_store(&over, true);
  for (int i = CLIENTS; i < CLIENTS + OUTSIDE; i++)
    pthread_join(threads[i], NULL);
  assert_true(atomic_load(&opened) > 0);
  engine_stop(server, thread);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_ends_anywhere_in_setting_up),
      cmocka_unit_test(memory_ends_anywhere_in_a_session),
      cmocka_unit_test(threads_meet_clients_that_come_and_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
