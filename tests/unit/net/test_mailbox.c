/* SPDX-License-Identifier: MIT */
#include "net/mailbox.h"
#include "net/worker_impl.h"
#include "net_fixture.h"

typedef struct letter {
  peal_mail mail;
  int sender, number;
} letter;

static void keeps_the_order_of_arrival(void **state) {
  (void)state;
  peal_mailbox box;
  letter letters[5] = {0};
  peal_mailbox_init(&box);
  assert_null(peal_mailbox_take(&box));
  for (int i = 0; i < 5; i++) {
    letters[i].number = i;
    assert_int_equal(peal_mailbox_put(&box, &letters[i].mail),
                     i ? PEAL_MAILBOX_PUT : PEAL_MAILBOX_PUT_FIRST);
  }
  int expected = 0;
  for (peal_mail *mail = peal_mailbox_take(&box); mail; mail = mail->next)
    assert_int_equal(PEAL_LIST_OF(mail, letter, mail)->number, expected++);
  assert_int_equal(expected, 5);
  assert_null(peal_mailbox_take(&box));
}

static void a_closed_box_gives_its_rest_and_refuses(void **state) {
  (void)state;
  peal_mailbox box;
  letter one = {0}, late = {0};
  peal_mailbox_init(&box);
  assert_false(peal_mailbox_is_closed(&box));
  assert_int_equal(peal_mailbox_put(&box, &one.mail), PEAL_MAILBOX_PUT_FIRST);
  assert_ptr_equal(peal_mailbox_close(&box), &one.mail);
  assert_true(peal_mailbox_is_closed(&box));
  assert_int_equal(peal_mailbox_put(&box, &late.mail), PEAL_MAILBOX_CLOSED);
  assert_null(peal_mailbox_take(&box));
  assert_null(peal_mailbox_close(&box));
}

/* -- a storm ---------------------------------------------------------------- */

#define SENDERS 4
#define LETTERS 20000

static peal_mailbox storm;
static letter all[SENDERS][LETTERS];

static void send_all(void *user) {
  letter *mine = user;
  for (int i = 0; i < LETTERS; i++)
    (void)peal_mailbox_put(&storm, &mine[i].mail);
}

static void many_senders_lose_nothing_and_keep_their_order(void **state) {
  (void)state;
  uv_thread_t threads[SENDERS];
  int next[SENDERS] = {0};
  peal_mailbox_init(&storm);
  for (int s = 0; s < SENDERS; s++) {
    for (int i = 0; i < LETTERS; i++)
      all[s][i] = (letter){.sender = s, .number = i};
    assert_int_equal(uv_thread_create(&threads[s], send_all, all[s]), 0);
  }
  for (int got = 0; got < SENDERS * LETTERS;) {
    for (peal_mail *mail = peal_mailbox_take(&storm); mail;
         mail = mail->next, got++) {
      const letter *one = PEAL_LIST_OF(mail, letter, mail);
      assert_int_equal(one->number, next[one->sender]++);
    }
  }
  for (int s = 0; s < SENDERS; s++)
    uv_thread_join(&threads[s]);
  assert_null(peal_mailbox_take(&storm));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_the_order_of_arrival),
      cmocka_unit_test(a_closed_box_gives_its_rest_and_refuses),
      cmocka_unit_test(many_senders_lose_nothing_and_keep_their_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
