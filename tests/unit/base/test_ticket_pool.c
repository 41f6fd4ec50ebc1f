/* SPDX-License-Identifier: MIT */
/* What was answered is kept until many others were, and then used again. */
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

static void a_used_ticket_is_kept_until_many_others_were_used(void **state) {
  (void)state;
  static int mark;
  peal_ticket_pool pool;
  peal_ticket_pool_init(&pool, sizeof(question), peal_mem_or_libc(NULL));
  question *first = peal_ticket_pool_open(&pool);
  assert_null(first->mine);
  first->mine = &mark;
  peal_ticket_pool_close(&pool, &first->ticket);
  for (unsigned i = 1; i < PEAL_TICKETS_KEPT; i++) {
    question *other = peal_ticket_pool_open(&pool);
    assert_ptr_not_equal(other, first);
    peal_ticket_pool_close(&pool, &other->ticket);
    assert_ptr_equal(first->mine, &mark);
  }
  question *again = peal_ticket_pool_open(&pool);
  assert_ptr_equal(again, first); /* the oldest, emptied */
  assert_null(again->mine);
  peal_ticket_pool_close(&pool, &again->ticket);
  peal_ticket_pool_deinit(&pool);
}

static void open_tickets_are_not_used_again_and_end_with_the_pool(
    void **state) {
  (void)state;
  peal_ticket_pool pool;
  peal_ticket_pool_init(&pool, sizeof(question), peal_mem_or_libc(NULL));
  question *waits = peal_ticket_pool_open(&pool);
  for (unsigned i = 0; i < 3 * PEAL_TICKETS_KEPT; i++) {
    question *other = peal_ticket_pool_open(&pool);
    assert_ptr_not_equal(other, waits);
    peal_ticket_pool_close(&pool, &other->ticket);
    assert_true(pool.used_count <= PEAL_TICKETS_KEPT);
  }
  peal_ticket_pool_deinit(&pool);
}

static peal_err open_and_close(const peal_mem *mem, void *user) {
  peal_ticket_pool pool;
  (void)user;
  peal_ticket_pool_init(&pool, sizeof(question), mem);
  question *one = peal_ticket_pool_open(&pool);
  question *two = peal_ticket_pool_open(&pool);
  if (one)
    peal_ticket_pool_close(&pool, &one->ticket);
  peal_ticket_pool_deinit(&pool);
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
      cmocka_unit_test(a_used_ticket_is_kept_until_many_others_were_used),
      cmocka_unit_test(open_tickets_are_not_used_again_and_end_with_the_pool),
      cmocka_unit_test(without_memory_there_is_no_ticket),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
