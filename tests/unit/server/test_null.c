/* SPDX-License-Identifier: MIT */
/* Every function of <peal/server.h> may be called without an object: nothing
 * happens, and the answer is the documented one. So a program that could not
 * make its server goes on to peal_server_run, which returns 1. */
#include "server_fixture.h"

static void no_server_answers_with_nothing(void **state) {
  peal_server_stats stats;
  (void)state;
  memset(&stats, 0xff, sizeof stats);
  peal_server_stats_get(NULL, &stats);
  assert_int_equal(stats.clients, 0);
  assert_int_equal(stats.queue_full, 0);
  peal_server_stats_get(NULL, NULL);
  assert_null(peal_server_http(NULL));
  assert_null(peal_server_workers(NULL));
  assert_null(peal_server_of(NULL, "/"));
  assert_int_equal(peal_server_run(NULL), 1);
  peal_server_stop(NULL);
  peal_server_free(NULL);
}

static void on_event(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  (void)user;
}

static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)socket;
  (void)event;
  (void)args;
  (void)user;
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  return PEAL_OK;
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)socket;
  (void)reason;
  (void)err;
  (void)user;
}

static void on_socket(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  fail();
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  peal_next_ok(next);
}

static void on_members(peal_err err, size_t count, peal_args ids, void *user) {
  (void)err;
  (void)count;
  (void)ids;
  (void)user;
  fail();
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)acks;
  (void)user;
  fail();
}

static void no_namespace_registers_nothing(void **state) {
  (void)state;
  assert_int_equal(peal_on(NULL, "x", on_event, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_any(NULL, on_event, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_any_outgoing(NULL, on_outgoing, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_on_connect(NULL, on_connect, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_disconnect(NULL, on_disconnect, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_on_disconnecting(NULL, on_disconnect, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_on_drain(NULL, on_socket, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_use(NULL, on_use, NULL), PEAL_ERR_USAGE);
}

static void no_function_is_not_registered(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_null(peal_server_of(it.server, NULL));
  assert_int_equal(peal_on(it.root, "x", NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on(it.root, NULL, on_event, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_any(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_any_outgoing(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_connect(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_disconnect(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_disconnecting(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_drain(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_use(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_count(it.root, NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_members(it.root, NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_join(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_leave(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_emit(it.root, NULL, NULL, PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  peal_nsp_each(it.root, NULL, NULL, NULL);
  server_free(&it);
}

static void no_namespace_sends_nothing(void **state) {
  (void)state;
  assert_string_equal(peal_nsp_name(NULL), "");
  assert_null(peal_nsp_server(NULL));
  assert_int_equal(peal_nsp_emit(NULL, NULL, "x", PEAL_NO_ARGS),
                   PEAL_ERR_USAGE);
  assert_int_equal(
      peal_nsp_emit_ack(NULL, NULL, "x", PEAL_NO_ARGS, 0, on_acks, NULL),
      PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_join(NULL, NULL, "r"), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_leave(NULL, NULL, "r"), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_disconnect(NULL, NULL, true), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_count(NULL, NULL, on_members, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_members(NULL, NULL, on_members, NULL),
                   PEAL_ERR_USAGE);
  peal_nsp_each(NULL, NULL, on_socket, NULL);
}

static void no_event_is_empty(void **state) {
  (void)state;
  assert_null(peal_event_name(NULL).ptr);
  assert_int_equal(peal_event_args(NULL).count, 0);
  assert_true(peal_val_is(peal_event_arg(NULL, 0), PEAL_UNDEFINED));
  assert_null(peal_event_str(NULL, 0));
  assert_false(peal_event_wants_ack(NULL));
  assert_int_equal(peal_ack(NULL, PEAL_NO_ARGS), PEAL_ERR_USAGE);
  assert_null(peal_ack_later(NULL));
  assert_int_equal(peal_reply_send(NULL, PEAL_NO_ARGS), PEAL_OK);
  peal_reply_drop(NULL);
  peal_next_ok(NULL);
  peal_next_refuse(NULL, "no", peal_undefined());
}

static void on_ack(peal_socket *socket, peal_err err, peal_args args,
                   void *user) {
  (void)socket;
  (void)err;
  (void)args;
  (void)user;
  fail();
}

static void no_socket_sends_nothing(void **state) {
  (void)state;
  assert_int_equal(peal_emit(NULL, "x", PEAL_NO_ARGS), PEAL_ERR_USAGE);
  assert_int_equal(peal_emit_with(NULL, NULL, "x", PEAL_NO_ARGS),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_emit_to(NULL, NULL, "x", PEAL_NO_ARGS), PEAL_ERR_USAGE);
  assert_int_equal(peal_send(NULL, PEAL_NO_ARGS), PEAL_ERR_USAGE);
  assert_int_equal(peal_emit_ack(NULL, "x", PEAL_NO_ARGS, 0, on_ack, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_join(NULL, "r"), PEAL_ERR_USAGE);
  peal_leave(NULL, "r");
  peal_disconnect(NULL, true);
  assert_int_equal(peal_refuse(NULL, "no", peal_undefined()), PEAL_ERR_USAGE);
  peal_socket_set_queue(NULL, 1, PEAL_QUEUE_CLOSE);
  peal_socket_set_user(NULL, NULL);
  assert_int_equal(peal_socket_set_user_free(NULL, free), PEAL_ERR_USAGE);
}

static void no_socket_has_nothing(void **state) {
  (void)state;
  assert_false(peal_socket_in(NULL, "r"));
  assert_int_equal(peal_socket_room_count(NULL), 0);
  assert_null(peal_socket_room(NULL, 0));
  assert_string_equal(peal_socket_id(NULL), "");
  assert_null(peal_socket_nsp(NULL));
  assert_null(peal_socket_worker(NULL));
  assert_int_equal(peal_build_err(peal_socket_build(NULL)), PEAL_ERR_USAGE);
  assert_false(peal_socket_is_connected(NULL));
  assert_string_equal(peal_socket_transport(NULL), "");
  assert_int_equal(peal_socket_queued_bytes(NULL), 0);
  assert_null(peal_socket_user(NULL));
  assert_true(peal_val_is(peal_socket_auth(NULL), PEAL_UNDEFINED));
  assert_null(peal_socket_header(NULL, "x").ptr);
  assert_null(peal_socket_query(NULL, "x").ptr);
  assert_null(peal_socket_url(NULL).ptr);
  assert_null(peal_socket_address(NULL).ptr);
  assert_int_equal(peal_socket_since_ms(NULL), 0);
}

/* Numbers that no enumerator has. */
static void no_reason_has_no_text(void **state) {
  (void)state;
  assert_string_equal(peal_reason_text((peal_reason)99), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_server_answers_with_nothing),
      cmocka_unit_test(no_namespace_registers_nothing),
      cmocka_unit_test(no_function_is_not_registered),
      cmocka_unit_test(no_namespace_sends_nothing),
      cmocka_unit_test(no_event_is_empty),
      cmocka_unit_test(no_socket_sends_nothing),
      cmocka_unit_test(no_socket_has_nothing),
      cmocka_unit_test(no_reason_has_no_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
