/* SPDX-License-Identifier: MIT */
#include "dial_fixture.h"
#include "net/dial_race.h"
#include "torture.h"

static void close_result(dial_scene *it) {
  peal_stream_parcel_close(&it->result.parcel);
}

/* -- connecting -------------------------------------------------------------- */

static void a_number_is_connected_to(void **state) {
  dial_scene it;
  dial_peer peer;
  (void)state;
  dial_open_scene(&it);
  dial_peer_open(&peer, dial_serve_echo);
  it.opts.port = (uint16_t)peer.port;
  dial_expect(&it, PEAL_OK, "");
  assert_int_equal(it.result.step, PEAL_DIAL_DONE);
  char place[32];
  snprintf(place, sizeof(place), "127.0.0.1:%u", peer.port);
  assert_string_equal(it.result.address, place);
  dial_echo(&it, it.worker, "hello", 5);
  dial_peer_close(&peer);
  dial_close_scene(&it);
}

static void a_name_is_looked_up_and_the_family_that_answers_wins(void **state) {
  dial_scene it;
  dial_peer peer; /* of IPv4 alone: ::1 refuses, if there is one */
  (void)state;
  dial_open_scene(&it);
  dial_peer_open(&peer, dial_serve_echo);
  it.opts.host = "localhost";
  it.opts.port = (uint16_t)peer.port;
  dial_expect(&it, PEAL_OK, "");
  dial_echo(&it, it.worker, "hello", 5);
  dial_peer_close(&peer);
  dial_close_scene(&it);
}

static void ipv6_is_written_without_brackets(void **state) {
  dial_scene it;
  (void)state;
  if (!net_has_ipv6())
    return;
  dial_open_scene(&it);
  struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                            .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(fd, 4), 0);
  getsockname(fd, (struct sockaddr *)&at, &len);
  it.opts.host = "::1";
  it.opts.port = ntohs(at.sin6_port);
  dial_expect(&it, PEAL_OK, "");
  assert_true(strncmp(it.result.address, "[::1]:", 6) == 0);
  close_result(&it);
  close(fd);
  dial_close_scene(&it);
}

static void a_unix_socket_has_a_path(void **state) {
  dial_scene it;
  char host[128], wrong[160];
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  (void)state;
  dial_open_scene(&it);
  snprintf(at.sun_path, sizeof(at.sun_path), "%s/sock", it.files.dir);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(fd, 4), 0);
  snprintf(host, sizeof(host), "unix:%s", at.sun_path);
  snprintf(wrong, sizeof(wrong), "%s-not", host);
  it.opts.host = host;
  it.opts.proxy = "http://127.0.0.1:1"; /* goes nowhere for it */
  dial_expect(&it, PEAL_OK, "");
  assert_string_equal(it.result.address, "unix");
  close_result(&it);
  it.opts.host = wrong;
  dial_expect(&it, PEAL_ERR_CONNECT, "there is no socket at unix:");
  it.opts.host = "unix:";
  dial_expect(&it, PEAL_ERR_HOST, "1 to 107 bytes");
  close(fd);
  dial_expect(&it, PEAL_ERR_HOST, "1 to 107 bytes");
  dial_close_scene(&it);
}

static void what_failed_is_said_in_words(void **state) {
  dial_scene it;
  dial_peer peer;
  char words[80];
  (void)state;
  dial_open_scene(&it);
  dial_peer_listen(&peer, 1);
  close(peer.listening);
  it.opts.host = "localhost";
  it.opts.port = (uint16_t)peer.port;
  snprintf(words, sizeof(words),
           "localhost:%u refused the connection (ECONNREFUSED): nothing "
           "listens there",
           peer.port);
  dial_expect(&it, PEAL_ERR_CONNECT, words);
  assert_int_equal(it.result.step, PEAL_DIAL_CONNECT);
  it.opts.host = "no..such.host";
  dial_expect(&it, PEAL_ERR_HOST, "no..such.host");
  assert_int_equal(it.result.step, PEAL_DIAL_RESOLVE);
  it.opts.host = "";
  assert_int_equal(dial_try(&it), PEAL_ERR_HOST);
  dial_close_scene(&it);
}

static void a_peer_that_does_not_answer_has_its_time(void **state) {
  dial_scene it;
  dial_peer peer;
  int filler[2];
  (void)state;
  dial_open_scene(&it);
  dial_peer_deaf(&peer, filler);
  it.opts.port = (uint16_t)peer.port;
  it.opts.timeout_ms = 100;
  dial_expect(&it, PEAL_ERR_TIMEOUT,
              "timed out after 100 ms while connecting to 127.0.0.1:");
  assert_int_equal(it.result.step, PEAL_DIAL_CONNECT);
  dial_peer_end_deaf(&peer, filler);
  dial_close_scene(&it);
}

/* -- the race ---------------------------------------------------------------- */

typedef struct runner {
  peal_dial_race race;
  unsigned ports[4];
  unsigned count;
  atomic_int called;
  int fd, error;
} runner;

static void on_raced(peal_dial_race *race, int fd, int error) {
  runner *it = PEAL_LIST_OF(race, runner, race);
  it->fd = fd;
  it->error = error;
  atomic_fetch_add(&it->called, 1);
}

static void race_on(peal_worker *worker, void *user) {
  runner *it = user;
  peal_dial_race_init(&it->race, worker, on_raced);
  for (unsigned i = 0; i < it->count; i++) {
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)it->ports[i]),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    peal_dial_race_add(&it->race, (struct sockaddr *)&at, sizeof(at));
  }
  peal_dial_race_start(&it->race);
}

static void the_next_address_is_tried_while_one_does_not_answer(void **state) {
  dial_scene it;
  dial_peer deaf, peer;
  int filler[2];
  (void)state;
  dial_open_scene(&it);
  dial_peer_deaf(&deaf, filler);
  dial_peer_open(&peer, dial_serve_echo);
  runner one = {.ports = {deaf.port, peer.port}, .count = 2};
  net_on_worker(it.worker, race_on, &one);
  assert_true(net_wait(&one.called, 1));
  net_sync(it.worker);
  assert_true(one.fd >= 0);
  struct sockaddr_in at;
  socklen_t len = sizeof(at);
  getpeername(one.fd, (struct sockaddr *)&at, &len);
  assert_int_equal(ntohs(at.sin_port), peer.port);
  close(one.fd);
  dial_peer_end_deaf(&deaf, filler);
  dial_peer_close(&peer);
  dial_close_scene(&it);
}

static void who_refuses_is_passed_at_once(void **state) {
  dial_scene it;
  dial_peer gone, peer;
  (void)state;
  dial_open_scene(&it);
  dial_peer_listen(&gone, 1);
  close(gone.listening);
  dial_peer_open(&peer, dial_serve_echo);
  runner one = {.ports = {gone.port, gone.port, peer.port}, .count = 3};
  net_on_worker(it.worker, race_on, &one);
  assert_true(net_wait(&one.called, 1));
  net_sync(it.worker);
  assert_true(one.fd >= 0);
  close(one.fd);
  runner none = {.ports = {gone.port, gone.port}, .count = 2};
  net_on_worker(it.worker, race_on, &none);
  assert_true(net_wait(&none.called, 1));
  net_sync(it.worker);
  assert_int_equal(none.fd, -1);
  assert_int_equal(none.error, ECONNREFUSED);
  dial_peer_close(&peer);
  dial_close_scene(&it);
}

/* -- the end ----------------------------------------------------------------- */

static void close_on(peal_worker *worker, void *user) {
  dial_scene *it = user;
  (void)worker;
  peal_dial_close(it->dial);
  it->dial = NULL;
}

static void open_and_close_on(peal_worker *worker, void *user) {
  dial_open_on(worker, user);
  close_on(worker, user);
}

/* Before it begins, in the middle of a lookup, of connecting, of TLS, of the
 * words with a proxy: nothing is told, nothing is left. */
static void a_dial_that_is_closed_says_nothing(void **state) {
  dial_scene it;
  dial_peer deaf, silent;
  int filler[2];
  (void)state;
  dial_open_scene(&it);
  dial_peer_deaf(&deaf, filler);
  dial_peer_open(&silent, dial_serve_echo);
  it.opts.port = (uint16_t)silent.port;
  net_on_worker(it.worker, open_and_close_on, &it);
  const char *hosts[] = {"localhost", "127.0.0.1"};
  for (int i = 0; i < 2; i++) {
    it.opts.host = hosts[i];
    it.opts.port = (uint16_t)deaf.port;
    net_on_worker(it.worker, dial_open_on, &it);
    net_on_worker(it.worker, close_on, &it);
  }
  dial_use_tls(&it, NULL); /* an echo is no answer of TLS to be had */
  char proxy[64];
  snprintf(proxy, sizeof(proxy), "socks5://127.0.0.1:%u", silent.port);
  for (int i = 0; i < 2; i++) {
    int before = atomic_load(&silent.accepted);
    it.opts.host = "127.0.0.1";
    it.opts.port = (uint16_t)silent.port;
    it.opts.proxy = i ? proxy : NULL;
    silent.serve = dial_serve_words; /* waits */
    silent.words = "";
    net_on_worker(it.worker, dial_open_on, &it);
    assert_true(net_wait(&silent.accepted, before + 1));
    net_on_worker(it.worker, close_on, &it);
  }
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.called), 0);
  dial_peer_close(&silent);
  dial_peer_end_deaf(&deaf, filler);
  dial_close_scene(&it);
}

static void the_end_of_the_worker_is_told(void **state) {
  dial_scene it;
  dial_peer deaf;
  int filler[2];
  (void)state;
  dial_open_scene(&it);
  dial_peer_deaf(&deaf, filler);
  it.opts.port = (uint16_t)deaf.port;
  net_on_worker(it.worker, dial_open_on, &it);
  dial_close_scene(&it);
  assert_int_equal(atomic_load(&it.called), 1);
  assert_int_equal(it.result.err, PEAL_ERR_CANCELLED);
  dial_peer_end_deaf(&deaf, filler);
}

static void again_on_result(peal_dial *dial, const peal_dial_result *result,
                            void *user) {
  dial_scene *it = user;
  assert_true(result->err != PEAL_OK);
  peal_dial_close(dial); /* allowed, and nothing */
  if (atomic_fetch_add(&it->called, 1) < 20)
    it->dial = peal_dial_open(it->worker, &it->opts, again_on_result, it);
}

static void again_on(peal_worker *worker, void *user) {
  dial_scene *it = user;
  it->dial = peal_dial_open(worker, &it->opts, again_on_result, it);
}

static void the_callback_may_dial_again_and_close(void **state) {
  dial_scene it;
  (void)state;
  dial_open_scene(&it);
  it.opts.host = "unix:/nowhere/at/all";
  net_on_worker(it.worker, again_on, &it);
  assert_true(net_wait(&it.called, 21));
  dial_close_scene(&it);
}

/* -- memory ------------------------------------------------------------------ */

typedef struct tortured {
  uint16_t port; /* of a proxy */
  peal_err err;
  bool called;
} tortured;

static void on_tortured(peal_dial *dial, const peal_dial_result *result,
                        void *user) {
  tortured *it = user;
  (void)dial;
  assert_false(it->called);
  it->called = true;
  it->err = result->err;
  if (!result->err)
    peal_stream_parcel_close(&result->parcel);
}

/* A worker without a thread, a name, a proxy: the connection or NOMEM. */
static peal_err dial_once(const peal_mem *mem, void *user) {
  tortured *it = user;
  char proxy[64];
  snprintf(proxy, sizeof(proxy), "http://u:p@localhost:%u", it->port);
  peal_workers *workers =
      peal_workers_new(&(peal_workers_opts){.mem = mem, .log = NET_QUIET});
  if (!workers)
    return PEAL_ERR_NOMEM;
  it->called = false;
  it->err = PEAL_ERR_NOMEM;
  if (peal_workers_begin(workers) == PEAL_OK) {
    peal_worker *worker = peal_workers_get(workers, 0);
    const peal_dial_opts opts = {
        .host = "a.test", .port = 80, .proxy = proxy, .timeout_ms = 60000};
    peal_dial *dial = peal_dial_open(worker, &opts, on_tortured, it);
    while (dial && !it->called)
      if (peal_workers_step(workers, -1) != PEAL_OK)
        break;
    peal_workers_end(workers);
  }
  peal_workers_free(workers);
  return it->err;
}

static void every_allocation_may_fail(void **state) {
  dial_peer peer;
  tortured it = {.called = false};
  (void)state;
  dial_peer_listen(&peer, 64);
  peer.words = "HTTP/1.1 200 ok\r\n\r\n";
  dial_peer_run(&peer, dial_serve_words);
  it.port = (uint16_t)peer.port;
  assert_true(torture_run(dial_once, &it, true, NULL));
  dial_peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_number_is_connected_to),
      cmocka_unit_test(a_name_is_looked_up_and_the_family_that_answers_wins),
      cmocka_unit_test(ipv6_is_written_without_brackets),
      cmocka_unit_test(a_unix_socket_has_a_path),
      cmocka_unit_test(what_failed_is_said_in_words),
      cmocka_unit_test(a_peer_that_does_not_answer_has_its_time),
      cmocka_unit_test(the_next_address_is_tried_while_one_does_not_answer),
      cmocka_unit_test(who_refuses_is_passed_at_once),
      cmocka_unit_test(a_dial_that_is_closed_says_nothing),
      cmocka_unit_test(the_end_of_the_worker_is_told),
      cmocka_unit_test(the_callback_may_dial_again_and_close),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
