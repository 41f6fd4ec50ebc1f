/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/account.h"

#define STEP PEAL_ACCOUNT_STEP_BYTES

static void holds_a_client_to_its_own_ceiling(void **state) {
  (void)state;
  peal_account account;
  peal_account_init(&account, NULL, 100);
  assert_int_equal(peal_account_charge(&account, 60), PEAL_OK);
  assert_int_equal(peal_account_charge(&account, 41), PEAL_ERR_LIMIT);
  assert_int_equal(peal_account_charge(&account, SIZE_MAX), PEAL_ERR_LIMIT);
  assert_int_equal(account.used, 60);
  assert_int_equal(peal_account_charge(&account, 40), PEAL_OK);
  peal_account_release(&account, 100);
  assert_int_equal(account.used, 0);
}

static void bounds_the_sum_of_all_clients(void **state) {
  (void)state;
  peal_account_server server;
  peal_account_worker workers[2];
  peal_account clients[2];
  peal_account_server_init(&server, 3 * STEP);
  for (int i = 0; i < 2; i++) {
    peal_account_worker_init(&workers[i], &server);
    peal_account_init(&clients[i], &workers[i], 0);
  }
  assert_int_equal(peal_account_charge(&clients[0], 2 * STEP), PEAL_OK);
  assert_int_equal(peal_account_charge(&clients[1], STEP), PEAL_OK);
  assert_int_equal(peal_account_charge(&clients[1], 1), PEAL_ERR_NOMEM);
  assert_int_equal(clients[1].used, STEP);
  assert_int_equal(workers[1].used, STEP);
  peal_account_release(&clients[0], 2 * STEP);
  peal_account_release(&clients[1], STEP);
  for (int i = 0; i < 2; i++)
    peal_account_worker_deinit(&workers[i]);
  assert_int_equal(atomic_load(&server.granted), 0);
}

static void uses_the_last_bytes_below_the_ceiling(void **state) {
  (void)state;
  peal_account_server server;
  peal_account_worker worker;
  peal_account_server_init(&server, STEP + 10);
  peal_account_worker_init(&worker, &server);
  assert_int_equal(peal_account_worker_charge(&worker, STEP), PEAL_OK);
  assert_int_equal(peal_account_worker_charge(&worker, 11), PEAL_ERR_NOMEM);
  assert_int_equal(peal_account_worker_charge(&worker, 10), PEAL_OK);
  peal_account_worker_release(&worker, STEP + 10);
  peal_account_worker_deinit(&worker);
  assert_int_equal(atomic_load(&server.granted), 0);
}

static void gives_large_amounts_back_to_the_server(void **state) {
  (void)state;
  peal_account_server server;
  peal_account_worker worker;
  peal_account_server_init(&server, 0);
  peal_account_worker_init(&worker, &server);
  assert_int_equal(peal_account_worker_charge(&worker, 100 * STEP), PEAL_OK);
  peal_account_worker_release(&worker, 100 * STEP);
  assert_true(atomic_load(&server.granted) <= 2 * STEP);
  peal_account_worker_deinit(&worker);
}

/* Whatever the order, the levels agree. */
static void keeps_its_levels_equal_in_any_order(void **state) {
  (void)state;
  peal_account_server server;
  peal_account_worker worker;
  peal_account clients[4];
  size_t held[4] = {0};
  peal_account_server_init(&server, 8 * STEP);
  peal_account_worker_init(&worker, &server);
  for (int i = 0; i < 4; i++)
    peal_account_init(&clients[i], &worker, 3 * STEP);
  srand(7);
  for (int step = 0; step < 20000; step++) {
    int i = rand() % 4;
    size_t bytes = (size_t)rand() % (STEP / 2);
    if (rand() % 2) {
      if (peal_account_charge(&clients[i], bytes) == PEAL_OK)
        held[i] += bytes;
    } else {
      bytes = bytes < held[i] ? bytes : held[i];
      peal_account_release(&clients[i], bytes);
      held[i] -= bytes;
    }
    assert_int_equal(clients[i].used, held[i]);
    assert_int_equal(worker.used, held[0] + held[1] + held[2] + held[3]);
    assert_true(worker.used <= worker.granted);
    assert_int_equal(atomic_load(&server.granted), worker.granted);
    assert_true(worker.granted <= 8 * STEP);
  }
  for (int i = 0; i < 4; i++)
    peal_account_release(&clients[i], held[i]);
  peal_account_worker_deinit(&worker);
  assert_int_equal(atomic_load(&server.granted), 0);
}

static void what_travels_is_charged_to_the_server_directly(void **state) {
  peal_account_server server;
  peal_account_worker worker;
  (void)state;
  peal_account_server_init(&server, 100);
  peal_account_worker_init(&worker, &server);
  assert_int_equal(peal_account_server_charge(&server, 60), PEAL_OK);
  assert_int_equal(peal_account_server_charge(&server, 41), PEAL_ERR_NOMEM);
  assert_int_equal(peal_account_server_charge(&server, SIZE_MAX),
                   PEAL_ERR_NOMEM);
  assert_int_equal(peal_account_worker_charge(&worker, 41), PEAL_ERR_NOMEM);
  assert_int_equal(peal_account_worker_charge(&worker, 40), PEAL_OK);
  assert_int_equal(peal_account_server_charge(&server, 1), PEAL_ERR_NOMEM);
  peal_account_server_release(&server, 60);
  assert_int_equal(peal_account_server_charge(&server, 60), PEAL_OK);
  peal_account_server_release(&server, 60);
  peal_account_worker_release(&worker, 40);
  peal_account_worker_deinit(&worker);
  assert_int_equal(atomic_load(&server.granted), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(holds_a_client_to_its_own_ceiling),
      cmocka_unit_test(bounds_the_sum_of_all_clients),
      cmocka_unit_test(uses_the_last_bytes_below_the_ceiling),
      cmocka_unit_test(gives_large_amounts_back_to_the_server),
      cmocka_unit_test(what_travels_is_charged_to_the_server_directly),
      cmocka_unit_test(keeps_its_levels_equal_in_any_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
