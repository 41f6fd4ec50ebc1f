/* SPDX-License-Identifier: MIT */
/* References to sockets: from the handler to every thread, and back to the
 * socket or to nobody. */
#include <peal/handle.h>

#include "net/net_limits.h"
#include "server/server_limits.h"
#include "server_fixture.h"

typedef struct shelf {
  pthread_mutex_t lock;
  peal_socket_ref refs[64];
  size_t count;
} shelf;

static shelf kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep(peal_socket *socket) {
  pthread_mutex_lock(&kept.lock);
  kept.refs[kept.count++ % 64] = peal_ref_of(socket);
  pthread_mutex_unlock(&kept.lock);
}

static peal_socket_ref kept_at(size_t index) {
  peal_socket_ref ref = {0};
  for (int i = 0; i < 10000 && !ref.nsp; i++) {
    pthread_mutex_lock(&kept.lock);
    if (kept.count > index)
      ref = kept.refs[index];
    pthread_mutex_unlock(&kept.lock);
    usleep(1000);
  }
  assert_non_null(ref.nsp);
  return ref;
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  keep(socket);
  return PEAL_OK;
}

static bool same(peal_socket_ref a, peal_socket_ref b) {
  return a.nsp == b.nsp && a.generation == b.generation && a.slot == b.slot &&
         a.worker == b.worker;
}

/* In an event: there and back. */
static void on_check(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_socket_ref ref = peal_ref_of(socket);
  assert_true(same(ref, peal_ref_of(socket)));
  assert_ptr_equal(peal_ref_socket(ref), socket);
  assert_ptr_equal(peal_ref_worker(ref), peal_socket_worker(socket));
  assert_int_equal(peal_ref_emit(ref, "here", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_ref_emit(ref, "connect", PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  assert_ptr_equal(peal_nsp_find(ref.nsp, peal_socket_id(socket)), socket);
  assert_null(peal_nsp_find(ref.nsp, "AAAAAAAAAAAAAAAAAAAA"));
  assert_null(peal_nsp_find(ref.nsp, ""));
  assert_int_equal(peal_ack(event, PEAL_NO_ARGS), PEAL_OK);
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)reason;
  (void)err;
  (void)user;
  peal_socket_ref ref = peal_ref_of(socket);
  trace_add("%s", peal_ref_socket(ref) == socket ? "found" : "lost");
  trace_add("%s", peal_err_name(peal_ref_emit(ref, "x", PEAL_NO_ARGS)));
  trace_add("%s",
            peal_nsp_find(ref.nsp, peal_socket_id(socket)) ? "in" : "out");
}

static void on_posted(peal_socket *socket, void *user) {
  trace_add("%s %s", (const char *)user, socket ? "there" : "gone");
  if (socket)
    assert_ptr_equal(peal_worker_self(), peal_socket_worker(socket));
}

static char first[] = "first", second[] = "second";

static server_fixture make(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  server_fixture it = server_make(&opts);
  kept.count = 0;
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "check", on_check, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnect(it.root, on_disconnect, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void a_reference_leads_back_to_its_socket(void **state) {
  (void)state;
  for (unsigned workers = 1; workers < 4; workers += 2) {
    server_fixture it = make(workers);
    sio_client client;
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&client, "421[\"check\"]"));
    assert_true(sio_client_expect(&client, "42[\"here\"]"));
    assert_true(sio_client_expect(&client, "431[]"));
    peal_socket_ref ref = kept_at(0);
    assert_int_equal(peal_ref_post(ref, on_posted, first), PEAL_OK);
    trace_expect("first there\n");
    sio_client_close(&client);
    trace_expect("found\nPEAL_ERR_CLOSED\nout\n");
    assert_true(server_has_clients(&it, 0));
    assert_int_equal(peal_ref_post(ref, on_posted, second), PEAL_OK);
    trace_expect("second gone\n");
    assert_int_equal(peal_ref_emit(ref, "late", PEAL_NO_ARGS), PEAL_OK);
    assert_int_equal(peal_ref_disconnect(ref, true), PEAL_OK);
    server_stop(&it);
  }
}

/* From a thread of the program's own, in the order of the calls. */
static void every_thread_reaches_the_socket(void **state) {
  (void)state;
  for (unsigned workers = 1; workers < 4; workers += 2)
    for (int via = 0; via < 2; via++) {
      server_fixture it = make(workers);
      sio_client client;
      assert_true(sio_client_start(&client, it.port, (sio_via)via));
      peal_socket_ref ref = kept_at(0);
      for (int i = 0; i < 20; i++)
        assert_int_equal(peal_ref_emit(ref, "n", PEAL_ARGS(peal_int(i))),
                         PEAL_OK);
      peal_to to = {.conflate = "key"};
      assert_int_equal(
          peal_ref_emit_with(ref, &to, "bin",
                             PEAL_ARGS(peal_binary(PEAL_S("\1\2")))),
          PEAL_OK);
      for (int i = 0; i < 20; i++) {
        char text[32];
        snprintf(text, sizeof text, "42[\"n\",%d]", i);
        assert_true(sio_client_expect(&client, text));
      }
      assert_true(sio_client_expect(
          &client, "451-[\"bin\",{\"_placeholder\":true,\"num\":0}]"));
      assert_non_null(sio_client_next(&client, 5000));
      assert_int_equal(peal_ref_emit(ref, "connect", PEAL_NO_ARGS),
                       PEAL_ERR_RESERVED);
      to = (peal_to){.rooms = PEAL_ROOMS("x")};
      assert_int_equal(peal_ref_emit_with(ref, &to, "x", PEAL_NO_ARGS),
                       PEAL_ERR_USAGE);
      assert_int_equal(peal_ref_disconnect(ref, false), PEAL_OK);
      assert_true(sio_client_expect(&client, "41"));
      sio_client_close(&client);
      server_stop(&it);
    }
}

static void the_end_of_the_connection_can_be_asked_from_afar(void **state) {
  (void)state;
  server_fixture it = make(1);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_int_equal(peal_ref_disconnect(kept_at(0), true), PEAL_OK);
  assert_true(sio_client_ends(&client, 5000));
  sio_client_close(&client);
  server_stop(&it);
}

static void no_later_socket_is_taken_for_an_earlier_one(void **state) {
  (void)state;
  server_fixture it = make(1);
  for (size_t i = 0; i < 20; i++) {
    sio_client client;
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    peal_socket_ref ref = kept_at(i);
    for (size_t old = 0; old < i; old++)
      assert_false(same(ref, kept_at(old)));
    trace_clear();
    for (size_t old = 0; old < i; old++)
      assert_int_equal(peal_ref_post(kept_at(old), on_posted, first), PEAL_OK);
    assert_int_equal(peal_ref_post(ref, on_posted, second), PEAL_OK);
    trace_await("second there\n");
    assert_false(trace_has("first there"));
    sio_client_close(&client);
    assert_true(server_has_clients(&it, 0));
  }
  server_stop(&it);
}

/* -- a worker that is behind ------------------------------------------------------------- */

static atomic_bool stands, may_go;
static atomic_uint posted;

static void on_stand(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  (void)user;
  atomic_store(&stands, true);
  for (int i = 0; i < 60000 && !atomic_load(&may_go); i++)
    usleep(1000);
}

static void count_post(peal_socket *socket, void *user) {
  (void)user;
  assert_non_null(socket);
  atomic_fetch_add(&posted, 1);
}

/* What waits for it is bounded, and who asks is told. */
static void a_worker_that_is_behind_is_told_of(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  kept.count = 0;
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "stand", on_stand, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  peal_socket_ref ref = kept_at(0);
  assert_true(sio_client_send(&client, "42[\"stand\"]"));
  for (int i = 0; i < 10000 && !atomic_load(&stands); i++)
    usleep(1000);
  assert_true(atomic_load(&stands));
  unsigned sent = 0;
  while (!peal_ref_post(ref, count_post, NULL))
    sent++;
  assert_int_equal(sent, PEAL_LIMIT_OPS);
  assert_int_equal(peal_ref_post(ref, count_post, NULL), PEAL_ERR_QUEUE_FULL);
  assert_int_equal(peal_ref_emit(ref, "x", PEAL_NO_ARGS), PEAL_ERR_QUEUE_FULL);
  assert_int_equal(peal_ref_disconnect(ref, true), PEAL_ERR_QUEUE_FULL);
  atomic_store(&may_go, true);
  for (int i = 0; i < 10000 && atomic_load(&posted) < sent; i++)
    usleep(1000);
  assert_int_equal(atomic_load(&posted), sent);
  assert_int_equal(peal_ref_emit(ref, "x", PEAL_NO_ARGS), PEAL_OK);
  assert_true(sio_client_expect(&client, "42[\"x\"]"));
  sio_client_close(&client);
  server_stop(&it);
}

static void of_nobody_nothing_happens(void **state) {
  (void)state;
  peal_socket_ref none = {0};
  assert_null(peal_ref_of(NULL).nsp);
  assert_null(peal_ref_socket(none));
  assert_null(peal_ref_worker(none));
  assert_int_equal(peal_ref_emit(none, "x", PEAL_NO_ARGS), PEAL_ERR_USAGE);
  assert_int_equal(peal_ref_disconnect(none, true), PEAL_ERR_USAGE);
  assert_int_equal(peal_ref_post(none, on_posted, first), PEAL_ERR_USAGE);
  assert_null(peal_nsp_find(NULL, "x"));
}

/* Behind the run nothing is sent, and that is said. */
static void behind_the_run_it_is_closed(void **state) {
  (void)state;
  server_fixture it = make(1);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  peal_socket_ref ref = kept_at(0);
  assert_int_equal(peal_ref_post((peal_socket_ref){.nsp = ref.nsp}, NULL, NULL),
                   PEAL_ERR_USAGE);
  peal_server_stop(it.server);
  server_join(&it);
  trace_clear();
  assert_int_equal(peal_ref_post(ref, on_posted, first), PEAL_ERR_CLOSED);
  assert_int_equal(peal_ref_emit(ref, "x", PEAL_NO_ARGS), PEAL_ERR_CLOSED);
  assert_null(peal_ref_socket(ref));
  trace_expect("");
  sio_client_close(&client);
  server_free(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reference_leads_back_to_its_socket),
      cmocka_unit_test(every_thread_reaches_the_socket),
      cmocka_unit_test(the_end_of_the_connection_can_be_asked_from_afar),
      cmocka_unit_test(no_later_socket_is_taken_for_an_earlier_one),
      cmocka_unit_test(a_worker_that_is_behind_is_told_of),
      cmocka_unit_test(of_nobody_nothing_happens),
      cmocka_unit_test(behind_the_run_it_is_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
