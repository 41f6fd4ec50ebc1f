/* SPDX-License-Identifier: MIT */
#include "server_fixture.h"

/* -- options ------------------------------------------------------------------- */

static void contradictory_options_are_refused(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.transports = 4;
  assert_null(peal_server_new(&opts));
  opts = server_opts();
  opts.queue_policy = (peal_queue_policy)7;
  assert_null(peal_server_new(&opts));
  opts = server_opts();
  opts.max_queue_bytes = 1000;
  opts.max_queue_soft_bytes = 2000;
  assert_null(peal_server_new(&opts));
  opts = server_opts();
  opts.max_queue_soft_bytes = 64u << 20; /* above the default ceiling */
  assert_null(peal_server_new(&opts));
  opts = server_opts();
  opts.cors = (peal_cors_opts){.origins = "*", .credentials = true};
  assert_null(peal_server_new(&opts));
  opts = server_opts();
  opts.port = 70000;
  assert_null(peal_server_new(&opts));
  opts = server_opts();
  opts.event_rate = (peal_event_rate){.burst = 3};
  assert_null(peal_server_new(&opts));
  opts.event_rate = (peal_event_rate){.policy = PEAL_RATE_ERROR};
  assert_null(peal_server_new(&opts));
  opts.event_rate =
      (peal_event_rate){.per_s = 1, .policy = (peal_rate_policy)3};
  assert_null(peal_server_new(&opts));
}

/* A program that was compiled for a newer library wants what this one does not
 * know. */
static void unknown_options_are_refused(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  uintptr_t *const words[] = {opts.reserved, opts.cors.reserved,
                              opts.cookie.reserved, opts.log.reserved};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    words[i][1] = 1;
    assert_null(peal_server_new(&opts));
    words[i][1] = 0;
  }
}

static void a_port_in_use_gives_no_server(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_server_opts opts = server_opts();
  opts.port = (int)it.port;
  assert_null(peal_server_new(&opts));
  peal_server_free(it.server);
}

static void no_server_runs_with_exit_code_one(void **state) {
  (void)state;
  assert_int_equal(peal_server_run(NULL), 1);
  peal_server_stop(NULL);
  peal_server_free(NULL);
}

/* -- namespaces ------------------------------------------------------------------- */

static void a_namespace_has_one_object_per_name(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *admin = peal_server_of(it.server, "admin");
  assert_non_null(admin);
  assert_string_equal(peal_nsp_name(admin), "/admin");
  assert_ptr_equal(peal_server_of(it.server, "/admin"), admin);
  assert_ptr_equal(peal_server_of(it.server, ""), it.root);
  assert_ptr_equal(peal_nsp_server(admin), it.server);
  for (int i = 0; i < 20; i++) {
    char name[16];
    snprintf(name, sizeof name, "n%d", i);
    assert_non_null(peal_server_of(it.server, name));
  }
  assert_ptr_equal(peal_server_of(it.server, "/admin"), admin);
  peal_server_free(it.server);
}

static void a_namespace_name_has_a_limit(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  char name[300];
  memset(name, 'a', sizeof name);
  name[0] = '/';
  name[256] = 0;
  assert_non_null(peal_server_of(it.server, name));
  name[256] = 'a';
  name[257] = 0;
  assert_null(peal_server_of(it.server, name));
  assert_null(peal_server_of(it.server, "/a,b"));
  assert_null(peal_server_of(it.server, NULL));
  assert_null(peal_server_of(NULL, "/"));
  peal_server_free(it.server);
}

/* -- registering -------------------------------------------------------------------- */

static void on_event(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  trace_add("%s %.*s", (const char *)user, PEAL_SFMT(peal_event_name(event)));
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)socket;
  trace_add("%s", (const char *)user);
  return PEAL_OK;
}

static char first[] = "first", second[] = "second", any[] = "any",
            any2[] = "any2";

static void reserved_names_cannot_be_registered(void **state) {
  (void)state;
  static const char *const names[] = {"connect",     "connect_error",
                                      "disconnect",  "disconnecting",
                                      "newListener", "removeListener"};
  server_fixture it = server_make(NULL);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_int_equal(peal_on(it.root, names[i], on_event, NULL),
                     PEAL_ERR_RESERVED);
  assert_int_equal(peal_on(it.root, "connection", on_event, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "", on_event, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, NULL, on_event, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on(it.root, "x", NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on(NULL, "x", on_event, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_any(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_connect(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_disconnect(NULL, server_on_disconnect, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_on_drain(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_use(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_any_outgoing(it.root, NULL, NULL), PEAL_ERR_USAGE);
  peal_server_free(it.server);
}

static void handlers_run_in_order_and_any_comes_first(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  char name[] = "news";
  assert_int_equal(peal_on(it.root, name, on_event, first), PEAL_OK);
  memset(name, 'x', 4); /* copied */
  assert_int_equal(peal_on(it.root, "news", on_event, second), PEAL_OK);
  assert_int_equal(peal_on(it.root, "news", on_event, first), PEAL_OK);
  assert_int_equal(peal_on_any(it.root, on_event, any), PEAL_OK);
  assert_int_equal(peal_on_any(it.root, on_event, any2), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect, first), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect, second), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  trace_expect("first\nsecond\n");
  assert_true(sio_client_send(&client, "42[\"news\"]"));
  trace_expect("any news\nany2 news\nfirst news\nsecond news\nfirst news\n");
  assert_true(sio_client_send(&client, "42[\"unknown\"]"));
  trace_expect("any unknown\nany2 unknown\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void handlers_belong_to_one_namespace(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *admin = peal_server_of(it.server, "/admin");
  assert_int_equal(peal_on(it.root, "x", on_event, first), PEAL_OK);
  assert_int_equal(peal_on(admin, "x", on_event, second), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  assert_true(sio_client_join(&client, "/admin", NULL));
  assert_true(sio_client_send(&client, "42/admin,[\"x\"]"));
  trace_expect("second x\n");
  assert_true(sio_client_send(&client, "42[\"x\"]"));
  trace_expect("first x\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void unknown_namespaces_are_refused(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_false(sio_client_join(&client, "/nobody", NULL));
  assert_string_equal(client.current->data,
                      "44/nobody,{\"message\":\"Invalid namespace\"}");
  assert_true(sio_client_join(&client, "/", NULL));
  sio_client_close(&client);
  server_stop(&it);
}

static void a_namespace_may_be_made_during_the_run(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  peal_nsp *late = peal_server_of(it.server, "/late");
  assert_non_null(late);
  assert_ptr_equal(peal_server_of(it.server, "late"), late);
  assert_int_equal(peal_on(late, "x", on_event, first), PEAL_OK);
  assert_ptr_equal(peal_server_of(it.server, "/"), it.root);
  assert_true(sio_client_join(&client, "/late", NULL));
  assert_true(sio_client_send(&client, "42/late,[\"x\"]"));
  trace_expect("first x\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* -- outgoing --------------------------------------------------------------------------- */

static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)user;
  trace_add("out %s %.*s %zu %lld",
            peal_socket_is_connected(socket) ? "member" : "new",
            PEAL_SFMT(event), args.count,
            (long long)peal_val_int(
                args.count ? args.items[0] : peal_undefined(), -1));
}

static void on_shout(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(peal_emit(socket, "one", PEAL_ARGS(peal_int(1))), PEAL_OK);
  assert_int_equal(peal_nsp_emit(peal_socket_nsp(socket), NULL, "all",
                                 PEAL_ARGS(peal_int(2))),
                   PEAL_OK);
  assert_int_equal(peal_emit_to(socket, NULL, "others", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_NO_ARGS), PEAL_OK);
}

static void outgoing_is_told_once_per_receiver_without_acks(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_any_outgoing(it.root, on_outgoing, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "shout", on_shout, NULL), PEAL_OK);
  server_run(&it);
  sio_client a, b;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&b, it.port, SIO_POLLING));
  assert_true(sio_client_send(&a, "427[\"shout\"]"));
  assert_true(sio_client_expect(&a, "42[\"one\",1]"));
  assert_true(sio_client_expect(&a, "42[\"all\",2]"));
  assert_true(sio_client_expect(&a, "437[]"));
  assert_true(sio_client_expect(&b, "42[\"all\",2]"));
  assert_true(sio_client_expect(&b, "42[\"others\"]"));
  trace_expect("out member one 1 1\nout member all 1 2\nout member all 1 2\n"
               "out member others 0 -1\n");
  sio_client_close(&a);
  sio_client_close(&b);
  server_stop(&it);
}

static void on_gone(peal_socket *socket, peal_reason reason, peal_err err,
                    void *user) {
  (void)reason;
  (void)err;
  (void)user;
  assert_int_equal(peal_emit(socket, "late", PEAL_NO_ARGS), PEAL_ERR_CLOSED);
  assert_int_equal(
      peal_nsp_emit(peal_socket_nsp(socket), NULL, "bye", PEAL_NO_ARGS),
      PEAL_OK);
  trace_add("gone");
}

static void what_does_not_go_out_is_not_told(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_any_outgoing(it.root, on_outgoing, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnecting(it.root, on_gone, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  sio_client_close(&a);
  trace_expect("gone\n");
  server_stop(&it);
}

/* -- life ---------------------------------------------------------------------------------- */

static void a_server_that_never_ran_can_be_freed(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 4;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "x", on_event, any), PEAL_OK);
  peal_server_free(it.server);
}

static void a_stop_before_the_run_ends_it_at_once(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_server_stop(it.server);
  server_run(&it);
  server_join(&it);
  server_free(&it);
}

static void two_servers_live_in_one_process(void **state) {
  (void)state;
  server_fixture a = server_make(NULL), b = server_make(NULL);
  assert_int_not_equal(a.port, b.port);
  assert_int_equal(peal_on(a.root, "x", on_event, first), PEAL_OK);
  assert_int_equal(peal_on(b.root, "x", on_event, second), PEAL_OK);
  server_run(&a);
  server_run(&b);
  sio_client one, two;
  assert_true(sio_client_start(&one, a.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&two, b.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&two, "42[\"x\"]"));
  trace_expect("second x\n");
  server_stop(&a);
  assert_true(sio_client_send(&two, "42[\"x\"]"));
  trace_expect("second x\n");
  sio_client_close(&one);
  sio_client_close(&two);
  server_stop(&b);
}

static void on_plain(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer(req, 200, "text/plain", PEAL_S("plain"));
}

static void it_lives_on_a_given_http_server(void **state) {
  (void)state;
  peal_http_server *http;
  assert_int_equal(
      peal_http_server_new(
          &http, &(peal_http_server_opts){.host = "127.0.0.1",
                                          .port = PEAL_PORT_ANY,
                                          .workers = 2,
                                          .log = {.fn = server_quiet}}),
      PEAL_OK);
  assert_int_equal(
      peal_http_server_mount(
          http, &(peal_http_mount){.path = "/plain", .on_request = on_plain}),
      PEAL_OK);
  const peal_server_opts opts = {.http = http, .no_client = true, .path = "/a"};
  const peal_server_opts other = {
      .http = http, .no_client = true, .path = "b/"};
  peal_server_opts wrong = {.http = http, .no_client = true, .path = "/a"};
  server_fixture a = server_make(&opts), b = server_make(&other);
  assert_null(peal_server_new(&wrong)); /* the path is taken */
  wrong = (peal_server_opts){.http = http, .port = 3, .path = "/c"};
  assert_null(peal_server_new(&wrong)); /* the port is the other's */
  assert_ptr_equal(peal_server_http(a.server), http);
  assert_int_equal(peal_on(a.root, "x", on_event, first), PEAL_OK);
  assert_int_equal(peal_on(b.root, "x", on_event, second), PEAL_OK);
  server_run(&a);
  sio_client one = {.path = "/a/"}, two = {.path = "/b/"};
  assert_true(sio_client_open_with(&one, a.port, SIO_WEBSOCKET));
  assert_true(sio_client_open_with(&two, a.port, SIO_POLLING));
  assert_true(sio_client_join(&one, "/", NULL));
  assert_true(sio_client_join(&two, "/", NULL));
  assert_true(sio_client_send(&two, "42[\"x\"]"));
  trace_expect("second x\n");
  assert_true(sio_client_send(&one, "42[\"x\"]"));
  trace_expect("first x\n");
  char *body = sio_client_http(a.port, "GET", "/plain", NULL, NULL, NULL);
  assert_string_equal(body, "plain");
  free(body);
  sio_client_close(&one);
  sio_client_close(&two);
  peal_server_stop(b.server); /* ends the run of both */
  server_join(&a);
  peal_server_free(a.server);
  peal_server_free(b.server);
  peal_http_server_free(http);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contradictory_options_are_refused),
      cmocka_unit_test(unknown_options_are_refused),
      cmocka_unit_test(a_port_in_use_gives_no_server),
      cmocka_unit_test(no_server_runs_with_exit_code_one),
      cmocka_unit_test(a_namespace_has_one_object_per_name),
      cmocka_unit_test(a_namespace_name_has_a_limit),
      cmocka_unit_test(reserved_names_cannot_be_registered),
      cmocka_unit_test(handlers_run_in_order_and_any_comes_first),
      cmocka_unit_test(handlers_belong_to_one_namespace),
      cmocka_unit_test(unknown_namespaces_are_refused),
      cmocka_unit_test(a_namespace_may_be_made_during_the_run),
      cmocka_unit_test(outgoing_is_told_once_per_receiver_without_acks),
      cmocka_unit_test(what_does_not_go_out_is_not_told),
      cmocka_unit_test(a_server_that_never_ran_can_be_freed),
      cmocka_unit_test(a_stop_before_the_run_ends_it_at_once),
      cmocka_unit_test(two_servers_live_in_one_process),
      cmocka_unit_test(it_lives_on_a_given_http_server),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
