/* SPDX-License-Identifier: MIT */
/* The queue of an outbox, with files that exist in memory only: by hand, and by
 * long random runs with crashes in them, against what has to be true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/outbox_queue.h"
#include "torture.h"

enum { MARK = PEAL_OUTBOX_QUEUE_MARK_BYTES };

static const peal_outbox_queue_opts small = {.max_bytes = 4096,
                                             .file_bytes = 512,
                                             .window = 1,
                                             .retry_ms = 1000,
                                             .retry_max_ms = 5000};

static uint64_t store(peal_outbox_queue *queue, size_t len) {
  peal_outbox_queue_entry entry;
  bool is_new;
  assert_int_equal(peal_outbox_queue_admit(queue, len), PEAL_OK);
  uint64_t seq = queue->next_seq++;
  assert_int_equal(peal_outbox_queue_place(queue, seq, len, &entry, &is_new),
                   PEAL_OK);
  peal_outbox_queue_stored(queue);
  peal_outbox_queue_check(queue);
  return seq;
}

static uint64_t next(peal_outbox_queue *queue, uint64_t now_ms) {
  peal_outbox_queue_entry entry;
  bool is_there = peal_outbox_queue_next(queue, now_ms, &entry);
  peal_outbox_queue_check(queue);
  return is_there ? entry.seq : 0;
}

static void events_go_one_after_the_other(void **state) {
  (void)state;
  peal_outbox_queue queue;
  peal_outbox_queue_init(&queue, &small, NULL);
  assert_int_equal(store(&queue, 100), 1);
  assert_int_equal(store(&queue, 100), 2);
  assert_int_equal(next(&queue, 0), 0); // nobody is there
  peal_outbox_queue_connect(&queue, true);
  assert_int_equal(next(&queue, 0), 1);
  assert_int_equal(next(&queue, 0), 0); // the window
  assert_true(peal_outbox_queue_done(&queue, 1));
  assert_false(peal_outbox_queue_done(&queue, 1));
  assert_int_equal(next(&queue, 0), 2);
  peal_outbox_queue_connect(&queue, false);
  assert_int_equal(next(&queue, 0), 0);
  peal_outbox_queue_connect(&queue, true);
  assert_int_equal(next(&queue, 0), 2);
  peal_outbox_queue_deinit(&queue);
}

static void a_refusal_waits_and_the_wait_doubles(void **state) {
  (void)state;
  peal_outbox_queue queue;
  uint64_t now = 50;
  peal_outbox_queue_init(&queue, &small, NULL);
  store(&queue, 100);
  peal_outbox_queue_connect(&queue, true);
  static const uint64_t waits[] = {1000, 2000, 4000, 5000, 5000};
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
    assert_int_equal(next(&queue, now), 1);
    assert_true(peal_outbox_queue_deadline(&queue) == UINT64_MAX);
    peal_outbox_queue_again(&queue, 1, true, now);
    assert_int_equal(peal_outbox_queue_deadline(&queue), now + waits[i]);
    assert_int_equal(next(&queue, now + waits[i] - 1), 0);
    now += waits[i];
  }
  // what was late goes again at once
  assert_int_equal(next(&queue, now), 1);
  peal_outbox_queue_again(&queue, 1, false, now);
  assert_int_equal(next(&queue, now), 1);
  peal_outbox_queue_deinit(&queue);
}

static void files_go_from_the_oldest_when_all_in_them_is_over(void **state) {
  (void)state;
  peal_outbox_queue queue;
  peal_outbox_queue_opts opts = small;
  opts.window = 10;
  uint64_t number, seqs[6];
  peal_outbox_queue_init(&queue, &opts, NULL);
  for (size_t i = 0; i < 6; i++) // two in a file
    seqs[i] = store(&queue, 250);
  assert_int_equal(queue.file_count, 3);
  peal_outbox_queue_connect(&queue, true);
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(next(&queue, 0), seqs[i]);
  peal_outbox_queue_done(&queue, seqs[2]);
  peal_outbox_queue_done(&queue, seqs[3]);
  assert_false(peal_outbox_queue_expired(&queue, &number));
  peal_outbox_queue_done(&queue, seqs[0]);
  peal_outbox_queue_done(&queue, seqs[1]);
  assert_true(peal_outbox_queue_expired(&queue, &number));
  assert_int_equal(number, 1);
  assert_true(peal_outbox_queue_expired(&queue, &number));
  assert_int_equal(number, 3);
  assert_false(peal_outbox_queue_expired(&queue, &number));
  peal_outbox_queue_done(&queue, seqs[4]);
  peal_outbox_queue_done(&queue, seqs[5]);
  // the last one is written, and stays
  assert_false(peal_outbox_queue_expired(&queue, &number));
  peal_outbox_queue_check(&queue);
  peal_outbox_queue_deinit(&queue);
}

static size_t fill(peal_outbox_queue *queue, size_t len) {
  size_t count = 0;
  while (peal_outbox_queue_admit(queue, len) == PEAL_OK) {
    peal_outbox_queue_withdraw(queue, len);
    store(queue, len);
    count++;
    if (count > 1000)
      break;
  }
  return count;
}

static void what_is_full_refuses_until_a_file_has_gone(void **state) {
  (void)state;
  peal_outbox_queue queue;
  peal_outbox_queue_init(&queue, &small, NULL);
  assert_int_equal(fill(&queue, 226), 4096 / (226 + MARK));
  assert_int_equal(peal_outbox_queue_admit(&queue, 226), PEAL_ERR_QUEUE_FULL);
  assert_int_equal(peal_outbox_queue_admit(&queue, 5000), PEAL_ERR_LIMIT);
  peal_outbox_queue_connect(&queue, true);
  size_t done = 0;
  while (peal_outbox_queue_admit(&queue, 226) != PEAL_OK) {
    uint64_t seq = next(&queue, 0), number, offset;
    peal_outbox_queue_done(&queue, seq);
    // a mark has its room even now
    assert_true(peal_outbox_queue_mark(&queue, &number, &offset));
    peal_outbox_queue_marked(&queue);
    assert_true(queue.bytes <= small.max_bytes);
    done++;
  }
  assert_in_range(done, 1, 3);
  peal_outbox_queue_deinit(&queue);
}

static void a_file_in_which_all_is_over_makes_room_though_it_is_written(
    void **state) {
  (void)state;
  peal_outbox_queue queue;
  peal_outbox_queue_opts opts = small;
  opts.file_bytes = 4096;
  peal_outbox_queue_init(&queue, &opts, NULL);
  peal_outbox_queue_connect(&queue, true);
  for (int i = 0; i < 100; i++) {
    uint64_t seq = store(&queue, 900), number, offset;
    assert_int_equal(next(&queue, 0), seq);
    assert_true(peal_outbox_queue_done(&queue, seq));
    while (peal_outbox_queue_expired(&queue, &number))
      continue;
    if (peal_outbox_queue_mark(&queue, &number, &offset))
      peal_outbox_queue_marked(&queue);
    assert_true(queue.bytes <= opts.max_bytes);
  }
  peal_outbox_queue_deinit(&queue);
}

static void the_oldest_file_is_dropped_for_new_events(void **state) {
  (void)state;
  peal_outbox_queue queue;
  peal_outbox_queue_opts opts = small;
  uint64_t number;
  opts.drops = true;
  peal_outbox_queue_init(&queue, &opts, NULL);
  for (int i = 0; i < 100; i++) {
    store(&queue, 226);
    while (peal_outbox_queue_expired(&queue, &number))
      continue;
    assert_true(queue.bytes <= opts.max_bytes);
  }
  assert_int_equal(queue.pending + queue.dropped, 100);
  assert_in_range(queue.pending, 12, 16);
  peal_outbox_queue_connect(&queue, true);
  // the youngest are there, in order
  for (uint64_t seq = 101 - queue.pending; seq <= 100; seq++) {
    assert_int_equal(next(&queue, 0), seq);
    peal_outbox_queue_done(&queue, seq);
  }
  peal_outbox_queue_deinit(&queue);
}

static void what_could_not_be_written_is_placed_anew(void **state) {
  (void)state;
  peal_outbox_queue queue;
  peal_outbox_queue_entry entry;
  bool is_new;
  peal_outbox_queue_init(&queue, &small, NULL);
  store(&queue, 100);
  assert_int_equal(peal_outbox_queue_admit(&queue, 60), PEAL_OK);
  assert_int_equal(peal_outbox_queue_place(&queue, 2, 60, &entry, &is_new),
                   PEAL_OK);
  assert_int_equal(entry.offset, 100);
  peal_outbox_queue_unplace(&queue, false);
  peal_outbox_queue_check(&queue);
  queue.next_seq = 3;
  assert_int_equal(peal_outbox_queue_place(&queue, 2, 60, &entry, &is_new),
                   PEAL_OK);
  assert_int_equal(entry.offset, 100);
  assert_false(is_new);
  // the file could not be cut
  peal_outbox_queue_unplace(&queue, true);
  peal_outbox_queue_check(&queue);
  assert_int_equal(peal_outbox_queue_place(&queue, 2, 60, &entry, &is_new),
                   PEAL_OK);
  assert_true(is_new);
  assert_int_equal(entry.offset, 0);
  assert_int_equal(entry.number, 2);
  peal_outbox_queue_deinit(&queue);
}

/* -- long runs: a disk in memory that forgets nothing but what was cut ------------ */

enum { DISK = 20000 };

typedef struct disk_record {
  uint64_t number, seq;
  uint32_t len;
  bool is_mark;
} disk_record;

typedef struct world {
  peal_outbox_queue queue;
  disk_record disk[DISK];
  size_t disk_count;
  bool said[DISK], over[DISK];
  uint64_t last, sent; /* seq given, in flight */
  uint32_t dice;
} world;

static uint32_t roll(world *w, uint32_t sides) {
  w->dice = w->dice * 1664525u + 1013904223u;
  return (w->dice >> 8) % sides;
}

static void remove_expired(world *w) {
  uint64_t number;
  while (peal_outbox_queue_expired(&w->queue, &number)) {
    size_t kept = 0;
    for (size_t i = 0; i < w->disk_count; i++)
      if (w->disk[i].number != number)
        w->disk[kept++] = w->disk[i];
    w->disk_count = kept;
  }
}

static void write_event(world *w) {
  size_t len = 30 + roll(w, 200);
  peal_outbox_queue_entry entry;
  bool is_new;
  if (peal_outbox_queue_admit(&w->queue, len))
    return;
  uint64_t seq = w->queue.next_seq++;
  assert_int_equal(
      peal_outbox_queue_place(&w->queue, seq, len, &entry, &is_new), PEAL_OK);
  if (is_new)
    w->disk[w->disk_count++] = (disk_record){.number = entry.number};
  remove_expired(w);
  if (roll(w, 10) == 0) {
    peal_outbox_queue_unplace(&w->queue, roll(w, 2) == 0);
    peal_outbox_queue_withdraw(&w->queue, len);
    return;
  }
  w->disk[w->disk_count++] =
      (disk_record){entry.number, seq, (uint32_t)len, false};
  peal_outbox_queue_stored(&w->queue);
  assert_true(seq > w->last);
  w->last = seq;
  w->said[seq] = true;
}

static void deliver(world *w) {
  peal_outbox_queue_entry entry;
  uint64_t number, offset;
  if (!w->sent && peal_outbox_queue_next(&w->queue, 0, &entry)) {
    w->sent = entry.seq;
    // in order: all that was stored before is over
    for (uint64_t seq = 1; seq < entry.seq; seq++)
      assert_true(!w->said[seq] || w->over[seq]);
  }
  if (!w->sent)
    return;
  if (roll(w, 3) == 0) {
    peal_outbox_queue_again(&w->queue, w->sent, false, 0);
  } else {
    assert_true(peal_outbox_queue_done(&w->queue, w->sent));
    w->over[w->sent] = true;
    if (roll(w, 5) && peal_outbox_queue_mark(&w->queue, &number, &offset)) {
      w->disk[w->disk_count++] = (disk_record){number, w->sent, MARK, true};
      peal_outbox_queue_marked(&w->queue);
    }
    remove_expired(w);
  }
  w->sent = 0;
}

/* The process ends here; another one reads the disk. */
static void crash(world *w) {
  peal_outbox_queue_deinit(&w->queue);
  peal_outbox_queue_init(&w->queue, &small, NULL);
  uint64_t bytes = 0, number = 0;
  for (size_t i = 0; i < w->disk_count; i++) {
    const disk_record *record = &w->disk[i];
    if (record->number != number)
      assert_int_equal(
          peal_outbox_queue_add_file(&w->queue, record->number, bytes = 0),
          PEAL_OK);
    number = record->number;
    if (!record->len)
      continue; // its beginning
    if (record->is_mark)
      peal_outbox_queue_add_done(&w->queue, record->seq);
    else
      assert_int_equal(peal_outbox_queue_add_event(&w->queue, record->seq,
                                                   bytes, record->len),
                       PEAL_OK);
    peal_outbox_queue_set_bytes(&w->queue, bytes += record->len);
  }
  w->sent = 0;
  // an event whose mark was not written comes once more, in order
  for (size_t i = 0; i < w->disk_count; i++)
    if (w->disk[i].len && !w->disk[i].is_mark)
      w->over[w->disk[i].seq] = false;
  for (size_t i = 0; i < w->disk_count; i++)
    if (w->disk[i].is_mark)
      w->over[w->disk[i].seq] = true;
  peal_outbox_queue_connect(&w->queue, true);
}

static void run(uint32_t seed) {
  static world w;
  memset(&w, 0, sizeof w);
  w.dice = seed;
  peal_outbox_queue_init(&w.queue, &small, NULL);
  peal_outbox_queue_connect(&w.queue, true);
  for (int i = 0; i < 1500; i++) {
    uint32_t what = roll(&w, 100);
    if (what < 48)
      write_event(&w);
    else if (what < 98)
      deliver(&w);
    else
      crash(&w);
    peal_outbox_queue_check(&w.queue);
    assert_true(w.queue.bytes <= small.max_bytes);
  }
  crash(&w);
  for (int i = 0; i < 3000 && w.queue.pending; i++)
    deliver(&w);
  for (uint64_t seq = 1; seq <= w.last; seq++)
    assert_true(!w.said[seq] || w.over[seq]);
  peal_outbox_queue_deinit(&w.queue);
}

static void what_was_said_stored_is_delivered_in_order_whatever_happens(
    void **state) {
  (void)state;
  for (uint32_t seed = 1; seed <= 200; seed++)
    run(seed);
}

static peal_err torture_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_outbox_queue queue;
  peal_outbox_queue_entry entry;
  bool is_new;
  peal_outbox_queue_init(&queue, &small, mem);
  peal_err err = peal_outbox_queue_add_file(&queue, 1, 0);
  if (!err)
    err = peal_outbox_queue_add_event(&queue, 1, 0, 100);
  for (int i = 0; i < 20 && !err; i++) {
    err = peal_outbox_queue_admit(&queue, 100);
    if (!err)
      err = peal_outbox_queue_place(&queue, queue.next_seq++, 100, &entry,
                                    &is_new);
    if (!err)
      peal_outbox_queue_stored(&queue);
  }
  peal_outbox_queue_check(&queue);
  peal_outbox_queue_deinit(&queue);
  return err;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  assert_true(torture_run(torture_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_go_one_after_the_other),
      cmocka_unit_test(a_refusal_waits_and_the_wait_doubles),
      cmocka_unit_test(files_go_from_the_oldest_when_all_in_them_is_over),
      cmocka_unit_test(what_is_full_refuses_until_a_file_has_gone),
      cmocka_unit_test(
          a_file_in_which_all_is_over_makes_room_though_it_is_written),
      cmocka_unit_test(the_oldest_file_is_dropped_for_new_events),
      cmocka_unit_test(what_could_not_be_written_is_placed_anew),
      cmocka_unit_test(
          what_was_said_stored_is_delivered_in_order_whatever_happens),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
