/* SPDX-License-Identifier: MIT */
/* A connection in memory: its streams cannot tell it from one of the kernel's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/stream.h"
#include "net/stream_memory.h"

typedef struct scene {
  peal_workers *workers;
  peal_stream_memory *ends[2]; /* the first is the test's */
  peal_stream *stream;
  char in[64];
  size_t in_len;
  size_t to_send, sent; /* bytes */
  bool has_ended, has_closed;
  peal_err err;
} scene;

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  scene *it = user;
  (void)stream;
  assert_true(it->in_len + len < sizeof it->in);
  memcpy(it->in + it->in_len, data, len);
  it->in_len += len;
}

static void on_end(peal_stream *stream, void *user) {
  ((scene *)user)->has_ended = true;
  (void)stream;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  static char zeros[65536];
  scene *it = user;
  (void)stream;
  size_t left = it->to_send - it->sent;
  if (left)
    (void)peal_iovs_add(
        out, (peal_slice){zeros, left < sizeof zeros ? left : sizeof zeros});
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  (void)stream;
  ((scene *)user)->sent += len;
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  scene *it = user;
  (void)stream;
  assert_false(it->has_closed);
  it->has_closed = true;
  it->err = err;
}

static void turn(scene *it) {
  for (int i = 0; i < 20; i++)
    assert_int_equal(peal_workers_step(it->workers, 0), PEAL_OK);
}

static void begin(scene *it) {
  static const peal_stream_callbacks callbacks = {on_read, on_end, on_pull,
                                                  on_sent, on_close};
  *it = (scene){.workers = peal_workers_new(NULL)};
  assert_non_null(it->workers);
  assert_int_equal(peal_workers_begin(it->workers), PEAL_OK);
  assert_true(peal_stream_memory_open(it->ends));
  peal_stream_parcel parcel = peal_stream_memory_parcel(it->ends[1]);
  it->stream = peal_stream_adopt_parcel(peal_workers_get(it->workers, 0),
                                        &parcel, NULL, &callbacks, it);
  assert_non_null(it->stream);
}

static void end(scene *it) {
  assert_int_equal(peal_workers_end(it->workers), 0);
  assert_true(it->has_closed);
  peal_stream_memory_close(it->ends[0], false);
  peal_workers_free(it->workers);
}

static void bytes_come_in_order_and_the_end_behind_them(void **state) {
  scene it;
  (void)state;
  begin(&it);
  peal_stream_memory_write(it.ends[0], PEAL_S("one"));
  peal_stream_memory_write(it.ends[0], PEAL_S("two"));
  assert_int_equal(it.in_len, 0); /* never inside the call */
  turn(&it);
  assert_memory_equal(it.in, "onetwo", 6);
  peal_stream_memory_write(it.ends[0], PEAL_S("!"));
  peal_stream_memory_close(it.ends[0], false);
  it.ends[0] = NULL;
  turn(&it);
  assert_memory_equal(it.in, "onetwo!", 7);
  assert_true(it.has_ended);
  end(&it);
}

static void a_cut_is_an_error(void **state) {
  scene it;
  (void)state;
  begin(&it);
  peal_stream_memory_close(it.ends[0], true);
  it.ends[0] = NULL;
  turn(&it);
  assert_true(it.has_closed);
  assert_int_equal(it.err, PEAL_ERR_CLOSED);
  end(&it);
}

static void who_takes_nothing_blocks_the_other(void **state) {
  enum { BYTES = 4 << 20 };

  scene it;
  (void)state;
  begin(&it);
  it.to_send = BYTES;
  peal_stream_flush(it.stream);
  turn(&it);
  assert_true(it.sent >= 256 << 10 && it.sent < 512 << 10);
  size_t got = 0;
  for (int i = 0; i < 1000 && got < BYTES; i++) {
    size_t len = peal_stream_memory_look(it.ends[0]).len;
    peal_stream_memory_take(it.ends[0], len);
    got += len;
    turn(&it);
  }
  assert_int_equal(got, BYTES);
  assert_int_equal(it.sent, BYTES);
  end(&it);
}

static void a_paused_stream_hears_nothing_until_it_goes_on(void **state) {
  scene it;
  (void)state;
  begin(&it);
  peal_stream_pause(it.stream);
  peal_stream_memory_write(it.ends[0], PEAL_S("later"));
  turn(&it);
  assert_int_equal(it.in_len, 0);
  peal_stream_resume(it.stream);
  turn(&it);
  assert_memory_equal(it.in, "later", 5);
  peal_stream_memory_hold(it.ends[1], true);
  peal_stream_memory_write(it.ends[0], PEAL_S("held"));
  turn(&it);
  assert_int_equal(it.in_len, 5);
  peal_stream_memory_hold(it.ends[1], false);
  turn(&it);
  assert_memory_equal(it.in, "laterheld", 9);
  end(&it);
}

static void a_stream_that_finishes_says_so(void **state) {
  scene it;
  (void)state;
  begin(&it);
  it.to_send = 10;
  peal_stream_finish(it.stream);
  turn(&it);
  assert_int_equal(peal_stream_memory_look(it.ends[0]).len, 10);
  assert_true(peal_stream_memory_has_ended(it.ends[0]));
  assert_false(it.has_closed); /* it waits for our end */
  peal_stream_memory_close(it.ends[0], false);
  it.ends[0] = NULL;
  turn(&it);
  assert_true(it.has_closed);
  assert_int_equal(it.err, PEAL_OK);
  end(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_come_in_order_and_the_end_behind_them),
      cmocka_unit_test(a_cut_is_an_error),
      cmocka_unit_test(who_takes_nothing_blocks_the_other),
      cmocka_unit_test(a_paused_stream_hears_nothing_until_it_goes_on),
      cmocka_unit_test(a_stream_that_finishes_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
