/* SPDX-License-Identifier: MIT */
#include "proto/proto_limits.h"
#include "server_fixture.h"

static peal_val text(const char *value) {
  return peal_str(value);
}

/* -- connecting ------------------------------------------------------------------ */

static peal_err refuse_by_error(peal_socket *socket, void *user) {
  (void)user;
  trace_add("asked");
  assert_int_equal(peal_join(socket, "room"), PEAL_OK);
  assert_int_equal(peal_emit(socket, "never", PEAL_NO_ARGS), PEAL_OK);
  return PEAL_ERR_LIMIT;
}

static peal_err refuse_by_name(peal_socket *socket, void *user) {
  (void)user;
  peal_err err =
      peal_refuse(socket, "go away", PEAL_OBJECT({"code", peal_int(7)}));
  assert_int_not_equal(err, PEAL_OK);
  return err;
}

/* Without returning what peal_refuse gave. */
static peal_err refuse_quietly(peal_socket *socket, void *user) {
  (void)user;
  (void)peal_refuse(socket, "first", peal_undefined());
  (void)peal_refuse(socket, NULL, peal_undefined());
  return PEAL_OK;
}

static void on_never_acked(peal_socket *socket, peal_err err, peal_args args,
                           void *user) {
  (void)user;
  assert_int_equal(args.count, 0);
  trace_add("ack %s %s", peal_err_name(err),
            peal_socket_is_connected(socket) ? "member" : "gone");
}

static void on_asked_all(const peal_acks *acks, void *user) {
  (void)user;
  trace_add("all %s %zu of %zu", peal_err_name(acks->err),
            acks->responses.count, acks->expected);
}

static peal_err refuse_with_acks(peal_socket *socket, void *user) {
  (void)user;
  assert_int_equal(
      peal_emit_ack(socket, "q", PEAL_NO_ARGS, 0, on_never_acked, NULL),
      PEAL_OK);
  assert_int_equal(peal_nsp_emit_ack(peal_socket_nsp(socket), NULL, "q",
                                     PEAL_NO_ARGS, 60000, on_asked_all, NULL),
                   PEAL_OK);
  return PEAL_ERR_USAGE;
}

static void on_count(peal_err err, size_t count, peal_args ids, void *user) {
  (void)user;
  assert_int_equal(ids.count, 0);
  trace_add("count %s %zu", peal_err_name(err), count);
}

static peal_err refuse_second_step(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  trace_add("never");
  return PEAL_OK;
}

static void refused_sockets_were_never_members(void **state) {
  (void)state;

  static const struct {
    peal_connect_fn fn;
    const char *answer, *log;
  } cases[] = {
      {refuse_by_error, "44{\"message\":\"a limit was reached\"}", "asked\n"},
      {refuse_by_name, "44{\"message\":\"go away\",\"data\":{\"code\":7}}", ""},
      {refuse_quietly, "44{\"message\":\"refused\"}", ""},
      {refuse_with_acks, "44{\"message\":\"wrong argument or state\"}",
       "all PEAL_OK 0 of 0\nack PEAL_ERR_CLOSED gone\n"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    server_fixture it = server_make(NULL);
    peal_server_stats stats;
    server_trace_ends(it.root);
    assert_int_equal(peal_on_connect(it.root, cases[i].fn, NULL), PEAL_OK);
    assert_int_equal(peal_on_connect(it.root, refuse_second_step, NULL),
                     PEAL_OK);
    server_run(&it);
    sio_client client;
    assert_true(
        sio_client_open(&client, it.port, i & 1 ? SIO_WEBSOCKET : SIO_POLLING));
    assert_true(sio_client_send(&client, "40"));
    assert_true(sio_client_expect(&client, cases[i].answer));
    assert_int_equal(peal_nsp_emit(it.root, NULL, "all", PEAL_NO_ARGS),
                     PEAL_OK);
    assert_true(sio_client_silent(&client, 50));
    trace_expect(cases[i].log);
    assert_int_equal(peal_nsp_count(it.root, NULL, on_count, NULL), PEAL_OK);
    trace_expect("count PEAL_OK 0\n");
    peal_server_stats_get(it.server, &stats);
    assert_int_equal(stats.sockets, 0);
    assert_int_equal(stats.clients, 1); /* may try another namespace */
    sio_client_close(&client);
    server_stop(&it);
  }
}

static peal_err emit_much(peal_socket *socket, void *user) {
  (void)user;
  assert_false(peal_socket_is_connected(socket));
  assert_int_equal(peal_emit(socket, "one", PEAL_ARGS(peal_int(1))), PEAL_OK);
  assert_int_equal(
      peal_emit(socket, "bin", PEAL_ARGS(peal_binary(PEAL_S("\1\2")))),
      PEAL_OK);
  assert_int_equal(peal_join(socket, "room"), PEAL_OK);
  assert_int_equal(peal_nsp_emit(peal_socket_nsp(socket),
                                 &(peal_to){.rooms = PEAL_ROOMS("room")},
                                 "room", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(peal_send(socket, PEAL_ARGS(text("hello"))), PEAL_OK);
  return PEAL_OK;
}

static void what_connect_handlers_emit_comes_behind_connect(void **state) {
  (void)state;
  for (int via = 0; via < 2; via++) {
    server_fixture it = server_make(NULL);
    peal_server_stats stats;
    assert_int_equal(peal_on_connect(it.root, emit_much, NULL), PEAL_OK);
    server_run(&it);
    sio_client client;
    assert_true(sio_client_start(&client, it.port, (sio_via)via));
    assert_true(sio_client_expect(&client, "42[\"one\",1]"));
    assert_true(sio_client_expect(
        &client, "451-[\"bin\",{\"_placeholder\":true,\"num\":0}]"));
    const sio_packet *part = sio_client_next(&client, 5000);
    assert_non_null(part);
    if (via == SIO_POLLING)
      assert_string_equal(part->data, "bAQI=");
    else
      assert_true(part->binary && part->len == 2);
    assert_true(sio_client_expect(&client, "42[\"message\",\"hello\"]"));
    peal_server_stats_get(it.server, &stats);
    assert_int_equal(stats.events_out, 3); /* no member yet: not "room" */
    sio_client_close(&client);
    server_stop(&it);
  }
}

static peal_err leave_at_once(peal_socket *socket, void *user) {
  (void)user;
  assert_int_equal(peal_emit(socket, "kept", PEAL_NO_ARGS), PEAL_OK);
  peal_disconnect(socket, false);
  assert_int_equal(peal_emit(socket, "late", PEAL_NO_ARGS), PEAL_ERR_CLOSED);
  assert_int_equal(peal_join(socket, "late"), PEAL_ERR_CLOSED);
  return PEAL_OK;
}

static void a_connect_handler_may_disconnect(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  server_trace_ends(it.root);
  assert_int_equal(peal_on_connect(it.root, leave_at_once, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_expect(&client, "42[\"kept\"]"));
  assert_true(sio_client_expect(&client, "41"));
  trace_expect("disconnecting server namespace disconnect\n"
               "disconnect server namespace disconnect\n");
  assert_true(sio_client_join(&client, "/", NULL));
  sio_client_close(&client);
  server_stop(&it);
}

/* -- middleware --------------------------------------------------------------------- */

static peal_next *waiting;
static peal_worker *waiting_on;
static atomic_int asked;

static void use_later(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  waiting = next;
  waiting_on = peal_socket_worker(socket);
  assert_int_equal(peal_join(socket, "early"), PEAL_ERR_CLOSED);
  assert_int_equal(
      peal_emit_ack(socket, "early", PEAL_NO_ARGS, 10, on_never_acked, NULL),
      PEAL_ERR_CLOSED);
  assert_false(peal_socket_is_connected(socket));
  assert_int_equal(peal_socket_room_count(socket), 0);
  atomic_fetch_add(&asked, 1);
}

static void say_ok(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_next_ok(waiting);
}

static void say_no(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_next_refuse(waiting, "late no", text("data"));
}

static void say_ok_to(peal_worker *worker, void *user) {
  (void)worker;
  peal_next_ok(user);
}

static void say_no_to(peal_worker *worker, void *user) {
  (void)worker;
  peal_next_refuse(user, "late no", peal_undefined());
}

static void await_asked(int count) {
  for (int i = 0; i < 10000 && atomic_load(&asked) < count; i++)
    usleep(1000);
  assert_int_equal(atomic_load(&asked), count);
}

static void use_now(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  trace_add("%s", (const char *)user);
  peal_next_ok(next);
  peal_next_ok(next); /* no second answer */
  peal_next_refuse(next, "no", peal_undefined());
}

static char step1[] = "step1", step2[] = "step2";

static peal_err accept_and_say(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  trace_add("connect");
  return PEAL_OK;
}

static void on_any_event(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)socket;
  (void)user;
  trace_add("event %.*s", PEAL_SFMT(peal_event_name(event)));
}

/* The running thread keeps `it`: it must stay where it is. */
static void with_middleware(server_fixture *it, peal_use_fn fn) {
  *it = server_make(NULL);
  atomic_store(&asked, 0);
  server_trace_ends(it->root);
  assert_int_equal(peal_use(it->root, use_now, step1), PEAL_OK);
  assert_int_equal(peal_use(it->root, fn, step2), PEAL_OK);
  assert_int_equal(peal_on_connect(it->root, accept_and_say, NULL), PEAL_OK);
  assert_int_equal(peal_on_any(it->root, on_any_event, NULL), PEAL_OK);
  server_run(it);
}

static void middleware_runs_in_order_before_connect(void **state) {
  (void)state;
  server_fixture it;
  with_middleware(&it, use_now);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  trace_expect("step1\nstep2\nconnect\n");
  sio_client_close(&client);
  trace_expect("disconnecting transport close\ndisconnect transport close\n");
  server_stop(&it);
}

static void middleware_may_answer_later_and_events_wait(void **state) {
  (void)state;
  server_fixture it;
  with_middleware(&it, use_later);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40"));
  await_asked(1);
  assert_true(sio_client_send(&client, "42[\"first\"]"));
  assert_true(sio_client_send(
      &client, "451-[\"second\",{\"_placeholder\":true,\"num\":0}]"));
  assert_true(sio_client_send_binary(&client, "x", 1));
  assert_true(sio_client_send(&client, "42[\"third\"]"));
  assert_int_equal(peal_nsp_emit(it.root, NULL, "all", PEAL_NO_ARGS), PEAL_OK);
  assert_true(sio_client_silent(&client, 50));
  assert_int_equal(peal_worker_post(waiting_on, say_ok, NULL), PEAL_OK);
  const sio_packet *got = sio_client_next(&client, 5000);
  assert_non_null(got);
  assert_memory_equal(got->data, "40{\"sid\":", 9);
  trace_expect("step1\nconnect\nevent first\nevent second\nevent third\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void middleware_may_refuse_later(void **state) {
  (void)state;
  server_fixture it;
  with_middleware(&it, use_later);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_POLLING));
  assert_true(sio_client_send(&client, "40"));
  await_asked(1);
  assert_int_equal(peal_worker_post(waiting_on, say_no, NULL), PEAL_OK);
  assert_true(sio_client_expect(
      &client, "44{\"message\":\"late no\",\"data\":\"data\"}"));
  /* It may try again. */
  assert_true(sio_client_send(&client, "40"));
  await_asked(2);
  assert_int_equal(peal_worker_post(waiting_on, say_ok, NULL), PEAL_OK);
  const sio_packet *got = sio_client_next(&client, 5000);
  assert_non_null(got);
  assert_memory_equal(got->data, "40{\"sid\":", 9);
  trace_expect("step1\nstep1\nconnect\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void an_answer_after_the_client_has_gone_has_no_effect(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    server_fixture it;
    with_middleware(&it, use_later);
    sio_client client;
    assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&client, "40"));
    await_asked(1);
    if (i & 1) {
      assert_true(sio_client_send(&client, "41")); /* only the namespace */
      usleep(50000);
    } else {
      sio_client_reset(&client);
      assert_true(server_has_clients(&it, 0));
    }
    assert_int_equal(
        peal_worker_post(waiting_on, i & 2 ? say_ok : say_no, NULL), PEAL_OK);
    usleep(20000);
    trace_expect("step1\n");
    sio_client_close(&client);
    server_stop(&it);
  }
}

static void asking_again_while_the_middleware_runs_starts_anew(void **state) {
  (void)state;
  server_fixture it;
  with_middleware(&it, use_later);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40"));
  await_asked(1);
  peal_next *first = waiting;
  assert_true(sio_client_send(&client, "42[\"given up\"]"));
  assert_true(sio_client_send(&client, "40"));
  await_asked(2);
  assert_true(sio_client_send(&client, "42[\"asked again\"]"));
  /* The answer to the one that was given up says nothing. */
  assert_int_equal(peal_worker_post(waiting_on, say_no_to, first), PEAL_OK);
  assert_true(sio_client_silent(&client, 50));
  assert_int_equal(peal_worker_post(waiting_on, say_ok_to, waiting), PEAL_OK);
  const sio_packet *got = sio_client_next(&client, 5000);
  assert_non_null(got);
  assert_memory_equal(got->data, "40{\"sid\":", 9);
  trace_expect("step1\nstep1\nconnect\nevent asked again\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void one_namespace_too_many_is_refused_and_the_rest_live(void **state) {
  (void)state;
  char words[64];
  server_fixture it = server_make(NULL);
  for (unsigned i = 0; i <= PEAL_LIMIT_SIO_NAMESPACES; i++) {
    snprintf(words, sizeof words, "/n%u", i);
    peal_nsp *nsp = peal_server_of(it.server, words);
    assert_non_null(nsp);
    assert_int_equal(peal_on_any(nsp, on_any_event, NULL), PEAL_OK);
  }
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  for (unsigned i = 0; i < PEAL_LIMIT_SIO_NAMESPACES; i++) {
    snprintf(words, sizeof words, "40/n%u,", i);
    assert_true(sio_client_send(&client, words));
    const sio_packet *got = sio_client_next(&client, 5000);
    assert_non_null(got);
    assert_memory_equal(got->data, words, strlen(words));
  }
  snprintf(words, sizeof words, "40/n%u,", PEAL_LIMIT_SIO_NAMESPACES);
  assert_true(sio_client_send(&client, words));
  snprintf(words, sizeof words, "44/n%u,{\"message\":\"Too many namespaces\"}",
           PEAL_LIMIT_SIO_NAMESPACES);
  assert_true(sio_client_expect(&client, words));
  assert_true(sio_client_send(&client, "42/n999,[\"alive\"]"));
  trace_expect("event alive\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void the_ceiling_of_namespaces_is_an_option(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.max_namespaces = 2;
  server_fixture it = server_make(&opts);
  assert_non_null(peal_server_of(it.server, "/a"));
  assert_non_null(peal_server_of(it.server, "/b"));
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/", NULL));
  assert_true(sio_client_join(&client, "/a", NULL));
  assert_true(sio_client_send(&client, "40/b,"));
  assert_true(
      sio_client_expect(&client, "44/b,{\"message\":\"Too many namespaces\"}"));
  /* One that is left makes room. */
  assert_true(sio_client_send(&client, "41/a,"));
  assert_true(sio_client_join(&client, "/b", NULL));
  sio_client_close(&client);
  server_stop(&it);
}

static void on_seven(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  trace_add("%s %.*s %zu", (const char *)user,
            PEAL_SFMT(peal_event_name(event)), peal_event_args(event).count);
}

/* As where names are keys of an object: 7 and "7" are one event. */
static void a_name_that_is_a_number_is_its_text(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_any(it.root, on_seven, "any"), PEAL_OK);
  assert_int_equal(peal_on(it.root, "7", on_seven, "seven"), PEAL_OK);
  assert_int_equal(peal_on(it.root, "-0.5", on_seven, "half"), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/", NULL));
  assert_true(sio_client_send(&client, "42[7,\"x\"]"));
  trace_expect("any 7 1\nseven 7 1\n");
  assert_true(sio_client_send(&client, "42[\"7\"]"));
  trace_expect("any 7 0\nseven 7 0\n");
  assert_true(sio_client_send(&client, "42[-5e-1]"));
  trace_expect("any -0.5 0\nhalf -0.5 0\n");
  assert_true(sio_client_send(&client, "42[123456789012345680000]"));
  trace_expect("any 123456789012345680000 0\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void use_no(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  peal_next_refuse(next, NULL, peal_undefined());
}

static void middleware_may_refuse_at_once(void **state) {
  (void)state;
  server_fixture it;
  with_middleware(&it, use_no);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 3; i++) {
    assert_true(sio_client_send(&client, "40"));
    assert_true(sio_client_expect(&client, "44{\"message\":\"refused\"}"));
  }
  trace_expect("step1\nstep1\nstep1\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* A handler in one namespace answers the middleware of another one of the
 * same client, and what was held there is wrong. */
static void on_unlock(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)user;
  peal_next_ok(waiting);
  trace_add("unlocked %s", peal_socket_is_connected(socket) ? "yes" : "no");
  assert_int_equal(peal_emit(socket, "still", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_NO_ARGS), PEAL_OK);
}

static void wrong_held_packets_close_when_the_handler_has_returned(
    void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *slow = peal_server_of(it.server, "/slow");
  peal_server_stats stats;
  atomic_store(&asked, 0);
  server_trace_ends(it.root);
  assert_int_equal(peal_use(slow, use_later, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "unlock", on_unlock, NULL), PEAL_OK);
  assert_int_equal(peal_on_any(it.root, on_any_event, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40/slow,"));
  await_asked(1);
  assert_true(sio_client_send(
      &client, "451-/slow,[\"x\",{\"_placeholder\":true,\"num\":5}]"));
  assert_true(sio_client_send_binary(&client, "x", 1));
  assert_true(sio_client_send(&client, "421[\"unlock\"]"));
  trace_await("unlocked yes\n");
  assert_true(sio_client_ends(&client, 5000));
  trace_expect("event unlock\nunlocked yes\ndisconnecting forced close\n"
               "disconnect forced close\n");
  assert_true(server_has_clients(&it, 0));
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.errors_peer, 1);
  sio_client_close(&client);
  server_stop(&it);
}

/* A disconnect handler refuses what waits in another namespace. */
static void on_gone_refuse(peal_socket *socket, peal_reason reason,
                           peal_err err, void *user) {
  (void)socket;
  (void)err;
  (void)user;
  peal_next *next = waiting;
  waiting = NULL;
  if (next)
    peal_next_refuse(next, "too late", peal_undefined());
  trace_add("gone %s", peal_reason_text(reason));
}

static void on_leave_event(peal_socket *socket, const peal_event *event,
                           void *user) {
  (void)user;
  peal_disconnect(socket, peal_event_arg(event, 0).as.boolean);
}

static void disconnect_handlers_may_answer_the_middleware(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    server_fixture it = server_make(NULL);
    peal_nsp *slow = peal_server_of(it.server, "/slow");
    atomic_store(&asked, 0);
    assert_int_equal(peal_on_disconnect(it.root, on_gone_refuse, NULL),
                     PEAL_OK);
    assert_int_equal(peal_use(slow, use_later, NULL), PEAL_OK);
    assert_int_equal(peal_on(it.root, "leave", on_leave_event, NULL), PEAL_OK);
    server_run(&it);
    sio_client client;
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&client, "40/slow,"));
    await_asked(1);
    if (i == 0)
      assert_true(sio_client_send(&client, "42[\"leave\",false]"));
    else if (i == 1)
      assert_true(sio_client_send(&client, "42[\"leave\",true]"));
    else
      sio_client_close(&client);
    trace_await("gone ");
    sio_client_close(&client);
    server_stop(&it);
  }
}

/* -- the end ----------------------------------------------------------------------------- */

static void on_ending(peal_socket *socket, peal_reason reason, peal_err err,
                      void *user) {
  (void)err;
  assert_false(peal_socket_is_connected(socket));
  trace_add("%s %s, rooms %zu, own %d, lobby %d", (const char *)user,
            peal_reason_text(reason), peal_socket_room_count(socket),
            peal_socket_in(socket, peal_socket_id(socket)),
            peal_socket_in(socket, "lobby"));
}

static peal_err join_lobby(peal_socket *socket, void *user) {
  (void)user;
  return peal_join(socket, "lobby");
}

static void send_and_wait(sio_client *client, const char *packet) {
  assert_true(sio_client_send(client, packet));
}

static void reasons_and_rooms_at_the_end(void **state) {
  (void)state;

  static const struct {
    const char *packet; /* NULL: the connection closes */
    const char *reason;
  } cases[] = {
      {"41", "client namespace disconnect"},
      {"42[\"leave\",false]", "server namespace disconnect"},
      {"42[\"leave\",true]", "server namespace disconnect"},
      {"1", "transport close"},
      {NULL, "transport close"},
      {"4nonsense", "forced close"},
      {"42[\"connect\"]", "forced close"},
      {"42/other,[\"x\"]", "forced server close"},
      {"40", "forced server close"},
      {"x", "parse error"},
  };

  static char ending[] = "ending", ended[] = "ended";
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_connect(it.root, join_lobby, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnecting(it.root, on_ending, ending), PEAL_OK);
  assert_int_equal(peal_on_disconnect(it.root, on_ending, ended), PEAL_OK);
  assert_int_equal(peal_on(it.root, "leave", on_leave_event, NULL), PEAL_OK);
  server_run(&it);
  for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
    sio_client client;
    char expected[400];
    assert_true(sio_client_start(&client, it.port,
                                 i & 1 ? SIO_POLLING : SIO_WEBSOCKET));
    const char *packet = cases[i / 2].packet;
    const char *reason = cases[i / 2].reason;
    if (packet) {
      send_and_wait(&client, packet);
    } else if (i & 1) { /* a GET that breaks off */
      (void)sio_client_next(&client, 10);
      sio_client_close(&client);
      reason = "transport error";
    } else {
      sio_client_close(&client);
    }
    snprintf(expected, sizeof expected,
             "ending %s, rooms 2, own 1, lobby 1\n"
             "ended %s, rooms 0, own 0, lobby 0\n",
             reason, reason);
    trace_expect(expected);
    sio_client_close(&client);
  }
  server_stop(&it);
}

static void a_stop_closes_with_its_reason(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 2;
  server_fixture it = server_make(&opts);
  server_trace_ends(it.root);
  server_run(&it);
  sio_client a, b, c;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  peal_server_stop(it.server);
  trace_expect("disconnecting server shutting down\n"
               "disconnect server shutting down\n");
  assert_true(sio_client_ends(&a, 5000));
  sio_client_close(&a);
  server_join(&it);
  server_free(&it);
  /* Polling clients with a GET, and without one. */
  it = server_make(&opts);
  server_trace_ends(it.root);
  server_run(&it);
  assert_true(sio_client_start(&b, it.port, SIO_POLLING));
  assert_true(sio_client_start(&c, it.port, SIO_POLLING));
  (void)sio_client_next(&b, 10);
  peal_server_stop(it.server);
  assert_true(sio_client_ends(&b, 5000));
  sio_client_close(&b);
  sio_client_close(&c);
  server_join(&it);
  trace_expect("disconnecting server shutting down\n"
               "disconnect server shutting down\n"
               "disconnecting server shutting down\n"
               "disconnect server shutting down\n");
  server_free(&it);
}

static void a_silent_client_times_out(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.ping_interval_ms = 50;
  opts.ping_timeout_ms = 100;
  server_fixture it = server_make(&opts);
  server_trace_ends(it.root);
  server_run(&it);
  for (int via = 0; via < 2; via++) {
    sio_client client;
    assert_true(sio_client_start(&client, it.port, (sio_via)via));
    assert_true(sio_client_silent(&client, 300)); /* answers */
    client.mute = true;
    assert_true(sio_client_ends(&client, 5000));
    trace_expect("disconnecting ping timeout\ndisconnect ping timeout\n");
    sio_client_close(&client);
  }
  server_stop(&it);
}

static void who_joins_no_namespace_in_time_goes(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.connect_timeout_ms = 100;
  server_fixture it = server_make(&opts);
  server_run(&it);
  sio_client a, b;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&b, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_ends(&a, 5000));
  assert_true(sio_client_silent(&b, 150));
  sio_client_close(&a);
  sio_client_close(&b);
  server_stop(&it);
}

/* -- the handshake -------------------------------------------------------------------------- */

typedef struct kept_slices {
  peal_slice query, raw, url, header, address;
  peal_val auth;
} kept_slices;

static kept_slices kept;

static void use_keep(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  kept = (kept_slices){.query = peal_socket_query(socket, "q"),
                       .raw = peal_socket_query(socket, "raw"),
                       .url = peal_socket_url(socket),
                       .header = peal_socket_header(socket, "X-Test"),
                       .address = peal_socket_address(socket),
                       .auth = peal_socket_auth(socket)};
  assert_int_equal(strlen(peal_socket_id(socket)), 20);
  peal_next_ok(next);
}

static void on_look(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  assert_true(peal_slice_is(kept.query, "a b&c=\xc3\xa4%zz"));
  assert_true(peal_slice_is(kept.raw, "plain"));
  assert_true(peal_slice_starts(kept.url, "/socket.io/?EIO=4&transport="));
  assert_true(peal_slice_is(kept.header, "yes"));
  assert_true(peal_slice_is(kept.address, "127.0.0.1"));
  assert_true(
      peal_slice_is(peal_val_str(peal_val_get(kept.auth, "token")), "t1"));
  assert_true(peal_slice_is(peal_socket_query(socket, "empty"), ""));
  assert_non_null(peal_socket_query(socket, "empty").ptr);
  assert_true(peal_slice_is(peal_socket_query(socket, "flag"), ""));
  assert_non_null(peal_socket_query(socket, "flag").ptr);
  assert_true(peal_slice_is(peal_socket_query(socket, "a[\xc3\xa4] b"), "1=2"));
  assert_true(peal_slice_is(peal_socket_query(socket, "twice"), "first"));
  assert_true(peal_slice_is(peal_socket_query(socket, "last"), ""));
  assert_non_null(peal_socket_query(socket, "last").ptr);
  assert_null(peal_socket_query(socket, "absent").ptr);
  assert_null(peal_socket_query(socket, "").ptr);
  assert_null(peal_socket_query(socket, "mpty").ptr);
  assert_null(peal_socket_header(socket, "absent").ptr);
  assert_true(
      peal_slice_is(peal_socket_query(socket, "q"), "a b&c=\xc3\xa4%zz"));
  assert_true(peal_socket_since_ms(socket) > 1500000000000);
  assert_ptr_equal(peal_socket_worker(socket), peal_worker_self());
  trace_add("seen on %s", peal_socket_transport(socket));
}

static void the_handshake_lives_as_long_as_the_socket(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_use(it.root, use_keep, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "look", on_look, NULL), PEAL_OK);
  server_run(&it);
  for (int via = 0; via < 2; via++) {
    sio_client client = {.query = "&q=a+b%26c%3d%C3%a4%zz&raw=plain&empty="
                                  "&flag&a%5B%c3%A4]+b=1=2&&twice=first"
                                  "&twice=second&last",
                         .fields = "X-Test: yes\r\n"};
    assert_true(sio_client_open_with(&client, it.port, (sio_via)via));
    assert_true(sio_client_join(&client, "/", "{\"token\":\"t1\"}"));
    assert_true(sio_client_send(&client, "42[\"look\"]"));
    trace_expect(via ? "seen on polling\n" : "seen on websocket\n");
    if (via == SIO_POLLING) {
      assert_true(sio_client_upgrade(&client));
      assert_true(sio_client_send(&client, "42[\"look\"]"));
      trace_expect("seen on websocket\n");
    }
    sio_client_close(&client);
  }
  server_stop(&it);
}

static peal_err set_user(peal_socket *socket, void *user) {
  (void)user;
  assert_null(peal_socket_user(socket));
  assert_true(peal_val_is(peal_socket_auth(socket), PEAL_UNDEFINED));
  peal_socket_set_user(socket, strdup("mine"));
  return PEAL_OK;
}

static void free_user(peal_socket *socket, peal_reason reason, peal_err err,
                      void *user) {
  (void)reason;
  (void)err;
  (void)user;
  trace_add("%s", (char *)peal_socket_user(socket));
  free(peal_socket_user(socket));
}

static void a_socket_carries_the_applications_pointer(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_connect(it.root, set_user, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnect(it.root, free_user, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  server_stop(&it);
  trace_expect("mine\n");
  sio_client_close(&client);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refused_sockets_were_never_members),
      cmocka_unit_test(what_connect_handlers_emit_comes_behind_connect),
      cmocka_unit_test(a_connect_handler_may_disconnect),
      cmocka_unit_test(middleware_runs_in_order_before_connect),
      cmocka_unit_test(middleware_may_answer_later_and_events_wait),
      cmocka_unit_test(middleware_may_refuse_later),
      cmocka_unit_test(an_answer_after_the_client_has_gone_has_no_effect),
      cmocka_unit_test(asking_again_while_the_middleware_runs_starts_anew),
      cmocka_unit_test(one_namespace_too_many_is_refused_and_the_rest_live),
      cmocka_unit_test(the_ceiling_of_namespaces_is_an_option),
      cmocka_unit_test(a_name_that_is_a_number_is_its_text),
      cmocka_unit_test(middleware_may_refuse_at_once),
      cmocka_unit_test(wrong_held_packets_close_when_the_handler_has_returned),
      cmocka_unit_test(disconnect_handlers_may_answer_the_middleware),
      cmocka_unit_test(reasons_and_rooms_at_the_end),
      cmocka_unit_test(a_stop_closes_with_its_reason),
      cmocka_unit_test(a_silent_client_times_out),
      cmocka_unit_test(who_joins_no_namespace_in_time_goes),
      cmocka_unit_test(the_handshake_lives_as_long_as_the_socket),
      cmocka_unit_test(a_socket_carries_the_applications_pointer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
