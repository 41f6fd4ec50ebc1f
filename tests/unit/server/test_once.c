/* SPDX-License-Identifier: MIT */
/* A question is answered once, however late a second answer comes: in the same
 * turn, in later ones, from another thread, after the client has left. */
#include "server_fixture.h"

static void await(atomic_int *number, int value) {
  for (int i = 0; i < 10000 && atomic_load(number) < value; i++)
    usleep(1000);
  assert_int_equal(atomic_load(number), value);
}

/* Run on the worker, and wait until it has: each is a turn of its own. */
static atomic_int turns;

static void count_turn(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  atomic_fetch_add(&turns, 1);
}

static void in_turn(peal_worker *worker, peal_post_fn fn, void *user) {
  int before = atomic_load(&turns);
  if (fn)
    assert_int_equal(peal_worker_post(worker, fn, user), PEAL_OK);
  assert_int_equal(peal_worker_post(worker, count_turn, NULL), PEAL_OK);
  await(&turns, before + 1);
}

/* -- middleware ------------------------------------------------------------------------ */

#define MANY 1000

static peal_next *first, *second;
static peal_worker *worker_of;
static atomic_int asked;

static void use_first(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  first = next;
  worker_of = peal_socket_worker(socket);
  atomic_fetch_add(&asked, 1);
}

static void use_second(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  second = next;
  atomic_fetch_add(&asked, 1);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  trace_add("connect");
  return PEAL_OK;
}

static void say_ok(peal_worker *worker, void *user) {
  (void)worker;
  peal_next_ok(user);
}

static void say_no(peal_worker *worker, void *user) {
  (void)worker;
  peal_next_refuse(user, "no", peal_undefined());
}

static void two_steps(server_fixture *it) {
  *it = server_make(NULL);
  atomic_store(&asked, 0);
  assert_int_equal(peal_use(it->root, use_first, NULL), PEAL_OK);
  assert_int_equal(peal_use(it->root, use_second, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it->root, on_connect, NULL), PEAL_OK);
  server_run(it);
}

/* Else one answer too many of the first would let everybody pass the second. */
static void a_function_cannot_answer_for_the_one_behind_it(void **state) {
  (void)state;
  server_fixture it;
  sio_client a;
  two_steps(&it);
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "40"));
  await(&asked, 1);
  in_turn(worker_of, say_ok, first);
  await(&asked, 2);
  assert_ptr_not_equal(first, second);
  in_turn(worker_of, say_ok, first);
  in_turn(worker_of, say_no, first);
  trace_expect("");
  in_turn(worker_of, say_no, second);
  assert_true(sio_client_expect(&a, "44{\"message\":\"no\"}"));
  in_turn(worker_of, say_ok, second);
  in_turn(worker_of, say_ok, first);
  trace_expect("");
  assert_true(sio_client_silent(&a, 30));
  sio_client_close(&a);
  server_stop(&it);
}

static void a_late_second_answer_of_a_middleware_changes_nothing(void **state) {
  (void)state;
  server_fixture it;
  sio_client a;
  two_steps(&it);
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "40"));
  await(&asked, 1);
  in_turn(worker_of, say_ok, first);
  await(&asked, 2);
  in_turn(worker_of, say_ok, second);
  trace_expect("connect\n");
  for (int i = 0; i < 3; i++) {
    in_turn(worker_of, say_no, i & 1 ? first : second);
    in_turn(worker_of, say_ok, i & 1 ? first : second);
  }
  assert_true(server_has_sockets(&it, 1));
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  in_turn(worker_of, say_no, second);
  in_turn(worker_of, say_ok, first);
  /* Its client has gone before the first answer. */
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "40"));
  await(&asked, 3);
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  for (int i = 0; i < 3; i++)
    in_turn(worker_of, i ? say_no : say_ok, first);
  trace_expect("");
  server_stop(&it);
}

/* -- replies --------------------------------------------------------------------------- */

static peal_reply *replies[MANY];

static void on_later(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  worker_of = peal_socket_worker(socket);
  replies[atomic_load(&asked)] = peal_ack_later(event);
  atomic_fetch_add(&asked, 1);
}

static void reply_to(peal_worker *worker, void *user) {
  (void)worker;
  assert_int_equal(peal_reply_send(user, PEAL_ARGS(peal_int(7))), PEAL_OK);
}

static void drop(peal_worker *worker, void *user) {
  (void)worker;
  peal_reply_drop(user);
}

static void send_again_and_again(peal_reply *reply) {
  for (int i = 0; i < 3; i++) {
    in_turn(worker_of, reply_to, reply);
    assert_int_equal(peal_reply_send(reply, PEAL_ARGS(peal_int(8))), PEAL_OK);
    in_turn(worker_of, drop, reply);
    peal_reply_drop(reply);
  }
}

static void later_server(server_fixture *it) {
  *it = server_make(NULL);
  atomic_store(&asked, 0);
  assert_int_equal(peal_on(it->root, "later", on_later, NULL), PEAL_OK);
  server_run(it);
}

static void a_late_second_reply_is_none(void **state) {
  (void)state;
  server_fixture it;
  sio_client a;
  later_server(&it);
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"later\"]"));
  await(&asked, 1);
  in_turn(worker_of, reply_to, replies[0]);
  assert_true(sio_client_expect(&a, "431[7]"));
  send_again_and_again(replies[0]);
  assert_true(sio_client_send(&a, "422[\"later\"]"));
  await(&asked, 2);
  assert_int_equal(peal_reply_send(replies[1], PEAL_ARGS(peal_int(9))),
                   PEAL_OK);
  assert_true(sio_client_expect(&a, "432[9]"));
  send_again_and_again(replies[1]);
  assert_true(sio_client_send(&a, "423[\"later\"]"));
  await(&asked, 3);
  in_turn(worker_of, drop, replies[2]);
  send_again_and_again(replies[2]);
  assert_true(sio_client_silent(&a, 30));
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  for (int i = 0; i < 3; i++)
    send_again_and_again(replies[i]);
  server_stop(&it);
}

static void many_replies_keep_their_answers_apart(void **state) {
  (void)state;
  server_fixture it;
  sio_client a;
  char text[40];
  later_server(&it);
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < MANY; i++) {
    snprintf(text, sizeof text, "42%d[\"later\"]", i);
    assert_true(sio_client_send(&a, text));
    await(&asked, i + 1);
    in_turn(worker_of, reply_to, replies[i]);
    /* All before it are answered, and answered again. */
    assert_int_equal(peal_reply_send(replies[i / 2], PEAL_NO_ARGS), PEAL_OK);
    snprintf(text, sizeof text, "43%d[7]", i);
    assert_true(sio_client_expect(&a, text));
  }
  sio_client_close(&a);
  server_stop(&it);
}

/* What nobody answers goes with the server; what is answered behind its run
 * does too. */
static void replies_without_an_answer_go_with_the_server(void **state) {
  (void)state;
  server_fixture it;
  sio_client a;
  later_server(&it);
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"later\"]"));
  assert_true(sio_client_send(&a, "422[\"later\"]"));
  await(&asked, 2);
  peal_workers_stop(peal_server_workers(it.server), 200);
  server_join(&it);
  assert_int_equal(peal_reply_send(replies[0], PEAL_ARGS(peal_int(1))),
                   PEAL_OK);
  assert_int_equal(peal_reply_send(replies[0], PEAL_ARGS(peal_int(2))),
                   PEAL_OK);
  sio_client_close(&a);
  server_free(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_function_cannot_answer_for_the_one_behind_it),
      cmocka_unit_test(a_late_second_answer_of_a_middleware_changes_nothing),
      cmocka_unit_test(a_late_second_reply_is_none),
      cmocka_unit_test(many_replies_keep_their_answers_apart),
      cmocka_unit_test(replies_without_an_answer_go_with_the_server),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
