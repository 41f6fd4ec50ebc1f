/* SPDX-License-Identifier: MIT */
/* The end of a client, wherever it comes: freed in each of its callbacks, on
 * each kind of run; freed, stopped, closed and left in every state. */
#include "client_fixture.h"

/* -- freed in a callback ---------------------------------------------------- */

typedef enum place {
  IN_CONNECT,
  IN_CONNECT_ERROR,
  IN_DISCONNECT,
  IN_EVENT,
  IN_ANY,
  IN_OUTGOING,
  IN_ACK,
  IN_NOTICE,
  IN_UPGRADE,
  IN_AUTH,
  IN_POST,
  PLACES
} place;

typedef struct scene {
  place place;
  atomic_bool is_freed;
  atomic_bool is_late; /* a callback came behind it */
} scene;

/* Whatever is told: nothing behind the end. */
static void told(scene *it, place at, peal_client *client) {
  if (atomic_load(&it->is_freed)) {
    atomic_store(&it->is_late, true);
    return;
  }
  if (at != it->place)
    return;
  atomic_store(&it->is_freed, true);
  peal_client_free(client);
}

static void in_connect(peal_client_nsp *nsp, void *user) {
  told(user, IN_CONNECT, peal_client_nsp_client(nsp));
}

static void in_connect_error(peal_client_nsp *nsp,
                             const peal_client_problem *problem, void *user) {
  (void)problem;
  told(user, IN_CONNECT_ERROR, peal_client_nsp_client(nsp));
}

static void in_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  (void)reason;
  (void)err;
  told(user, IN_DISCONNECT, peal_client_nsp_client(nsp));
}

static void in_event(peal_client_nsp *nsp, const peal_event *event,
                     void *user) {
  (void)event;
  told(user, IN_EVENT, peal_client_nsp_client(nsp));
}

static void in_any(peal_client_nsp *nsp, const peal_event *event, void *user) {
  (void)event;
  told(user, IN_ANY, peal_client_nsp_client(nsp));
}

static void in_outgoing(peal_client_nsp *nsp, peal_slice event, peal_args args,
                        void *user) {
  (void)event;
  (void)args;
  told(user, IN_OUTGOING, peal_client_nsp_client(nsp));
}

static void in_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  (void)err;
  (void)args;
  if (nsp) /* NULL: inside of peal_client_free */
    told(user, IN_ACK, peal_client_nsp_client(nsp));
}

static void in_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  told(user, notice->type == PEAL_CLIENT_UPGRADED ? IN_UPGRADE : IN_NOTICE,
       client);
}

static void in_auth(peal_client_nsp *nsp, peal_client_auth *ask, void *user) {
  scene *it = user;
  bool ends_here = it->place == IN_AUTH;
  told(it, IN_AUTH, peal_client_nsp_client(nsp));
  if (!ends_here)
    assert_int_equal(peal_client_auth_give(ask, peal_undefined()), PEAL_OK);
}

typedef struct post {
  scene *scene;
  peal_client *client;
} post;

static void in_post(peal_worker *worker, void *user) {
  post *it = user;
  (void)worker;
  told(it->scene, IN_POST, it->client);
  free(it);
}

static void set_scene(peal_client *client, scene *it) {
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  assert_int_equal(peal_client_on_connect(nsp, in_connect, it), PEAL_OK);
  assert_int_equal(peal_client_on_connect_error(nsp, in_connect_error, it),
                   PEAL_OK);
  assert_int_equal(peal_client_on_disconnect(nsp, in_disconnect, it), PEAL_OK);
  assert_int_equal(peal_client_on(nsp, "echo", in_event, it), PEAL_OK);
  assert_int_equal(peal_client_on_any(nsp, in_any, it), PEAL_OK);
  assert_int_equal(peal_client_on_any_outgoing(nsp, in_outgoing, it), PEAL_OK);
  assert_int_equal(peal_client_on_notice(client, in_notice, it), PEAL_OK);
  assert_int_equal(peal_client_on_auth(nsp, in_auth, it), PEAL_OK);
  assert_int_equal(
      peal_client_emit_ack(nsp, NULL, "echo", PEAL_NO_ARGS, in_ack, it),
      PEAL_OK);
  assert_int_equal(peal_client_emit(nsp, "echo", PEAL_NO_ARGS), PEAL_OK);
  if (it->place == IN_DISCONNECT)
    assert_int_equal(peal_client_emit(nsp, "bye", PEAL_NO_ARGS), PEAL_OK);
}

static peal_client_opts opts_for(const server_fixture *server, place where) {
  peal_client_opts opts = fixture_opts(server);
  if (where == IN_CONNECT_ERROR)
    opts.url = fixture_url(server, "/nowhere");
  return opts;
}

static void post_end(peal_client *client, scene *it) {
  if (it->place != IN_POST)
    return;
  post *last = malloc(sizeof *last);
  *last = (post){it, client};
  assert_int_equal(
      peal_worker_post(peal_workers_get(peal_client_workers(client), 0),
                       in_post, last),
      PEAL_OK);
}

static void await(const atomic_bool *flag) {
  for (int i = 0; i < 10000 && !atomic_load(flag); i++)
    usleep(1000);
  assert_true(atomic_load(flag));
}

static void ends_on_a_thread_of_its_own(place where) {
  server_fixture server = fixture_serve();
  scene it = {.place = where};
  peal_client_opts opts = opts_for(&server, where);
  peal_client *client;
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  set_scene(client, &it);
  assert_int_equal(peal_client_start(client), PEAL_OK);
  post_end(client, &it);
  await(&it.is_freed);
  usleep(2000);
  assert_false(atomic_load(&it.is_late));
  fixture_end(&server);
}

static void ends_inside_of_its_run(place where) {
  server_fixture server = fixture_serve();
  scene it = {.place = where};
  peal_client_opts opts = opts_for(&server, where);
  peal_client *client;
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  set_scene(client, &it);
  post_end(client, &it);
  (void)peal_client_run(client);
  assert_true(atomic_load(&it.is_freed));
  assert_false(atomic_load(&it.is_late));
  fixture_end(&server);
}

static void ends_in_a_loop_of_the_programs_own(place where) {
  server_fixture server = fixture_serve();
  scene it = {.place = where};
  peal_client_opts opts = opts_for(&server, where);
  peal_client *client;
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  peal_workers *workers = peal_client_workers(client);
  set_scene(client, &it);
  post_end(client, &it);
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  while (peal_workers_step(workers, -1) == PEAL_OK)
    continue;
  assert_true(atomic_load(&it.is_freed));
  assert_int_equal(peal_workers_end(workers), 0);
  assert_false(atomic_load(&it.is_late));
  fixture_end(&server);
}

static void ends_on_a_worker_of_others(place where) {
  server_fixture server = fixture_serve();
  scene it = {.place = where};
  peal_client_opts opts = opts_for(&server, where);
  peal_workers *workers = peal_workers_new(NULL);
  peal_client *client;
  opts.worker = peal_workers_get(workers, 0);
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  assert_int_equal(peal_client_start(client), PEAL_ERR_USAGE);
  set_scene(client, &it);
  post_end(client, &it);
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  while (!atomic_load(&it.is_freed))
    assert_int_equal(peal_workers_step(workers, 1000), PEAL_OK);
  for (int i = 0; i < 20; i++)
    assert_int_equal(peal_workers_step(workers, 5), PEAL_OK);
  assert_false(atomic_load(&it.is_late));
  assert_int_equal(peal_workers_end(workers), 0);
  peal_workers_free(workers);
  fixture_end(&server);
}

static void a_client_is_freed_in_every_callback_of_every_run(void **state) {
  (void)state;
  for (int where = 0; where < PLACES; where++) {
    ends_on_a_thread_of_its_own((place)where);
    ends_inside_of_its_run((place)where);
    ends_in_a_loop_of_the_programs_own((place)where);
    ends_on_a_worker_of_others((place)where);
  }
}

/* -- every verb in every state ------------------------------------------------ */

typedef void (*verb)(peal_client *client);

static void do_nothing(peal_client *client) {
  (void)client;
}

static void do_leave(peal_client *client) {
  peal_client_leave(peal_client_of(client, NULL));
}

static void do_connect(peal_client *client) {
  (void)peal_client_connect(peal_client_of(client, NULL));
}

static void do_open(peal_client *client) {
  (void)peal_client_open(client);
}

static const verb verbs[] = {do_nothing,       peal_client_close, do_leave,
                             peal_client_stop, do_open,           do_connect};
#define VERBS (sizeof verbs / sizeof *verbs)

/* After so many turns: from the lookup to the upgrade. */
static void run_verbs(const server_fixture *server, int turns, verb first,
                      verb second) {
  peal_client_opts opts = fixture_opts(server);
  peal_client *client;
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  peal_workers *workers = peal_client_workers(client);
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  for (int i = 0; i < turns; i++)
    assert_int_equal(peal_workers_step(workers, 4), PEAL_OK);
  first(client);
  second(client);
  for (int i = 0; i < 3 && peal_workers_step(workers, 0) == PEAL_OK; i++)
    continue;
  peal_client_free(client);
}

static void every_verb_is_safe_in_every_state(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  for (int turns = 0; turns < 14; turns++)
    for (size_t i = 0; i < VERBS * VERBS; i++)
      run_verbs(&server, turns, verbs[i / VERBS], verbs[i % VERBS]);
  fixture_end(&server);
}

/* -- runs ------------------------------------------------------------------- */

static void what_was_never_run_is_freed(void **state) {
  (void)state;
  peal_client_opts opts = {.url = "http://127.0.0.1:1"};
  peal_client *client;
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  peal_client_free(client);
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  trace_clear();
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  fixture_watch(nsp);
  assert_int_equal(
      peal_client_emit_ack(nsp, NULL, "x", PEAL_NO_ARGS, fixture_on_ack, NULL),
      PEAL_OK);
  peal_client_free(client);
  /* It is told, and before the end. */
  assert_true(trace_has(" PEAL_ERR_CLOSED -1\n"));
  peal_client_free(NULL);
}

static void a_client_runs_once(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_start(&opts);
  assert_int_equal(peal_client_start(client), PEAL_ERR_USAGE);
  assert_int_equal(peal_client_run(client), 1);
  trace_await("connect /\n");
  peal_client_free(client);
  fixture_end(&server);
}

static void in_stop(peal_client_nsp *nsp, void *user) {
  (void)user;
  for (int i = 0; i < 100; i++)
    assert_int_equal(peal_client_emit(nsp, "last", PEAL_ARGS(peal_int(i))),
                     PEAL_OK);
  peal_client_stop(peal_client_nsp_client(nsp));
}

/* -- an event outlives its client -------------------------------------------- */

/* Nothing before the end of the handler takes away what it looks at. */
static void in_last_look(peal_client_nsp *nsp, const peal_event *event,
                         void *user) {
  peal_args args = peal_event_args(event);
  size_t *sum = user;
  peal_client_free(peal_client_nsp_client(nsp));
  for (size_t i = 0; i < args.count; i++)
    for (uint32_t k = 0; k < args.items[i].len; k++)
      *sum += (unsigned char)args.items[i].as.bytes[k];
}

static void an_event_is_readable_behind_the_end_of_its_client(void **state) {
  static char bytes[5000];
  (void)state;
  memset(bytes, 1, sizeof bytes);
  for (int only_polling = 0; only_polling < 2; only_polling++) {
    server_fixture server = fixture_serve();
    peal_client_opts opts = fixture_opts(&server);
    opts.transports =
        only_polling ? PEAL_CLIENT_POLLING_ONLY : PEAL_CLIENT_WEBSOCKET_ONLY;
    peal_client *client = fixture_client(&opts);
    peal_client_nsp *nsp = peal_client_of(client, NULL);
    const peal_val binary = peal_binary((peal_slice){bytes, sizeof bytes});
    size_t sum = 0;
    assert_int_equal(peal_client_on(nsp, "echo", in_last_look, &sum), PEAL_OK);
    assert_int_equal(
        peal_client_emit(nsp, "echo", PEAL_ARGS(binary, binary, binary)),
        PEAL_OK);
    assert_int_equal(peal_client_run(client), 0);
    assert_int_equal(sum, 3 * sizeof bytes);
    fixture_end(&server);
  }
}

/* -- runs -------------------------------------------------------------------- */

static void in_leave_other(peal_client_nsp *nsp, void *user) {
  peal_client_leave(user);
  assert_int_equal(peal_client_emit(nsp, "bye", PEAL_NO_ARGS), PEAL_OK);
}

/* One namespace was left, and the server ends the other: nothing comes any
 * more. */
static void a_run_ends_when_the_rest_is_sent_away(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_client(&opts);
  peal_client_nsp *other = peal_client_of(client, "/other");
  assert_int_equal(peal_client_on_connect(peal_client_of(client, "/"),
                                          in_leave_other, other),
                   PEAL_OK);
  assert_int_equal(peal_client_run(client), 1);
  peal_client_free(client);
  fixture_end(&server);
}

static void end_at_once(peal_worker *worker, void *user) {
  (void)worker;
  peal_client_free(user);
}

/* Whoever starts it may still be about to hear that it runs. */
static void a_client_may_end_before_its_start_returns(void **state) {
  (void)state;
  for (int i = 0; i < 500; i++) {
    peal_client *client;
    assert_int_equal(
        peal_client_new(
            &client, &(peal_client_opts){.url = "h", .no_auto_connect = true},
            NULL),
        PEAL_OK);
    peal_worker *worker = peal_workers_get(peal_client_workers(client), 0);
    assert_int_equal(peal_worker_post(worker, end_at_once, client), PEAL_OK);
    assert_int_equal(peal_client_start(client), PEAL_OK);
  }
}

static void a_name_that_would_break_a_packet_is_none(void **state) {
  (void)state;
  peal_client *client;
  assert_int_equal(peal_client_new(&client,
                                   &(peal_client_opts){.url = "h", .proxy = ""},
                                   NULL),
                   PEAL_OK);
  assert_null(peal_client_of(client, "/a,b"));
  assert_null(peal_client_of(client, "/a\x1e"
                                     "42[\"x\"]"));
  assert_null(peal_client_of(client, "/a\nb"));
  assert_non_null(peal_client_of(client, "/a b\xc3\xa4"));
  peal_client_free(client);
}

static void on_last(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  if (peal_val_int(peal_event_arg(event, 0), 0) == 99)
    trace_add("all have come");
}

static void what_waits_leaves_before_a_stop(void **state) {
  (void)state;
  for (int only_polling = 0; only_polling < 2; only_polling++) {
    peal_server_opts server_options = server_opts();
    server_fixture server = server_make(&server_options);
    assert_int_equal(peal_on(server.root, "last", on_last, NULL), PEAL_OK);
    fixture_run(&server);
    peal_client_opts opts = fixture_opts(&server);
    opts.transports =
        only_polling ? PEAL_CLIENT_POLLING_ONLY : PEAL_CLIENT_WEBSOCKET_ONLY;
    peal_client *client = fixture_client(&opts);
    assert_int_equal(
        peal_client_on_connect(peal_client_of(client, NULL), in_stop, NULL),
        PEAL_OK);
    assert_int_equal(peal_client_run(client), 0);
    trace_await("all have come\n");
    peal_client_free(client);
    fixture_end(&server);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_never_run_is_freed),
      cmocka_unit_test(a_client_runs_once),
      cmocka_unit_test(an_event_is_readable_behind_the_end_of_its_client),
      cmocka_unit_test(a_run_ends_when_the_rest_is_sent_away),
      cmocka_unit_test(a_client_may_end_before_its_start_returns),
      cmocka_unit_test(a_name_that_would_break_a_packet_is_none),
      cmocka_unit_test(what_waits_leaves_before_a_stop),
      cmocka_unit_test(every_verb_is_safe_in_every_state),
      cmocka_unit_test(a_client_is_freed_in_every_callback_of_every_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
