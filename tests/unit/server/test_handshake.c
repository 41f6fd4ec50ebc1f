/* SPDX-License-Identifier: MIT */
/* The request that began a session: asked by name, and walked through; what is
 * absent has no pointer, what is empty has one. */
#include "server_fixture.h"

static void add_pair(char *out, size_t size, peal_slice name,
                     peal_slice value) {
  size_t len = strlen(out);
  assert_non_null(name.ptr);
  assert_non_null(value.ptr);
  snprintf(out + len, size - len, "%.*s=%.*s;", PEAL_SFMT(name),
           PEAL_SFMT(value));
}

static void behind_the_end(const peal_socket *socket) {
  size_t beyond[] = {peal_socket_query_count(socket),
                     peal_socket_header_count(socket), 1000, SIZE_MAX};
  for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
    peal_slice value = PEAL_S("untouched");
    if (i != 1) {
      assert_null(peal_socket_query_at(socket, beyond[i], &value).ptr);
      assert_null(value.ptr);
    }
    value = PEAL_S("untouched");
    if (i != 0) {
      assert_null(peal_socket_header_at(socket, beyond[i], &value).ptr);
      assert_null(value.ptr);
    }
    assert_null(peal_socket_query_at(socket, SIZE_MAX, NULL).ptr);
  }
}

static void on_walk(peal_socket *socket, const peal_event *event, void *user) {
  char fields[1024] = "", params[1024] = "";
  peal_slice value;
  (void)event;
  (void)user;
  for (int twice = 0; twice < 2; twice++) {
    fields[0] = params[0] = 0;
    for (size_t i = 0; i < peal_socket_query_count(socket); i++) {
      peal_slice name = peal_socket_query_at(socket, i, &value);
      add_pair(params, sizeof params, name, value);
    }
    for (size_t i = 0; i < peal_socket_header_count(socket); i++) {
      peal_slice name = peal_socket_header_at(socket, i, &value);
      if (peal_slice_starts(name, "X-") || peal_slice_starts(name, "Accept"))
        add_pair(fields, sizeof fields, name, value);
      assert_ptr_equal(peal_socket_header_at(socket, i, NULL).ptr, name.ptr);
    }
  }
  behind_the_end(socket);
  char *begin = strstr(params, "n a");
  trace_add("%s", begin ? begin : params);
  trace_add("%s", fields);
}

static void everything_can_be_walked_through(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "walk", on_walk, NULL), PEAL_OK);
  server_run(&it);
  for (int via = 0; via < 2; via++) {
    sio_client client = {.query =
                             "&n+a%3dm%65=v%26+w&a=1&&a=2&empty=&flag&=noname",
                         .fields = "Accept: one\r\nX-Mine: a\r\nX-Empty:\r\n"
                                   "Accept: two\r\nX-Mine: b\r\n"};
    assert_true(sio_client_open_with(&client, it.port, (sio_via)via));
    assert_true(sio_client_join(&client, "/", NULL));
    assert_true(sio_client_send(&client, "42[\"walk\"]"));
    trace_expect("n a=me=v& w;a=1;a=2;empty=;flag=;=noname;\n"
                 "Accept=one;Accept=two;X-Mine=a;X-Empty=;X-Mine=b;\n");
    sio_client_close(&client);
  }
  server_stop(&it);
}

/* The url is one that many have: nothing of it is decoded. */
static void a_plain_query_is_walked_through_as_it_is(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "walk", on_walk, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "42[\"walk\"]"));
  trace_expect("EIO=4;transport=websocket;\n\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void on_absent(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)event;
  (void)user;
  assert_null(peal_socket_query(socket, "absent").ptr);
  assert_null(peal_socket_header(socket, "absent").ptr);
  assert_null(peal_socket_query(socket, NULL).ptr);
  assert_null(peal_socket_header(socket, NULL).ptr);
  peal_slice empty = peal_socket_query(socket, "empty");
  assert_true(empty.ptr && !empty.len);
  empty = peal_socket_header(socket, "x-empty");
  assert_true(empty.ptr && !empty.len);
  trace_add("seen");
}

static void absent_is_not_empty(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "look", on_absent, NULL), PEAL_OK);
  server_run(&it);
  /* Decoded and not. */
  static const char *const queries[] = {"&empty=", "&empty=&x=%20"};
  for (size_t i = 0; i < 2; i++) {
    sio_client client = {.query = queries[i], .fields = "X-Empty: \r\n"};
    assert_true(sio_client_open_with(&client, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_join(&client, "/", NULL));
    assert_true(sio_client_send(&client, "42[\"look\"]"));
    trace_expect("seen\n");
    sio_client_close(&client);
  }
  server_stop(&it);
}

/* -- when the client has gone ------------------------------------------------------------ */

static peal_next *asked;
static peal_socket *candidate;

static void wait_for_it(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  asked = next;
  candidate = socket;
  trace_add("asked");
}

static void look_late(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  assert_int_equal(peal_socket_header_count(candidate), 0);
  assert_int_equal(peal_socket_query_count(candidate), 0);
  assert_null(peal_socket_header_at(candidate, 0, NULL).ptr);
  assert_null(peal_socket_query_at(candidate, 0, NULL).ptr);
  assert_null(peal_socket_query(candidate, "EIO").ptr);
  assert_null(peal_socket_url(candidate).ptr);
  peal_next_ok(asked);
  trace_add("looked");
}

static void behind_its_client_everything_is_absent(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_use(it.root, wait_for_it, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40"));
  trace_expect("asked\n");
  sio_client_close(&client);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(
      peal_worker_post(peal_workers_get(peal_server_workers(it.server), 0),
                       look_late, NULL),
      PEAL_OK);
  trace_expect("looked\n");
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_can_be_walked_through),
      cmocka_unit_test(a_plain_query_is_walked_through_as_it_is),
      cmocka_unit_test(absent_is_not_empty),
      cmocka_unit_test(behind_its_client_everything_is_absent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
