/* SPDX-License-Identifier: MIT */
/* Names, passwords and sessions in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/admin_auth.h"
#include "net/worker_impl.h"

typedef struct fixture {
  peal_workers *workers;
  peal_worker *worker;
  peal_admin_auth *auth;
} fixture;

static const peal_admin_opts plain = {.username = "ann",
                                      .password = "the secret"};
static const peal_admin_opts hashed = {
    .username = "ann",
    .password = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"};

static fixture make(const peal_admin_opts *opts) {
  fixture it = {.workers = peal_workers_new(
                    &(peal_workers_opts){.log = {.level = PEAL_LOG_OFF}})};
  assert_non_null(it.workers);
  it.worker = peal_workers_get(it.workers, 0);
  it.worker->now_ms = 1000;
  it.auth = malloc(sizeof *it.auth);
  assert_non_null(it.auth);
  assert_null(peal_admin_auth_wrong(opts));
  peal_admin_auth_init(it.auth, opts, 7);
  return it;
}

static void end(fixture *it) {
  peal_workers_free(it->workers);
  peal_admin_auth_deinit(it->auth);
  free(it->auth);
}

static void on_verdict(peal_worker *worker, peal_admin_verdict verdict,
                       void *user) {
  int *out = user;
  *out = worker ? (int)verdict : -2;
}

static int ask_from(fixture *it, const char *address, const char *username,
                    const char *password) {
  int verdict = -1;
  peal_admin_auth_ask(it->auth, it->worker, peal_slice_of(address),
                      peal_slice_of(username), peal_slice_of(password),
                      on_verdict, &verdict);
  return verdict;
}

static int ask(fixture *it, const char *username, const char *password) {
  return ask_from(it, "192.0.2.1", username, password);
}

static void a_password_is_right_or_wrong(void **state) {
  (void)state;
  fixture it = make(&plain);
  char nul[] = {'a', 'n', 'n', 0, 'x'}, large[300];
  memset(large, 'a', sizeof large - 1);
  large[sizeof large - 1] = 0;
  assert_int_equal(ask(&it, "ann", "the secret"), PEAL_ADMIN_RIGHT);
  assert_int_equal(ask_from(&it, "1", "ann", "the secre"), PEAL_ADMIN_WRONG);
  assert_int_equal(ask_from(&it, "2", "ann", ""), PEAL_ADMIN_WRONG);
  assert_int_equal(ask_from(&it, "3", "an", "the secret"), PEAL_ADMIN_WRONG);
  assert_int_equal(ask_from(&it, "4", "", ""), PEAL_ADMIN_WRONG);
  assert_int_equal(ask_from(&it, "5", "ann", large), PEAL_ADMIN_WRONG);
  int verdict = -1;
  peal_admin_auth_ask(it.auth, it.worker, PEAL_S("6"),
                      (peal_slice){nul, sizeof nul}, PEAL_S("the secret"),
                      on_verdict, &verdict);
  assert_int_equal(verdict, PEAL_ADMIN_WRONG);
  end(&it);
}

/* Five wrong ones are free, then the times double up to a minute; the right one
 * ends it, and other addresses are not concerned. */
static void who_guesses_waits(void **state) {
  static const uint64_t waits_ms[] = {1000,  2000,  4000,  8000,
                                      16000, 32000, 60000, 60000};

  (void)state;
  fixture it = make(&plain);
  for (int i = 0; i < 5; i++)
    assert_int_equal(ask(&it, "ann", "x"), PEAL_ADMIN_WRONG);
  for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
    assert_int_equal(ask(&it, "ann", "x"), PEAL_ADMIN_WRONG);
    it.worker->now_ms += waits_ms[i] - 1;
    assert_int_equal(ask(&it, "ann", "the secret"), PEAL_ADMIN_BUSY);
    it.worker->now_ms += 1;
  }
  assert_int_equal(ask_from(&it, "192.0.2.77", "ann", "the secret"),
                   PEAL_ADMIN_RIGHT);
  assert_int_equal(ask(&it, "ann", "the secret"), PEAL_ADMIN_RIGHT);
  assert_int_equal(ask(&it, "ann", "x"), PEAL_ADMIN_WRONG);
  assert_int_equal(ask(&it, "ann", "the secret"), PEAL_ADMIN_RIGHT);
  end(&it);
}

static void a_session_is_known_for_a_day(void **state) {
  (void)state;
  fixture it = make(&plain);
  char id[PEAL_ADMIN_SESSION_LEN + 1], other[PEAL_ADMIN_SESSION_LEN + 1];
  assert_int_equal(peal_admin_auth_open(it.auth, 1000, id), PEAL_OK);
  assert_int_equal(strspn(id, "0123456789abcdef"), 16);
  assert_int_equal(peal_admin_auth_open(it.auth, 1000, other), PEAL_OK);
  assert_string_not_equal(id, other);
  peal_slice known = peal_slice_of(id);
  uint64_t end_ms = 1000 + PEAL_LIMIT_ADMIN_SESSION_MS;
  assert_true(peal_admin_auth_knows(it.auth, end_ms - 1, known));
  assert_false(peal_admin_auth_knows(it.auth, end_ms, known));
  assert_false(peal_admin_auth_knows(it.auth, 1000, PEAL_S("")));
  assert_false(peal_admin_auth_knows(it.auth, 1000, (peal_slice){0}));
  known.len--;
  assert_false(peal_admin_auth_knows(it.auth, 1000, known));
  peal_admin_auth_close(it.auth, peal_slice_of(id));
  peal_admin_auth_close(it.auth, peal_slice_of(id));
  assert_false(peal_admin_auth_knows(it.auth, 1000, peal_slice_of(id)));
  assert_true(peal_admin_auth_knows(it.auth, 1000, peal_slice_of(other)));
  end(&it);
}

static void the_oldest_session_makes_room(void **state) {
  (void)state;
  fixture it = make(&plain);
  char first[PEAL_ADMIN_SESSION_LEN + 1], id[PEAL_ADMIN_SESSION_LEN + 1];
  assert_int_equal(peal_admin_auth_open(it.auth, 1, first), PEAL_OK);
  for (uint64_t i = 1; i < PEAL_LIMIT_ADMIN_SESSIONS; i++)
    assert_int_equal(peal_admin_auth_open(it.auth, 1 + i, id), PEAL_OK);
  assert_true(peal_admin_auth_knows(it.auth, 500, peal_slice_of(first)));
  assert_int_equal(peal_admin_auth_open(it.auth, 500, id), PEAL_OK);
  assert_false(peal_admin_auth_knows(it.auth, 500, peal_slice_of(first)));
  assert_true(peal_admin_auth_knows(it.auth, 500, peal_slice_of(id)));
  end(&it);
}

/* Two are hashed at a time and sixteen wait; others are not looked at. When the
 * run ends each has had an answer, or been told that there is none. */
static void few_are_hashed_at_a_time(void **state) {
  enum { ALL = 18, MORE = 4 };

  (void)state;
  fixture it = make(&hashed);
  int verdicts[ALL + MORE];
  for (int i = 0; i < ALL + MORE; i++) {
    verdicts[i] = -1;
    peal_admin_auth_ask(it.auth, it.worker, PEAL_S("192.0.2.1"), PEAL_S("ann"),
                        PEAL_S("secret"), on_verdict, &verdicts[i]);
  }
  for (int i = 0; i < ALL; i++)
    assert_int_equal(verdicts[i], -1);
  for (int i = ALL; i < ALL + MORE; i++)
    assert_int_equal(verdicts[i], PEAL_ADMIN_BUSY);
  end(&it);
  for (int i = 0; i < ALL; i++)
    assert_int_not_equal(verdicts[i], -1);
}

static void stop_soon(peal_worker *worker, void *user) {
  const int *verdict = user;
  if (*verdict == -1) {
    if (peal_worker_post(worker, stop_soon, user))
      abort();
  } else {
    peal_workers_stop(peal_worker_group(worker), 0);
  }
}

static int hashed_verdict(const char *username, const char *password) {
  fixture it = make(&hashed);
  int verdict = -1;
  peal_admin_auth_ask(it.auth, it.worker, PEAL_S("192.0.2.1"),
                      peal_slice_of(username), peal_slice_of(password),
                      on_verdict, &verdict);
  assert_int_equal(verdict, -1); /* not on this thread */
  assert_int_equal(peal_worker_post(it.worker, stop_soon, &verdict), PEAL_OK);
  assert_int_equal(peal_workers_run(it.workers), 0);
  end(&it);
  return verdict;
}

static void a_hash_is_made_on_the_pool(void **state) {
  (void)state;
  assert_int_equal(hashed_verdict("ann", "secret"), PEAL_ADMIN_RIGHT);
  assert_int_equal(hashed_verdict("ann", "secre"), PEAL_ADMIN_WRONG);
  assert_int_equal(hashed_verdict("bob", "secret"), PEAL_ADMIN_WRONG);
}

static void hashes_that_are_none_are_refused(void **state) {
  static const char *const wrong[] = {
      "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIr",
      "$2b$31$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
      "$2b$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
      "$2z$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
      "$2b$0x$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_non_null(peal_admin_auth_wrong(
        &(peal_admin_opts){.username = "a", .password = wrong[i]}));
  assert_null(peal_admin_auth_wrong(
      &(peal_admin_opts){.username = "a", .password = "$1b$"}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_password_is_right_or_wrong),
      cmocka_unit_test(who_guesses_waits),
      cmocka_unit_test(a_session_is_known_for_a_day),
      cmocka_unit_test(the_oldest_session_makes_room),
      cmocka_unit_test(few_are_hashed_at_a_time),
      cmocka_unit_test(a_hash_is_made_on_the_pool),
      cmocka_unit_test(hashes_that_are_none_are_refused),
  };
  return cmocka_run_group_tests_name("admin_auth", tests, NULL, NULL);
}
