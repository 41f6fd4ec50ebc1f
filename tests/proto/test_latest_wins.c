/* SPDX-License-Identifier: MIT */
/* One camera, 200 viewers, lines of their own, on a virtual clock: what
 * conflation by key is for. Each viewer is a session as a server has it, and a
 * line that carries so many bytes a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/eio_out.h"
#include "proto/eio_session.h"
#include "torture.h"

enum {
  VIEWERS = 200,
  SLOW = 0, /* takes SLOW_BYTES a second, and answers pings */
  DEAD = 1, /* takes nothing, and does not */
  SLOW_BYTES = 10000,
  FAST_BYTES = 10 * 1000 * 1000,
  JPEG_BYTES = 30000,
  HEAD_BYTES = 3500, /* landmarks and all */
  FRAME_MS = 100,
  STEP_MS = 10,
  RUN_MS = 60000,
  FRAMES = RUN_MS / FRAME_MS,
  AHEAD_BYTES = 16384, /* what the kernel is given ahead */
  OWN_BYTES = 8192,    /* of a viewer, besides the picture that waits */
  KEY = 7,
};

typedef struct viewer {
  peal_eio_session session;
  unsigned bytes_per_s;
  uint64_t budget;        /* thousandths of bytes that the line may carry now */
  size_t under_way;       /* bytes that were handed over and have not left */
  unsigned heads, frames; /* that have been handed over */
  unsigned last;          /* number of the picture handed over last */
  unsigned half;          /* number of the one whose JPEG comes next; 0: none */
  bool is_closed;
  peal_eio_reason reason;
} viewer;

typedef struct studio {
  torture memory;
  peal_eio_session_opts opts;
  viewer all[VIEWERS];
  peal_arena arena;
  uint64_t now_ms;
  unsigned shown; /* number of the newest picture, from 1 */
  size_t one_bytes, peak_bytes, peak_queued;
} studio;

static unsigned number_of(peal_slice data) {
  char text[12] = "";
  memcpy(text, data.ptr, data.len < 11 ? data.len : 11);
  return (unsigned)strtoul(text, NULL, 10);
}

/* ---- the camera ------------------------------------------------------------------ */

/* Written once, for all of them: it never waits, and nobody refuses it. */
static void show(studio *s) {
  static char head[HEAD_BYTES], jpeg[JPEG_BYTES];
  s->shown++;
  snprintf(head, sizeof head, "%u", s->shown);
  snprintf(jpeg, sizeof jpeg, "%u", s->shown);
  peal_slice attachment = {jpeg, sizeof jpeg};
  size_t before = s->memory.bytes;
  peal_message *message = peal_message_new((peal_slice){head, sizeof head},
                                           &attachment, 1, &s->memory.mem);
  assert_non_null(message);
  s->one_bytes = s->memory.bytes - before;
  for (size_t i = 0; i < VIEWERS; i++) {
    viewer *v = &s->all[i];
    peal_eio_item item = {.message = message, .key = KEY};
    peal_err err = peal_eio_session_send(&v->session, &item);
    assert_int_equal(err, v->is_closed ? PEAL_ERR_CLOSED : PEAL_OK);
  }
  peal_message_unref(message);
}

/* ---- the lines --------------------------------------------------------------------- */

static void on_part(studio *s, viewer *v, const peal_eio_out *out) {
  unsigned number = number_of(out->data);
  if (!out->binary) {
    assert_int_equal(v->half, 0);
    assert_int_equal(number, s->shown); // the newest there is, never an older
    assert_true(number > v->last);
    v->half = number;
    v->heads++;
    return;
  }
  assert_int_equal(number, v->half); // head and picture belong together
  v->last = number;
  v->half = 0;
  v->frames++;
}

/* What the line takes of what waits, as the owner of a session does it. */
static void take(studio *s, viewer *v) {
  peal_eio_out out;
  for (;;) {
    peal_eio_cursor cursor = {0};
    if (v->under_way > AHEAD_BYTES || v->bytes_per_s == 0 ||
        !peal_eio_out_peek(&v->session, PEAL_EIO_WEBSOCKET, &cursor, &out))
      return;
    if (out.type == PEAL_EIO_MESSAGE)
      on_part(s, v, &out);
    bool is_ping = out.type == PEAL_EIO_PING;
    v->under_way += out.data.len + 4;
    peal_eio_out_pop(&v->session, PEAL_EIO_WEBSOCKET, s->now_ms);
    if (is_ping)
      assert_int_equal(peal_eio_session_feed_frame(&v->session, false,
                                                   PEAL_S("3"), s->now_ms),
                       PEAL_OK);
  }
}

static void settle(studio *s, viewer *v) {
  peal_eio_event event;
  while (peal_eio_session_next(&v->session, &s->arena, s->now_ms, &event))
    if (event.type == PEAL_EIO_EVENT_CLOSE) {
      assert_false(v->is_closed);
      v->is_closed = true;
      v->reason = (peal_eio_reason)event.reason;
    }
  peal_eio_session_check(&v->session);
}

static void step(studio *s, viewer *v) {
  v->budget += (uint64_t)v->bytes_per_s * STEP_MS;
  uint64_t leaves = v->budget / 1000;
  leaves = leaves < v->under_way ? leaves : v->under_way;
  v->under_way -= (size_t)leaves;
  v->budget = v->under_way > 0 ? v->budget - leaves * 1000 : 0;
  if (peal_eio_session_deadline(&v->session) <= s->now_ms)
    peal_eio_session_tick(&v->session, s->now_ms);
  take(s, v);
  settle(s, v);
}

/* ---- an evening ----------------------------------------------------------------------- */

static void begin(studio *s) {
  *s = (studio){.now_ms = 1000};
  torture_init(&s->memory, 0);
  s->opts = (peal_eio_session_opts){.ping_interval_ms = 25000,
                                    .ping_timeout_ms = 10000,
                                    .no_upgrades = true,
                                    .mem = &s->memory.mem};
  peal_arena_init(&s->arena, &s->memory.mem, 1024, 0);
  for (size_t i = 0; i < VIEWERS; i++) {
    viewer *v = &s->all[i];
    v->bytes_per_s = i == SLOW ? SLOW_BYTES : i == DEAD ? 0 : FAST_BYTES;
    assert_int_equal(peal_eio_session_init(&v->session, &s->opts,
                                           "abcdefghij0123456789",
                                           PEAL_EIO_WEBSOCKET, s->now_ms),
                     PEAL_OK);
  }
}

static void watch_memory(studio *s) {
  size_t queued = peal_eio_session_queued_bytes(&s->all[DEAD].session);
  if (s->memory.bytes > s->peak_bytes)
    s->peak_bytes = s->memory.bytes;
  if (queued > s->peak_queued)
    s->peak_queued = queued;
}

static void end(studio *s) {
  for (size_t i = 0; i < VIEWERS; i++)
    peal_eio_session_deinit(&s->all[i].session);
  peal_arena_deinit(&s->arena);
  assert_int_equal(s->memory.live, 0);
}

static void run(studio *s) {
  begin(s);
  for (uint64_t ms = 0; ms < RUN_MS; ms += STEP_MS) {
    if (ms % FRAME_MS == 0)
      show(s);
    for (size_t i = 0; i < VIEWERS; i++)
      step(s, &s->all[i]);
    watch_memory(s);
    s->now_ms += STEP_MS;
  }
}

static void everybody_gets_every_latest_picture(void **state) {
  studio *s = *state;
  run(s);
  assert_int_equal(s->shown, FRAMES);
  for (size_t i = 2; i < VIEWERS; i++) {
    assert_int_equal(s->all[i].frames, FRAMES);
    assert_false(s->all[i].is_closed);
  }
  end(s);
}

/* As many as its line carries, each of them the newest when it begins, and the
 * camera is not asked to wait. */
static void a_slow_one_gets_the_newest_of_what_it_can_take(void **state) {
  studio *s = *state;
  run(s);
  const viewer *v = &s->all[SLOW];
  unsigned carried = RUN_MS / 1000 * SLOW_BYTES / (HEAD_BYTES + JPEG_BYTES);
  assert_true(v->frames >= carried && v->frames <= carried + 2);
  assert_false(v->is_closed);
  // the last that began is not older than a picture takes on its line
  unsigned behind_ms = (s->shown - (v->half ? v->half : v->last)) * FRAME_MS;
  assert_true(behind_ms <= (HEAD_BYTES + JPEG_BYTES) * 1000 / SLOW_BYTES + 100);
  end(s);
}

static void a_dead_one_holds_one_picture_until_its_pong_is_missing(
    void **state) {
  studio *s = *state;
  run(s);
  const viewer *v = &s->all[DEAD];
  assert_int_equal(v->frames, 0);
  assert_true(v->is_closed);
  assert_int_equal(v->reason, PEAL_EIO_PING_TIMEOUT);
  assert_int_equal(peal_eio_session_queued_bytes(&v->session), 0);
  assert_true(s->peak_queued >= HEAD_BYTES + JPEG_BYTES);
  assert_true(s->peak_queued < HEAD_BYTES + JPEG_BYTES + OWN_BYTES);
  end(s);
}

/* Pictures are shared: there are the newest, and those that the slow ones hold.
 * What each viewer has of its own is small. */
static void memory_is_bounded_whatever_waits(void **state) {
  studio *s = *state;
  run(s);
  size_t pictures = 4 * s->one_bytes;
  assert_true(s->peak_bytes > s->one_bytes);
  assert_true(s->peak_bytes < pictures + VIEWERS * (size_t)OWN_BYTES);
  end(s);
  // and without a line that takes anything, nothing more
  begin(s);
  for (size_t i = 0; i < VIEWERS; i++)
    s->all[i].bytes_per_s = 0;
  for (unsigned i = 0; i < FRAMES; i++)
    show(s);
  assert_true(s->memory.bytes < s->one_bytes + VIEWERS * (size_t)OWN_BYTES);
  end(s);
}

static int make(void **state) {
  *state = calloc(1, sizeof(studio));
  return *state == NULL ? -1 : 0;
}

static int unmake(void **state) {
  free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everybody_gets_every_latest_picture),
      cmocka_unit_test(a_slow_one_gets_the_newest_of_what_it_can_take),
      cmocka_unit_test(a_dead_one_holds_one_picture_until_its_pong_is_missing),
      cmocka_unit_test(memory_is_bounded_whatever_waits),
  };
  return cmocka_run_group_tests(tests, make, unmake);
}
