/* SPDX-License-Identifier: MIT */
/* Memory fails in the middle of what an emitter says: nothing is half said,
 * nothing leaks, and the next one goes out. The linker leads the calls of this
 * program to this file. */
#include <stdatomic.h>

#include <peal/emitter.h>

#include "redis_fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static _Thread_local int fail_in; /* so many calls of this thread from now */
static _Thread_local bool failed;

static bool fails(void) {
  if (!fail_in || --fail_in)
    return false;
  failed = true;
  return true;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  return fails() ? NULL : __real_realloc(old, size);
}

static redis_server redis;
static char url[64];

static int begin(void **state) {
  (void)state;
  redis_server_open(&redis);
  snprintf(url, sizeof url, "redis://127.0.0.1:%u", redis.port);
  return 0;
}

static int end(void **state) {
  (void)state;
  redis_server_close(&redis);
  return 0;
}

static peal_err say(peal_emitter *emitter) {
  const peal_args args =
      PEAL_ARGS(peal_str("text"), peal_binary(PEAL_S("bytes")),
                PEAL_OBJECT({"a", PEAL_ARRAY(peal_int(1), peal_null())}));
  return peal_emitter_emit(emitter, "/chat", PEAL_TO("red", "blue"), "news",
                           args);
}

/* Each allocation of the calling thread fails in turn. */
static void any_allocation_of_what_is_said_may_fail(void **state) {
  (void)state;
  for (int dialect = 0; dialect <= PEAL_EMITTER_PYTHON; dialect++) {
    peal_emitter *emitter = NULL;
    const peal_emitter_opts opts = {.url = url,
                                    .dialect = (peal_emitter_dialect)dialect};
    assert_int_equal(peal_emitter_new(&emitter, &opts, NULL), PEAL_OK);
    uint64_t taken = 0;
    int at = 0;
    do {
      fail_in = ++at;
      failed = false;
      peal_err err = say(emitter);
      fail_in = 0;
      assert_int_equal(err, failed ? PEAL_ERR_NOMEM : PEAL_OK);
      taken += !err;
    } while (failed);
    assert_true(at > 5);
    assert_int_equal(say(emitter), PEAL_OK);
    assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_OK);
    peal_emitter_stats stats;
    peal_emitter_stats_get(emitter, &stats);
    assert_int_equal(stats.sent, taken + 1);
    assert_int_equal(stats.waiting + stats.waiting_bytes, 0);
    peal_emitter_free(emitter);
  }
}

static void any_allocation_of_a_new_one_may_fail(void **state) {
  (void)state;
  int at = 0;
  do {
    peal_emitter *emitter = NULL;
    fail_in = ++at;
    failed = false;
    peal_err err =
        peal_emitter_new(&emitter, &(peal_emitter_opts){.url = url}, NULL);
    fail_in = 0;
    assert_int_equal(!err, emitter != NULL);
    if (err)
      assert_true(failed);
    peal_emitter_free(emitter);
  } while (failed);
  assert_true(at > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_allocation_of_what_is_said_may_fail),
      cmocka_unit_test(any_allocation_of_a_new_one_may_fail),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
