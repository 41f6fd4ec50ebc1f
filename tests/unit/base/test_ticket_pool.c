/* SPDX-License-Identifier: MIT */
/* What was answered is kept for a while, and then used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/ticket_pool.h"
#include "torture.h"

typedef struct question {
  peal_ticket ticket;
  int *mine;
} question;

#define COUNT 5000

static uint64_t now_ms;
static peal_account_server server;
static peal_account_worker account;
static peal_ticket_pool pool;

static void make(size_t max_bytes, size_t max_kept, const peal_mem *mem) {
  now_ms = 1000;
  peal_account_server_init(&server, max_bytes);
  peal_account_worker_init(&account, &server);
  peal_ticket_pool_init(
      &pool, &(peal_ticket_pool_opts){.ticket_bytes = sizeof(question),
                                      .max_kept = max_kept,
                                      .now_ms = &now_ms,
                                      .account = &account,
                                      .mem = peal_mem_or_libc(mem)});
}

static void drop(void) {
  peal_ticket_pool_deinit(&pool);
  assert_int_equal(account.used, 0);
  peal_account_worker_deinit(&account);
}

static question *ask(int *mine) {
  question *made = peal_ticket_pool_open(&pool);
  assert_non_null(made);
  assert_null(made->mine);
  made->mine = mine;
  return made;
}

static void answer(question *one) {
  one->mine = NULL;
  peal_ticket_pool_close(&pool, &one->ticket);
}

static void a_late_second_answer_is_nobody_elses_first(void **state) {
  (void)state;
  static int mark;
  make(0, 0, NULL);
  question *first = ask(&mark);
  answer(first);
  for (size_t i = 0; i < COUNT; i++) {
    question *other = ask(&mark); /* half of them wait, others are answered */
    assert_ptr_not_equal(other, first);
    if (i % 2)
      answer(other);
    now_ms += (PEAL_TICKET_KEPT_MS - 1) / COUNT;
    assert_null(first->mine);
  }
  now_ms = 1000 + PEAL_TICKET_KEPT_MS;
  assert_ptr_equal(ask(&mark), first);
  drop();
}

static void what_a_storm_has_left_is_given_back(void **state) {
  (void)state;
  make(0, 0, NULL);
  for (size_t i = 0; i < COUNT; i++)
    answer(ask(NULL));
  assert_int_equal(account.used, COUNT * sizeof(question));
  for (size_t i = 0; i < COUNT; i++) {
    now_ms += PEAL_TICKET_KEPT_MS;
    answer(ask(NULL));
  }
  assert_int_equal(account.used, sizeof(question));
  drop();
}

static void what_waits_is_charged(void **state) {
  (void)state;
  make(10 * sizeof(question), 0, NULL);
  for (size_t i = 0; i < 10; i++)
    (void)ask(NULL);
  assert_null(peal_ticket_pool_open(&pool));
  drop();
}

static void no_more_are_kept_than_is_said(void **state) {
  (void)state;
  make(0, 10, NULL);
  question *first = ask(NULL);
  answer(first);
  for (size_t i = 1; i < 10; i++) {
    question *other = ask(NULL);
    assert_ptr_not_equal(other, first);
    answer(other);
  }
  assert_ptr_equal(ask(NULL), first);
  assert_int_equal(account.used, 10 * sizeof(question));
  drop();
}

static peal_err open_and_close(const peal_mem *mem, void *user) {
  (void)user;
  make(0, 0, mem);
  question *one = peal_ticket_pool_open(&pool);
  question *two = peal_ticket_pool_open(&pool);
  if (one)
    peal_ticket_pool_close(&pool, &one->ticket);
  drop();
  return one && two ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void without_memory_there_is_no_ticket(void **state) {
  (void)state;
  size_t count;
  assert_true(torture_run(open_and_close, NULL, false, &count));
  assert_int_equal(count, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_late_second_answer_is_nobody_elses_first),
      cmocka_unit_test(what_a_storm_has_left_is_given_back),
      cmocka_unit_test(what_waits_is_charged),
      cmocka_unit_test(no_more_are_kept_than_is_said),
      cmocka_unit_test(without_memory_there_is_no_ticket),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
