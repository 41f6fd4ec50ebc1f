/* SPDX-License-Identifier: MIT */
/* What a worker runs of its mail in one turn, and that the rest follows. */
#include "net/net_limits.h"
#include "net/worker_impl.h"
#include "net_fixture.h"

#define LETTERS (8 * (int)PEAL_LIMIT_TURN_MAILS + 7)

typedef struct scene {
  net_fixture net;
  peal_worker *worker;
  uv_sem_t begun, go;
  atomic_int got;          /* letters */
  uint64_t turns[LETTERS]; /* in which each came */
  int numbers[LETTERS];
  unsigned sleep_ms; /* how long a letter takes */
} scene;

typedef struct letter {
  scene *in;
  int number;
} letter;

static void block(peal_worker *worker, void *user) {
  scene *s = user;
  (void)worker;
  uv_sem_post(&s->begun);
  uv_sem_wait(&s->go);
}

static void on_letter(peal_worker *worker, void *user) {
  letter one = *(letter *)user;
  scene *s = one.in;
  int at = atomic_load(&s->got);
  s->turns[at] = peal_tally_get(&worker->stats.turns);
  s->numbers[at] = one.number;
  if (s->sleep_ms)
    uv_sleep(s->sleep_ms);
  atomic_store(&s->got, at + 1);
}

static void begin(scene *s) {
  s->net.workers = peal_workers_new(
      &(peal_workers_opts){.log = NET_QUIET, .lag_warn_ms = UINT32_MAX});
  s->worker = peal_workers_get(s->net.workers, 0);
  uv_sem_init(&s->begun, 0);
  uv_sem_init(&s->go, 0);
  net_fixture_run(&s->net);
  assert_int_equal(peal_worker_post(s->worker, block, s), PEAL_OK);
  uv_sem_wait(&s->begun);
}

static void post_all(scene *s, letter *letters, int count) {
  for (int i = 0; i < count; i++) {
    letters[i] = (letter){s, i};
    assert_int_equal(peal_worker_post(s->worker, on_letter, &letters[i]),
                     PEAL_OK);
  }
  uv_sem_post(&s->go);
}

static void end(scene *s) {
  peal_workers_stop(s->net.workers, 0);
  net_fixture_join(&s->net);
  peal_workers_free(s->net.workers);
  uv_sem_destroy(&s->begun);
  uv_sem_destroy(&s->go);
}

/* In order, and no turn has more than `max`. */
static void check(const scene *s, int count, int max) {
  int in_turn = 0;
  assert_int_equal(atomic_load(&s->got), count);
  for (int i = 0; i < count; i++) {
    assert_int_equal(s->numbers[i], i);
    in_turn = i && s->turns[i] == s->turns[i - 1] ? in_turn + 1 : 1;
    assert_true(in_turn <= max);
  }
}

static scene s;
static letter letters[LETTERS];

static void a_turn_runs_so_many_and_no_more(void **state) {
  (void)state;
  s = (scene){0};
  begin(&s);
  post_all(&s, letters, LETTERS);
  assert_true(net_wait(&s.got, LETTERS));
  end(&s);
  check(&s, LETTERS, (int)PEAL_LIMIT_TURN_MAILS);
}

static void mails_that_take_long_leave_the_turn_earlier(void **state) {
  (void)state;
  s = (scene){.sleep_ms = PEAL_LIMIT_TURN_MAIL_MS};
  begin(&s);
  post_all(&s, letters, 40);
  assert_true(net_wait(&s.got, 40));
  end(&s);
  check(&s, 40, 4);
}

static void what_is_left_at_the_end_is_run_all_the_same(void **state) {
  (void)state;
  s = (scene){0};
  begin(&s);
  peal_workers_stop(s.net.workers, 0);
  post_all(&s, letters, LETTERS);
  net_fixture_join(&s.net);
  peal_workers_free(s.net.workers);
  uv_sem_destroy(&s.begun);
  uv_sem_destroy(&s.go);
  check(&s, LETTERS, LETTERS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_turn_runs_so_many_and_no_more),
      cmocka_unit_test(mails_that_take_long_leave_the_turn_earlier),
      cmocka_unit_test(what_is_left_at_the_end_is_run_all_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
