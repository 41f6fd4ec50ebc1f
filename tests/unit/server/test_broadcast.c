/* SPDX-License-Identifier: MIT */
/* Operations on many sockets: what crosses to other workers, what is told of
 * them, and what is not done for nobody. */
#include "base/limits.h"
#include "server/members.h"
#include "server/packet.h"
#include "server_fixture.h"
#include "wire/sio_check.h"
#include "wire/sio_packet.h"

#define CLIENTS 8

/* -- values are made again where somebody watches ------------------------------------ */

static atomic_int watched[3]; /* by shape of the event */

static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)user;
  assert_ptr_equal(peal_socket_worker(socket), peal_worker_self());
  if (peal_slice_is(event, "plain")) {
    assert_int_equal(args.count, 2);
    assert_int_equal(peal_val_int(args.items[0], 0), 7);
    assert_true(peal_val_is(args.items[1], PEAL_NULL));
    atomic_fetch_add(&watched[0], 1);
  } else if (peal_slice_is(event, "binary")) {
    assert_int_equal(args.count, 1);
    assert_true(peal_slice_is(
        peal_val_binary(peal_val_get(args.items[0], "data")), "bytes"));
    atomic_fetch_add(&watched[1], 1);
  } else {
    assert_true(peal_slice_is(event, "ask"));
    assert_int_equal(args.count, 1);
    atomic_fetch_add(&watched[2], 1);
  }
}

static void await(atomic_int *number, int value) {
  for (int i = 0; i < 10000 && atomic_load(number) < value; i++)
    usleep(1000);
  assert_int_equal(atomic_load(number), value);
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)user;
  trace_add("%s %zu of %zu", peal_err_name(acks->err), acks->responses.count,
            acks->expected);
}

static void watchers_see_the_values_on_every_worker(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 4; workers += 3) {
    peal_server_opts opts = server_opts();
    opts.workers = workers;
    server_fixture it = server_make(&opts);
    peal_nsp *nsp = peal_server_of(it.server, "/a[b");
    sio_client c[CLIENTS];
    for (int i = 0; i < 3; i++)
      atomic_store(&watched[i], 0);
    assert_int_equal(peal_on_any_outgoing(nsp, on_outgoing, NULL), PEAL_OK);
    server_run(&it);
    for (int i = 0; i < CLIENTS; i++) {
      assert_true(sio_client_open(&c[i], it.port, SIO_WEBSOCKET));
      assert_true(sio_client_join(&c[i], "/a[b", NULL));
    }
    assert_true(server_has_sockets(&it, CLIENTS));
    assert_int_equal(peal_nsp_emit(nsp, NULL, "plain",
                                   PEAL_ARGS(peal_int(7), peal_undefined())),
                     PEAL_OK);
    await(&watched[0], CLIENTS);
    assert_int_equal(
        peal_nsp_emit(
            nsp, NULL, "binary",
            PEAL_ARGS(PEAL_OBJECT({"data", peal_binary(PEAL_S("bytes"))}))),
        PEAL_OK);
    await(&watched[1], CLIENTS);
    assert_int_equal(peal_nsp_emit_ack(nsp, NULL, "ask",
                                       PEAL_ARGS(peal_binary(PEAL_S("x"))),
                                       60000, on_acks, NULL),
                     PEAL_OK);
    await(&watched[2], CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
      const sio_packet *got;
      unsigned id = UINT32_MAX;
      assert_true(sio_client_expect(&c[i], "42/a[b,[\"plain\",7,null]"));
      do
        got = sio_client_next(&c[i], 10000);
      while (got && (got->binary || !strstr(got->data, "\"ask\"")));
      assert_non_null(got);
      assert_int_equal(sscanf(got->data, "451-/a[b,%u[", &id), 1);
      char answer[60];
      snprintf(answer, sizeof answer, "43/a[b,%u[%d]", id, i);
      assert_true(sio_client_send(&c[i], answer));
    }
    trace_expect("PEAL_OK 8 of 8\n");
    for (int i = 0; i < CLIENTS; i++)
      sio_client_close(&c[i]);
    server_stop(&it);
  }
}

/* -- one line for all ------------------------------------------------------------------ */

static atomic_int lines;

static void on_log(const peal_log_record *record, void *user) {
  (void)user;
  if (record->level == PEAL_LOG_ERROR) {
    assert_true(peal_slice_is(record->text,
                              "a join lost on worker 0 for 8 of 8 sockets: a "
                              "limit was reached"));
    atomic_fetch_add(&lines, 1);
  }
}

static void what_fails_for_many_is_logged_once(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.max_rooms = 1;
  opts.log.fn = on_log;
  server_fixture it = server_make(&opts);
  sio_client c[CLIENTS];
  atomic_store(&lines, 0);
  server_run(&it);
  for (int i = 0; i < CLIENTS; i++)
    assert_true(sio_client_start(&c[i], it.port, SIO_WEBSOCKET));
  assert_int_equal(peal_nsp_join(it.root, NULL, "one"), PEAL_OK);
  assert_int_equal(peal_nsp_join(it.root, NULL, "two"), PEAL_OK);
  await(&lines, 1);
  for (int i = 0; i < CLIENTS; i++)
    sio_client_close(&c[i]);
  assert_true(server_has_sockets(&it, 0));
  server_stop(&it);
  assert_int_equal(atomic_load(&lines), 1);
}

/* -- nobody -------------------------------------------------------------------------- */

/* What the encoder says, with no encoder. */
static void checking_says_what_encoding_says(void **state) {
  (void)state;
  static peal_val nest[PEAL_LIMIT_JSON_DEPTH + 8];
  nest[0] = peal_int(1);
  for (size_t i = 1; i < sizeof nest / sizeof *nest; i++) {
    nest[i] = peal_array(&nest[i - 1], 1);
    peal_args args = {&nest[i], 1};
    size_t attachments = 0;
    peal_buf buf;
    peal_buf_init(&buf, NULL, 0);
    peal_sio_packet_encode_event(&buf, peal_slice_of("/"), peal_slice_of("x"),
                                 args, NULL, &attachments);
    assert_int_equal(peal_sio_check_event(PEAL_S("x"), args), buf.err);
    peal_buf_deinit(&buf);
  }
  assert_int_equal(peal_sio_check_event(PEAL_S("disconnect"), PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  assert_int_equal(peal_sio_check_event((peal_slice){NULL, 0}, PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  static peal_val many[UINT16_MAX + 1];
  for (size_t i = 0; i <= UINT16_MAX; i++)
    many[i] = peal_binary(PEAL_S("x"));
  assert_int_equal(
      peal_sio_check_event(PEAL_S("x"), (peal_args){many, UINT16_MAX}),
      PEAL_OK);
  assert_int_equal(
      peal_sio_check_event(PEAL_S("x"), (peal_args){many, UINT16_MAX + 1}),
      PEAL_ERR_LIMIT);
}

static peal_val deep[PEAL_LIMIT_JSON_DEPTH + 8];

static void on_emit(peal_socket *socket, const peal_event *event, void *user) {
  const peal_to nobody = {.rooms = PEAL_ROOMS("nobody")};
  const peal_args args = {&deep[PEAL_LIMIT_JSON_DEPTH + 7], 1};
  (void)user;
  assert_int_equal(peal_emit_to(socket, &nobody, "x", args), PEAL_ERR_DEPTH);
  assert_int_equal(peal_emit_to(socket, NULL, "x", args), PEAL_ERR_DEPTH);
  assert_int_equal(peal_emit_to(socket, &nobody, "disconnect", PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  assert_int_equal(peal_emit_to(socket, &nobody, "x", PEAL_NO_ARGS), PEAL_OK);
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void errors_are_told_though_nobody_receives(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  deep[0] = peal_int(1);
  for (size_t i = 1; i < sizeof deep / sizeof *deep; i++)
    deep[i] = peal_array(&deep[i - 1], 1);
  assert_int_equal(peal_on(it.root, "emit", on_emit, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"emit\"]"));
  assert_true(sio_client_expect(&a, "431[]"));
  sio_client_close(&a);
  server_stop(&it);
}

/* -- marks begin anew ------------------------------------------------------------------- */

/* As many selections later as there are marks, the same one is used again. */
static void on_round(peal_socket *socket, const peal_event *event, void *user) {
  static const char *const nobody[] = {NULL};
  peal_nsp *nsp = peal_socket_nsp(socket);
  peal_to to = {.rooms = nobody};
  peal_socket **chosen;
  size_t count;
  (void)event;
  (void)user;
  assert_int_equal(peal_nsp_emit(nsp, NULL, "first", PEAL_NO_ARGS), PEAL_OK);
  for (uint32_t i = 1; i < PEAL_SOCKET_VISIT_MAX; i++)
    assert_int_equal(peal_members_select(nsp, socket->local->worker, &to, NULL,
                                         &chosen, &count),
                     PEAL_OK);
  assert_int_equal(peal_nsp_emit(nsp, NULL, "again", PEAL_NO_ARGS), PEAL_OK);
}

static void a_mark_that_is_used_again_hides_nobody(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *nsp = peal_server_of(it.server, "/");
  sio_client c[2];
  assert_int_equal(peal_on(nsp, "round", on_round, NULL), PEAL_OK);
  server_run(&it);
  for (int i = 0; i < 2; i++) {
    assert_true(sio_client_open(&c[i], it.port, SIO_WEBSOCKET));
    assert_true(sio_client_join(&c[i], "/", NULL));
  }
  assert_true(server_has_sockets(&it, 2));
  assert_true(sio_client_send(&c[0], "42[\"round\"]"));
  for (int i = 0; i < 2; i++) {
    assert_true(sio_client_expect(&c[i], "42[\"first\"]"));
    assert_true(sio_client_expect(&c[i], "42[\"again\"]"));
    sio_client_close(&c[i]);
  }
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(watchers_see_the_values_on_every_worker),
      cmocka_unit_test(what_fails_for_many_is_logged_once),
      cmocka_unit_test(checking_says_what_encoding_says),
      cmocka_unit_test(errors_are_told_though_nobody_receives),
      cmocka_unit_test(a_mark_that_is_used_again_hides_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
