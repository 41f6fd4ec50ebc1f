/* SPDX-License-Identifier: MIT */
/* Groups and references over several workers and from other threads. */
#include <signal.h>

#include <sys/wait.h>

#include "ws_fixture.h"

#define CLIENTS 24u
#define WORKERS 3u

static ws_fixture it;
static peal_ws_ref refs[CLIENTS];
static unsigned worker_of[CLIENTS];

/* "number group group ...": the client says who it is and joins. */
static void on_message(peal_ws *ws, peal_slice data, bool is_binary,
                       void *user) {
  char text[256];
  (void)is_binary;
  (void)user;
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(data));
  char *rest = NULL;
  char *word = strtok_r(text, " ", &rest);
  if (!strcmp(word, "leave")) {
    peal_ws_leave(ws, peal_slice_of(strtok_r(NULL, " ", &rest)));
  } else if (!strcmp(word, "to others")) {
    return;
  } else if (!strcmp(word, "tell")) {
    const peal_slice group = peal_slice_of(strtok_r(NULL, " ", &rest));
    assert_int_equal(
        peal_ws_group_send_to(peal_ws_endpoint_of(ws),
                              &(peal_ws_to){.groups = &group,
                                            .group_count = 1,
                                            .except = peal_ws_ref_of(ws)},
                              PEAL_S("from one")),
        PEAL_OK);
  } else {
    unsigned number = (unsigned)atoi(word);
    refs[number] = peal_ws_ref_of(ws);
    worker_of[number] = peal_worker_index(peal_ws_worker(ws));
    assert_ptr_equal(peal_ws_ref_get(refs[number]), ws);
    while ((word = strtok_r(NULL, " ", &rest)))
      assert_int_equal(peal_ws_join(ws, peal_slice_of(word)), PEAL_OK);
  }
  (void)peal_ws_send(ws, PEAL_S("done"), false);
}

static int fds[CLIENTS];

/* Client i is in "all", in "even" or "odd", and in "third" if it is one. */
static void open_all(void) {
  for (unsigned i = 0; i < CLIENTS; i++) {
    char text[64];
    fds[i] = ws_open(&it);
    snprintf(text, sizeof text, "%u all %s%s", i, i % 2 ? "odd" : "even",
             i % 3 ? "" : " third");
    ws_text(fds[i], text);
    ws_expect(fds[i], "done");
  }
}

static void close_all(void) {
  for (unsigned i = 0; i < CLIENTS; i++)
    close(fds[i]);
  ws_await_open(&it, 0);
}

static void start(unsigned workers) {
  peal_ws_opts opts = {.on_message = on_message};
  ws_run(&it, workers, &opts);
  open_all();
}

static peal_err send_to(const peal_slice *groups, size_t count,
                        const char *text) {
  return peal_ws_group_send_to(
      it.endpoint, &(peal_ws_to){.groups = groups, .group_count = count},
      peal_slice_of(text));
}

/* Each of them gets each message once: the last one is a mark for all. */
static void groups_reach_their_members_once(unsigned workers) {
  const peal_slice both[] = {PEAL_S("even"), PEAL_S("third"), PEAL_S("none")};
  start(workers);
  assert_int_equal(
      peal_ws_group_send(it.endpoint, PEAL_S("even"), PEAL_S("1"), false),
      PEAL_OK);
  assert_int_equal(send_to(both, 3, "2"), PEAL_OK);
  assert_int_equal(send_to(both, 0, "nobody"), PEAL_OK);
  assert_int_equal(
      peal_ws_group_send(it.endpoint, PEAL_S("none"), PEAL_S("nobody"), false),
      PEAL_OK);
  assert_int_equal(peal_ws_group_send(it.endpoint, (peal_slice){0},
                                      PEAL_S("\x01\x02"), true),
                   PEAL_OK);
  for (unsigned i = 0; i < CLIENTS; i++) {
    if (i % 2 == 0)
      ws_expect(fds[i], "1");
    if (i % 2 == 0 || i % 3 == 0)
      ws_expect(fds[i], "2");
    ws_expect_frame(fds[i], WS_BINARY, "\x01\x02", 2);
  }
  close_all();
  ws_stop(&it);
}

static void groups_on_one_worker(void **state) {
  (void)state;
  groups_reach_their_members_once(1);
}

static void groups_on_several_workers(void **state) {
  (void)state;
  groups_reach_their_members_once(WORKERS);
}

static void who_leaves_hears_nothing_and_who_tells_may_be_left_out(
    void **state) {
  (void)state;
  start(WORKERS);
  ws_text(fds[2], "leave even");
  ws_expect(fds[2], "done");
  ws_text(fds[2], "leave even"); /* no error */
  ws_expect(fds[2], "done");
  ws_text(fds[0], "tell even");
  ws_expect(fds[0], "done");
  for (unsigned i = 4; i < CLIENTS; i += 2)
    ws_expect(fds[i], "from one");
  assert_int_equal(
      peal_ws_group_send(it.endpoint, PEAL_S("all"), PEAL_S("all"), false),
      PEAL_OK);
  for (unsigned i = 0; i < CLIENTS; i++)
    ws_expect(fds[i], "all");
  close_all();
  ws_stop(&it);
}

static void *send_many(void *user) {
  char text[32];
  for (int i = 0; i < 200; i++) {
    snprintf(text, sizeof text, "%s%d", (const char *)user, i);
    assert_int_equal(peal_ws_group_send(it.endpoint, PEAL_S("third"),
                                        peal_slice_of(text), false),
                     PEAL_OK);
  }
  return NULL;
}

static void messages_of_one_thread_keep_their_order(void **state) {
  (void)state;
  pthread_t threads[2];
  static char names[2][2] = {"a", "b"};
  start(WORKERS);
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, send_many, names[i]), 0);
  for (unsigned i = 0; i < CLIENTS; i += 3) {
    int next[2] = {0};
    for (int n = 0; n < 400; n++) {
      ws_frame frame = ws_get(fds[i]);
      assert_int_equal(frame.first, WS_TEXT);
      int who = frame.data[0] - 'a';
      assert_int_equal(atoi(frame.data + 1), next[who]);
      next[who]++;
      free(frame.data);
    }
  }
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
  close_all();
  ws_stop(&it);
}

/* -- references -------------------------------------------------------------- */

static atomic_int gotten;

static void look(peal_worker *worker, void *user) {
  (void)user;
  int found = 0;
  for (unsigned i = 0; i < CLIENTS; i++) {
    peal_ws *ws = peal_ws_ref_get(refs[i]);
    bool is_here = worker_of[i] == peal_worker_index(worker);
    assert_true(!ws || is_here);
    found += ws != NULL;
  }
  atomic_fetch_add(&gotten, found + 1000);
}

/* How many are found, each on its own worker. */
static int look_everywhere(void) {
  atomic_store(&gotten, 0);
  for (unsigned i = 0; i < WORKERS; i++)
    assert_int_equal(
        peal_worker_post(peal_workers_get(it.http.net.workers, i), look, NULL),
        PEAL_OK);
  assert_true(net_wait(&gotten, 1000 * (int)WORKERS));
  return atomic_load(&gotten) - 1000 * (int)WORKERS;
}

static void a_reference_reaches_its_own_and_nobody_behind_it(void **state) {
  (void)state;
  start(WORKERS);
  assert_int_equal(look_everywhere(), CLIENTS);
  assert_null(peal_ws_ref_get(refs[0])); /* not on this thread */
  for (unsigned i = 0; i < CLIENTS; i++) {
    char text[16];
    snprintf(text, sizeof text, "to %u", i);
    assert_int_equal(peal_ws_ref_send(refs[i], NULL, peal_slice_of(text)),
                     PEAL_OK);
    ws_expect(fds[i], text);
  }
  assert_int_equal(peal_ws_ref_close(refs[5], 4005, PEAL_S("out")), PEAL_OK);
  ws_expect_close(fds[5], 4005, "out");
  for (unsigned i = 0; i < CLIENTS; i++)
    close(fds[i]);
  ws_await_open(&it, 0);
  /* Others have their places now. */
  peal_ws_ref old[CLIENTS];
  memcpy(old, refs, sizeof old);
  open_all();
  memcpy(refs, old, sizeof old);
  assert_int_equal(look_everywhere(), 0);
  for (unsigned i = 0; i < CLIENTS; i++) {
    assert_int_equal(peal_ws_ref_send(refs[i], NULL, PEAL_S("lost")), PEAL_OK);
    assert_int_equal(peal_ws_ref_close(refs[i], 4000, (peal_slice){0}),
                     PEAL_OK);
  }
  assert_int_equal(
      peal_ws_group_send(it.endpoint, PEAL_S("all"), PEAL_S("mark"), false),
      PEAL_OK);
  for (unsigned i = 0; i < CLIENTS; i++)
    ws_expect(fds[i], "mark");
  close_all();
  ws_stop(&it);
}

#ifndef NDEBUG
static peal_ws *alive;
static atomic_int is_alive;

static void on_alive(peal_ws *ws, void *user) {
  (void)user;
  alive = ws;
  atomic_store(&is_alive, 1);
}

static bool dies(void (*call)(void)) {
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    (void)!freopen("/dev/null", "w", stderr);
    signal(SIGABRT, SIG_DFL);
    call();
    _exit(0);
  }
  waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

static void send_elsewhere(void) {
  (void)peal_ws_send(alive, PEAL_S("x"), false);
}

static void close_elsewhere(void) {
  peal_ws_close(alive, 1000, (peal_slice){0});
}

static void join_elsewhere(void) {
  (void)peal_ws_join(alive, PEAL_S("x"));
}

static void look_elsewhere(void) {
  (void)peal_ws_user(alive);
}

static void send_from_anywhere(void) {
  (void)peal_ws_worker(alive);
}

static void on_another_thread_a_function_says_so(void **state) {
  (void)state;
  ws_run(&it, 1, &(peal_ws_opts){.on_open = on_alive});
  int fd = ws_open(&it);
  assert_true(net_wait(&is_alive, 1));
  assert_true(dies(send_elsewhere));
  assert_true(dies(close_elsewhere));
  assert_true(dies(join_elsewhere));
  assert_true(dies(look_elsewhere));
  assert_false(dies(send_from_anywhere));
  close(fd);
  ws_await_open(&it, 0);
  ws_stop(&it);
}
#endif

/* -- limits ------------------------------------------------------------------ */

static void on_limits(peal_ws *ws, void *user) {
  char name[1026];
  (void)user;
  memset(name, 'n', sizeof name);
  assert_int_equal(peal_ws_join(ws, (peal_slice){name, 1025}), PEAL_ERR_LIMIT);
  assert_int_equal(peal_ws_join(ws, (peal_slice){name, 1024}), PEAL_OK);
  assert_int_equal(peal_ws_join(ws, PEAL_S("a\0b")), PEAL_OK);
  assert_int_equal(peal_ws_join(ws, PEAL_S("a\0b")), PEAL_OK);
  assert_int_equal(peal_ws_group_count(ws), 2);
  assert_true(peal_ws_in(ws, PEAL_S("a\0b")));
  assert_false(peal_ws_in(ws, PEAL_S("a\0c")));
  assert_int_equal(peal_ws_join(ws, (peal_slice){0}), PEAL_OK);
  assert_int_equal(peal_ws_join(ws, PEAL_S("one too many")), PEAL_ERR_LIMIT);
  peal_ws_leave(ws, PEAL_S("a\0b"));
  assert_int_equal(peal_ws_join(ws, PEAL_S("d")), PEAL_OK);
  (void)peal_ws_send(ws, PEAL_S("fine"), false);
}

static void groups_have_ceilings(void **state) {
  (void)state;
  ws_run(&it, 1, &(peal_ws_opts){.on_open = on_limits, .max_groups = 3});
  int fd = ws_open(&it);
  ws_expect(fd, "fine");
  close(fd);
  ws_await_open(&it, 0);
  ws_stop(&it);
}

/* A worker that is behind: so many wait for it, and no more. */
static void what_waits_for_a_worker_is_bounded(void **state) {
  (void)state;
  static char text[1 << 20];
  peal_ws_opts opts = ws_echo_opts();
  ws_fixture never = ws_make(2, NULL, "/live", &opts);
  unsigned taken = 0;
  peal_err err;
  while (!(err = peal_ws_group_send(never.endpoint, (peal_slice){0},
                                    (peal_slice){text, sizeof text}, true)))
    taken++;
  assert_int_equal(err, PEAL_ERR_QUEUE_FULL);
  assert_true(taken >= 60 && taken <= 64);
  const peal_ws_ref ref = {.endpoint = never.endpoint, .serial = 1};
  assert_int_equal(peal_ws_ref_send(ref, NULL, (peal_slice){text, sizeof text}),
                   PEAL_ERR_QUEUE_FULL);
  peal_http_server_free(never.http.server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_on_one_worker),
      cmocka_unit_test(groups_on_several_workers),
      cmocka_unit_test(who_leaves_hears_nothing_and_who_tells_may_be_left_out),
      cmocka_unit_test(messages_of_one_thread_keep_their_order),
      cmocka_unit_test(a_reference_reaches_its_own_and_nobody_behind_it),
#ifndef NDEBUG
      cmocka_unit_test(on_another_thread_a_function_says_so),
#endif
      cmocka_unit_test(groups_have_ceilings),
      cmocka_unit_test(what_waits_for_a_worker_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
