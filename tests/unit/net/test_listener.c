/* SPDX-License-Identifier: MIT */
#include "net/listener.h"
#include "net_fixture.h"

static atomic_int accepted[4];
static atomic_int total;

static void on_accept(peal_worker *worker, int fd, const peal_address *peer,
                      void *user) {
  (void)user;
  if (peer->known)
    atomic_fetch_add(&accepted[peal_worker_index(worker)], 1);
  close(fd);
  atomic_fetch_add(&total, 1);
}

static peal_workers *group_of(unsigned count) {
  return peal_workers_new(
      &(peal_workers_opts){.count = count, .log = NET_QUIET});
}

static void a_port_in_use_is_an_error_for_one_and_for_many(void **state) {
  (void)state;
  uint16_t port = 0;
  const char *why = NULL;
  peal_listener *first = NULL, *second = NULL;
  peal_workers *many = group_of(4), *one = group_of(1);
  assert_int_equal(
      peal_listener_open(&first, many, NULL, &port, 10, on_accept, NULL, NULL),
      PEAL_OK);
  assert_true(port != 0);
  assert_int_equal(
      peal_listener_open(&second, one, NULL, &port, 10, on_accept, NULL, &why),
      PEAL_ERR_PORT_IN_USE);
  assert_null(second);
  assert_string_equal(why, "Address already in use");
  peal_workers *others = group_of(3);
  assert_int_equal(peal_listener_open(&second, others, NULL, &port, 10,
                                      on_accept, NULL, &why),
                   PEAL_ERR_PORT_IN_USE);
  /* It is free again when the listener is. */
  peal_listener_free(first);
  assert_int_equal(peal_listener_open(&second, others, NULL, &port, 10,
                                      on_accept, NULL, &why),
                   PEAL_OK);
  peal_listener_free(second);
  peal_workers_free(many);
  peal_workers_free(one);
  peal_workers_free(others);
}

static void a_host_that_is_none_is_an_error_with_a_reason(void **state) {
  (void)state;
  uint16_t port = 0;
  const char *why = NULL;
  peal_listener *listener = NULL;
  peal_workers *group = group_of(1);
  assert_int_equal(peal_listener_open(&listener, group, "256.256.256.256",
                                      &port, 10, on_accept, NULL, &why),
                   PEAL_ERR_SYSTEM);
  assert_non_null(why);
  assert_int_equal(peal_listener_open(&listener, group, "198.51.100.7", &port,
                                      10, on_accept, NULL, &why),
                   PEAL_ERR_SYSTEM);
  peal_workers_free(group);
}

static void all_workers_accept(void **state) {
  (void)state;
  uint16_t port = 0;
  net_fixture fixture = {.workers = group_of(2)};
  peal_listener *listener = NULL;
  assert_int_equal(peal_listener_open(&listener, fixture.workers, NULL, &port,
                                      300, on_accept, NULL, NULL),
                   PEAL_OK);
  net_fixture_run(&fixture);
  for (int i = 0; i < 200; i++)
    close(net_connect(port));
  assert_true(net_wait(&total, 200));
  assert_true(atomic_load(&accepted[0]) > 20);
  assert_true(atomic_load(&accepted[1]) > 20);
  peal_listener_stop(listener);
  peal_listener_stop(listener);
  uv_sleep(50);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), -1);
  close(fd);
  peal_workers_stop(fixture.workers, 100);
  net_fixture_join(&fixture);
  peal_listener_free(listener);
  peal_workers_free(fixture.workers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_port_in_use_is_an_error_for_one_and_for_many),
      cmocka_unit_test(a_host_that_is_none_is_an_error_with_a_reason),
      cmocka_unit_test(all_workers_accept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
