/* SPDX-License-Identifier: MIT */
/* Two nodes: who looks at one sees both, and reaches both. */
#include <peal/admin.h>

#include "../server/near_bus.h"
#include "admin_fixture.h"

static peal_admin *admins[2];

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_socket_set_data(socket,
                             PEAL_OBJECT({"name", peal_event_arg(event, 0)}));
  (void)peal_emit(socket, "said", PEAL_NO_ARGS);
}

static void start(unsigned workers) {
  static const char *const names[] = {"node a", "node b"};
  near_make(workers);
  near_node *both[] = {&near_a, &near_b};
  for (int i = 0; i < 2; i++) {
    admins[i] = peal_admin_new(both[i]->it.server,
                               &(peal_admin_opts){.no_auth = true,
                                                  .server_id = names[i],
                                                  .stats_interval_ms = 50,
                                                  .page = "/_peal"});
    assert_non_null(admins[i]);
    assert_int_equal(peal_on(both[i]->it.root, "say", on_say, NULL), PEAL_OK);
  }
  near_start();
}

static void stop(void) {
  near_halt();
  for (int i = 0; i < 2; i++)
    peal_admin_free(admins[i]);
  near_release();
}

static void look(sio_client *client) {
  assert_true(sio_client_open(client, near_a.it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(client, "/admin", NULL));
}

static void sees_the_other_node_too(unsigned workers) {
  start(workers);
  sio_client before, looker, client;
  assert_true(sio_client_start(&before, near_b.it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&before, "42[\"say\",\"Ann\"]"));
  assert_true(sio_client_expect(&before, "42[\"said\"]"));
  look(&looker);
  const char *heard = admin_hear(&looker, "all_sockets");
  assert_non_null(strstr(heard, before.socket_id));
  assert_non_null(strstr(heard, "\"transport\":\"websocket\",\"nsp\":\"/\","
                                "\"data\":{\"name\":\"Ann\"},"));
  assert_null(strstr(heard, "_admin"));
  assert_non_null(admin_hear_with(&looker, "server_stats", "\"node a\""));
  assert_non_null(admin_hear_with(&looker, "server_stats", "\"node b\""));
  /* From now on the other node knows that somebody looks. */
  assert_true(sio_client_start(&client, near_b.it.port, SIO_WEBSOCKET));
  assert_non_null(
      admin_hear_with(&looker, "socket_connected", client.socket_id));
  assert_true(sio_client_send(&client, "42[\"say\",\"Bob\"]"));
  assert_non_null(admin_hear_with(&looker, "event_received", "\"Bob\""));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"emit\",\"/\",null,\"hi\"]"));
  assert_true(sio_client_await(&client, "42[\"hi\"]"));
  char order[100];
  snprintf(order, sizeof order, "42/admin,[\"_disconnect\",\"/\",true,\"%s\"]",
           client.socket_id);
  assert_true(sio_client_send(&looker, order));
  assert_true(sio_client_ends(&client, 5000));
  assert_non_null(
      admin_hear_with(&looker, "socket_disconnected", client.socket_id));
  sio_client_close(&client);
  sio_client_close(&before);
  sio_client_close(&looker);
  stop();
}

static void sees_the_other_node(void **state) {
  (void)state;
  sees_the_other_node_too(1);
}

static void sees_the_workers_of_the_other_node(void **state) {
  (void)state;
  sees_the_other_node_too(2);
}

static char *stats_of_a(void) {
  unsigned status = 0;
  char *body = sio_client_http(near_a.it.port, "GET", "/_peal/stats.json", NULL,
                               NULL, &status);
  assert_int_equal(status, 200);
  assert_non_null(body);
  return body;
}

static void the_status_page_names_the_nodes(void **state) {
  (void)state;
  start(1);
  sio_client client;
  assert_true(sio_client_start(&client, near_b.it.port, SIO_WEBSOCKET));
  char *body = stats_of_a();
  const char *nodes =
      strstr(body, "\"cluster\":{\"nodes\":[{\"id\":\"node a\"");
  assert_non_null(nodes);
  assert_non_null(strstr(nodes, "{\"id\":\"node b\""));
  assert_non_null(strstr(nodes, "\"clients\":1,\"sockets\":1}]"));
  assert_non_null(strstr(nodes, "\"missing\":0}"));
  free(body);
  near_b.silent = true;
  body = stats_of_a();
  assert_null(strstr(body, "node b"));
  assert_non_null(strstr(body, "\"missing\":1}"));
  free(body);
  near_b.silent = false;
  sio_client_close(&client);
  stop();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sees_the_other_node),
      cmocka_unit_test(sees_the_workers_of_the_other_node),
      cmocka_unit_test(the_status_page_names_the_nodes),
  };
  return cmocka_run_group_tests_name("admin_nodes", tests, NULL, NULL);
}
