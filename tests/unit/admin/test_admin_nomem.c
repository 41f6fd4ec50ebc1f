/* SPDX-License-Identifier: MIT */
/* Memory runs out at every single allocation while somebody looks, orders, and
 * has the status page open: he may be refused or miss something, but the server
 * lives on and gives everything back. */
#include "admin_fixture.h"
#include "shared_torture.h"

static const int quick = 20;

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_join(socket, "room");
  (void)peal_socket_set_data(socket, peal_event_arg(event, 0));
  (void)peal_emit_n(socket, PEAL_S("said"), peal_event_args(event));
}

static void drain(sio_client *client) {
  for (int i = 0; i < 8; i++)
    if (!sio_client_next(client, i ? 2 : quick))
      break;
}

static bool enter(sio_client *client, unsigned port, const char *connect) {
  bool is_open = sio_client_open(client, port, SIO_WEBSOCKET) &&
                 sio_client_send(client, connect);
  if (is_open)
    drain(client);
  return is_open;
}

static void look_scene(unsigned port) {
  sio_client looker, client;
  if (!enter(&looker, port, "40/admin," ADMIN_LOGIN)) {
    sio_client_close(&looker);
    return;
  }
  if (enter(&client, port, "40") &&
      sio_client_send(&client, "42[\"say\",{\"a\":1}]"))
    drain(&client);
  if (sio_client_send(&looker, "42/admin,[\"join\",\"/\",\"more\"]"))
    drain(&looker);
  if (sio_client_send(&looker, "42/admin,[\"_disconnect\",\"/\",true]"))
    drain(&looker);
  sio_client_close(&client);
  sio_client_close(&looker);
}

static void page_scene(unsigned port) {
  static const char basic[] = "Authorization: Basic YWRtaW46c2VjcmV0\r\n";
  free(sio_client_http(port, "POST", "/_peal/login",
                       "Content-Type: application/json\r\n", ADMIN_LOGIN,
                       NULL));
  free(sio_client_http(port, "GET", "/_peal/stats.json", basic, NULL, NULL));
  free(sio_client_http(port, "GET", "/_peal/", NULL, NULL, NULL));
}

static void on_made(peal_admin *admin, server_fixture *it) {
  peal_admin_free(admin);
  server_free(it);
}

static bool run_one(void (*scene)(unsigned port), size_t n) {
  shared_torture s;
  shared_init(&s);
  peal_server_opts opts = server_opts();
  opts.mem = &s.mem;
  opts.log.level = PEAL_LOG_ERROR;
  admin_fixture all = admin_make(
      &opts, &(peal_admin_opts){.page = "/_peal", .stats_interval_ms = 5});
  assert_int_equal(peal_on(all.it.root, "say", on_say, NULL), PEAL_OK);
  server_run(&all.it);
  arm(&s, n);
  scene(all.it.port);
  bool failed = disarm(&s);
  sio_client looker;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "server_stats"));
  sio_client_close(&looker);
  admin_stop(&all);
  if (s.torture.live)
    fail_msg("allocation %zu failing leaks %zu blocks", n, s.torture.live);
  pthread_mutex_destroy(&s.lock);
  return failed;
}

static void run_all(void (*scene)(unsigned port)) {
  size_t n = 1, quiet = 0;
  /* Scenes vary a little: a few without a failure are the end. */
  for (; quiet < 3; n++)
    quiet = run_one(scene, n) ? 0 : quiet + 1;
  assert_true(n > 4);
}

static void who_looks_survives_every_failing_allocation(void **state) {
  (void)state;
  run_all(look_scene);
}

static void the_page_survives_every_failing_allocation(void **state) {
  (void)state;
  run_all(page_scene);
}

static void making_it_survives_every_failing_allocation(void **state) {
  (void)state;
  bool made = false;
  for (size_t n = 1; !made; n++) {
    shared_torture s;
    shared_init(&s);
    peal_server_opts opts = server_opts();
    opts.mem = &s.mem;
    opts.log.level = PEAL_LOG_OFF;
    server_fixture it = server_make(&opts);
    arm(&s, n);
    peal_admin *admin = peal_admin_new(
        it.server,
        &(peal_admin_opts){.username = "a", .password = "b", .page = "/x"});
    bool failed = disarm(&s);
    made = admin != NULL && !failed;
    on_made(admin, &it);
    assert_int_equal(s.torture.live, 0);
    pthread_mutex_destroy(&s.lock);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(making_it_survives_every_failing_allocation),
      cmocka_unit_test(who_looks_survives_every_failing_allocation),
      cmocka_unit_test(the_page_survives_every_failing_allocation),
  };
  return cmocka_run_group_tests_name("admin_nomem", tests, NULL, NULL);
}
