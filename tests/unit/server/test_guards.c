/* SPDX-License-Identifier: MIT */
/* What is to be done exactly once is done once, however often and late it is
 * asked for; what hangs on a socket goes with it, however it ends. */
#include "server/server_limits.h"
#include "server_fixture.h"

static void await(atomic_int *number, int value) {
  for (int i = 0; i < 10000 && atomic_load(number) < value; i++)
    usleep(1000);
  assert_int_equal(atomic_load(number), value);
}

/* -- the answer of a middleware ----------------------------------------------------- */

static peal_next *waiting;
static peal_socket *waiting_socket;
static peal_worker *waiting_on;
static atomic_int asked, freed;

static void free_mine(void *user) {
  assert_string_equal(user, "mine");
  free(user);
  atomic_fetch_add(&freed, 1);
}

static void hang_on(peal_socket *socket) {
  peal_socket_set_user(socket, strdup("mine"));
  assert_int_equal(peal_socket_set_user_free(socket, free_mine), PEAL_OK);
}

static void use_later(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  hang_on(socket);
  waiting = next;
  waiting_socket = socket;
  waiting_on = peal_socket_worker(socket);
  atomic_fetch_add(&asked, 1);
}

static void ok_and_more(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_next_ok(waiting);
  peal_next_ok(waiting);
  peal_next_refuse(waiting, "no", peal_undefined());
}

static void no_and_more(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_next_refuse(waiting, "no", peal_undefined());
  peal_next_ok(waiting);
  peal_next_refuse(waiting, "no!", peal_undefined());
  /* It may be looked at until the function returns. */
  assert_false(peal_socket_is_connected(waiting_socket));
  assert_int_equal(strlen(peal_socket_id(waiting_socket)), 20);
  assert_string_equal(peal_socket_user(waiting_socket), "mine");
  assert_null(peal_socket_address(waiting_socket).ptr);
  assert_int_equal(peal_emit(waiting_socket, "x", PEAL_NO_ARGS),
                   PEAL_ERR_CLOSED);
  assert_int_equal(peal_join(waiting_socket, "x"), PEAL_ERR_CLOSED);
  peal_disconnect(waiting_socket, true);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  trace_add("connect");
  return PEAL_OK;
}

static void slow_server(server_fixture *it) {
  *it = server_make(NULL);
  atomic_store(&asked, 0);
  atomic_store(&freed, 0);
  server_trace_ends(it->root);
  assert_int_equal(peal_use(it->root, use_later, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it->root, on_connect, NULL), PEAL_OK);
  server_run(it);
}

static void the_first_answer_of_a_middleware_counts(void **state) {
  (void)state;
  server_fixture it;
  sio_client a;
  slow_server(&it);
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "40{\"token\":1}"));
  await(&asked, 1);
  assert_int_equal(peal_worker_post(waiting_on, no_and_more, NULL), PEAL_OK);
  assert_true(sio_client_expect(&a, "44{\"message\":\"no\"}"));
  await(&freed, 1);
  assert_true(sio_client_send(&a, "40"));
  await(&asked, 2);
  assert_int_equal(peal_worker_post(waiting_on, ok_and_more, NULL), PEAL_OK);
  assert_true(server_has_sockets(&it, 1));
  trace_expect("connect\n");
  assert_int_equal(atomic_load(&freed), 1);
  sio_client_close(&a);
  await(&freed, 2);
  trace_expect("disconnecting transport close\ndisconnect transport close\n");
  server_stop(&it);
}

/* It has gone while the middleware was at work: what the middleware hung on it
 * is freed when it answers, also twice. */
static void what_hangs_on_a_socket_goes_with_it_in_the_middleware(
    void **state) {
  (void)state;
  server_fixture it;
  slow_server(&it);
  for (int i = 0; i < 4; i++) {
    sio_client a;
    assert_true(
        sio_client_open(&a, it.port, i & 1 ? SIO_POLLING : SIO_WEBSOCKET));
    assert_true(sio_client_send(&a, "40{\"token\":1}"));
    await(&asked, i + 1);
    if (i & 1)
      assert_true(sio_client_send(&a, "1"));
    sio_client_close(&a);
    assert_true(server_has_clients(&it, 0));
    assert_int_equal(atomic_load(&freed), i);
    assert_int_equal(
        peal_worker_post(waiting_on, i & 2 ? no_and_more : ok_and_more, NULL),
        PEAL_OK);
    await(&freed, i + 1);
  }
  trace_expect("");
  server_stop(&it);
}

/* Each request that is given up leaves a socket in the middleware: so many,
 * and no more. */
static void giving_up_and_asking_anew_has_an_end(void **state) {
  (void)state;
  server_fixture it;
  sio_client a;
  slow_server(&it);
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  for (unsigned i = 0; i <= PEAL_LIMIT_SIO_GIVEN_UP; i++)
    assert_true(sio_client_send(&a, "40{\"token\":1}"));
  await(&asked, PEAL_LIMIT_SIO_GIVEN_UP + 1);
  assert_true(server_has_clients(&it, 1));
  assert_true(sio_client_send(&a, "40{\"token\":1}"));
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(atomic_load(&asked), PEAL_LIMIT_SIO_GIVEN_UP + 1);
  sio_client_close(&a);
  trace_expect("");
  server_stop(&it);
  assert_int_equal(atomic_load(&freed), PEAL_LIMIT_SIO_GIVEN_UP + 1);
}

/* Nobody ever answers: the end of the server frees it. */
static void what_is_never_answered_goes_with_the_server(void **state) {
  (void)state;
  server_fixture it;
  sio_client a, b;
  slow_server(&it);
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "40"));
  await(&asked, 1);
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  assert_true(sio_client_open(&b, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&b, "40"));
  await(&asked, 2);
  server_stop(&it);
  assert_int_equal(atomic_load(&freed), 2);
  sio_client_close(&b);
}

/* -- the pointer's function ------------------------------------------------------------ */

static peal_err hang_and_refuse(peal_socket *socket, void *user) {
  (void)user;
  hang_on(socket);
  return PEAL_ERR_LIMIT;
}

static peal_err hang_in_connect(peal_socket *socket, void *user) {
  (void)user;
  hang_on(socket);
  return PEAL_OK;
}

static void use_and_refuse(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  hang_on(socket);
  peal_next_refuse(next, NULL, peal_undefined());
  assert_string_equal(peal_socket_user(socket), "mine");
}

static void on_take_back(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)user;
  char *mine = peal_socket_user(socket);
  assert_int_equal(peal_socket_set_user_free(socket, NULL), PEAL_OK);
  free(mine);
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void still_there(peal_socket *socket, peal_reason reason, peal_err err,
                        void *user) {
  (void)reason;
  (void)err;
  (void)user;
  assert_string_equal(peal_socket_user(socket), "mine");
}

static void a_pointer_is_freed_once_however_the_socket_ends(void **state) {
  (void)state;

  static const struct {
    peal_use_fn use;
    peal_connect_fn connect;
    const char *packet;
    int freed;
  } cases[] = {
      {use_and_refuse, NULL, NULL, 1},
      {NULL, hang_and_refuse, NULL, 1},
      {NULL, hang_in_connect, "41", 1},
      {NULL, hang_in_connect, "1", 1},
      {NULL, hang_in_connect, "4nonsense", 1},
      {NULL, hang_in_connect, NULL, 1},
      {NULL, hang_in_connect, "421[\"take back\"]", 0},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    server_fixture it = server_make(NULL);
    sio_client a;
    atomic_store(&freed, 0);
    if (cases[i].use)
      assert_int_equal(peal_use(it.root, cases[i].use, NULL), PEAL_OK);
    if (cases[i].connect)
      assert_int_equal(peal_on_connect(it.root, cases[i].connect, NULL),
                       PEAL_OK);
    if (cases[i].freed)
      assert_int_equal(peal_on_disconnect(it.root, still_there, NULL), PEAL_OK);
    assert_int_equal(peal_on(it.root, "take back", on_take_back, NULL),
                     PEAL_OK);
    server_run(&it);
    assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
    (void)sio_client_join(&a, "/", NULL);
    if (cases[i].packet)
      assert_true(sio_client_send(&a, cases[i].packet));
    if (!cases[i].freed)
      assert_true(sio_client_expect(&a, "431[]"));
    sio_client_close(&a);
    server_stop(&it);
    assert_int_equal(atomic_load(&freed), cases[i].freed);
  }
}

/* -- acknowledgements ------------------------------------------------------------------- */

static void on_ack_often(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)socket;
  (void)user;
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(1))), PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(2))), PEAL_OK);
  assert_null(peal_ack_later(event));
  assert_true(peal_event_wants_ack(event)); /* as before */
}

static void on_reply_often(peal_socket *socket, const peal_event *event,
                           void *user) {
  (void)socket;
  (void)user;
  peal_reply *reply = peal_ack_later(event);
  assert_null(peal_ack_later(event));
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(1))), PEAL_OK);
  assert_int_equal(peal_reply_send(reply, PEAL_ARGS(peal_int(2))), PEAL_OK);
  assert_int_equal(peal_reply_send(reply, PEAL_ARGS(peal_int(3))), PEAL_OK);
  peal_reply_drop(reply);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(4))), PEAL_OK);
}

static void on_drop(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  peal_reply *reply = peal_ack_later(event);
  peal_reply_drop(reply);
  peal_reply_drop(reply);
  assert_int_equal(peal_reply_send(reply, PEAL_ARGS(peal_int(1))), PEAL_OK);
}

static peal_reply *elsewhere;

static void on_elsewhere(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)socket;
  (void)user;
  elsewhere = peal_ack_later(event);
  atomic_fetch_add(&asked, 1);
}

static void an_event_is_acknowledged_once(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  sio_client a;
  atomic_store(&asked, 0);
  assert_int_equal(peal_on(it.root, "ack", on_ack_often, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "reply", on_reply_often, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "drop", on_drop, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "elsewhere", on_elsewhere, NULL), PEAL_OK);
  server_run(&it);
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"ack\"]"));
  assert_true(sio_client_expect(&a, "431[1]"));
  assert_true(sio_client_send(&a, "422[\"reply\"]"));
  assert_true(sio_client_expect(&a, "432[2]"));
  assert_true(sio_client_send(&a, "423[\"drop\"]"));
  assert_true(sio_client_send(&a, "424[\"elsewhere\"]"));
  await(&asked, 1);
  peal_reply_drop(elsewhere); /* from this thread */
  assert_true(sio_client_send(&a, "425[\"elsewhere\"]"));
  await(&asked, 2);
  assert_int_equal(peal_reply_send(elsewhere, PEAL_ARGS(peal_int(5))), PEAL_OK);
  assert_true(sio_client_expect(&a, "435[5]"));
  assert_true(sio_client_silent(&a, 30));
  /* The client goes first. */
  assert_true(sio_client_send(&a, "426[\"elsewhere\"]"));
  await(&asked, 3);
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(peal_reply_send(elsewhere, PEAL_NO_ARGS), PEAL_OK);
  server_stop(&it);
}

/* -- acknowledgements that are awaited ------------------------------------------------- */

#define MANY 1000

static int told_of[MANY];
static atomic_int timeouts;

static void on_told(peal_socket *socket, peal_err err, peal_args args,
                    void *user) {
  int *times = user;
  (void)args;
  *times += err == PEAL_OK ? 1 : err == PEAL_ERR_TIMEOUT ? 100 : 10000;
  if (err == PEAL_ERR_TIMEOUT)
    atomic_fetch_add(&timeouts, 1);
  /* The list may change while it is walked. */
  if (times == &told_of[1])
    (void)peal_emit_ack(socket, "again", PEAL_NO_ARGS, 0, on_told, &told_of[0]);
}

static void on_ask_many(peal_socket *socket, const peal_event *event,
                        void *user) {
  (void)user;
  for (int i = 1; i < MANY; i++)
    assert_int_equal(peal_emit_ack(socket, "q", PEAL_NO_ARGS,
                                   i % 2 ? 1u + (uint32_t)i % 7 : 0, on_told,
                                   &told_of[i]),
                     PEAL_OK);
  (void)peal_ack(event, PEAL_NO_ARGS);
}

/* Even ones: some are answered, in any order and twice, the others close. Odd
 * ones time out, though answered later. */
static void each_awaited_answer_is_told_once(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  sio_client a;
  char packet[40];
  memset(told_of, 0, sizeof told_of);
  atomic_store(&timeouts, 0);
  assert_int_equal(peal_on(it.root, "many", on_ask_many, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "ack", on_ack_often, NULL), PEAL_OK);
  server_run(&it);
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"many\"]"));
  assert_true(sio_client_await(&a, "431[]"));
  await(&timeouts, MANY / 2);
  for (int i = MANY - 2; i > 0; i -= 4)
    for (int twice = 0; twice < 2; twice++) {
      snprintf(packet, sizeof packet, "43%d[%d]", i - 1, i); /* id i - 1 */
      assert_true(sio_client_send(&a, packet));
    }
  assert_true(sio_client_send(&a, "430[]")); /* too late */
  assert_true(sio_client_send(&a, "427[\"ack\"]"));
  assert_true(sio_client_await(&a, "437[1]"));
  sio_client_close(&a);
  server_stop(&it);
  assert_int_equal(told_of[0], 10000);
  for (int i = 1; i < MANY; i++)
    assert_int_equal(told_of[i], i % 2 ? 100 : (MANY - 2 - i) % 4 ? 10000 : 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_answer_of_a_middleware_counts),
      cmocka_unit_test(what_hangs_on_a_socket_goes_with_it_in_the_middleware),
      cmocka_unit_test(giving_up_and_asking_anew_has_an_end),
      cmocka_unit_test(what_is_never_answered_goes_with_the_server),
      cmocka_unit_test(a_pointer_is_freed_once_however_the_socket_ends),
      cmocka_unit_test(an_event_is_acknowledged_once),
      cmocka_unit_test(each_awaited_answer_is_told_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
