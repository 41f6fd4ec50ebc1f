/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/eio_queue.h"
#include "torture.h"

static peal_err add_item(peal_eio_queue *queue, const char *words,
                         peal_eio_item item) {
  item.message = peal_message_new(peal_slice_of(words), NULL, 0, NULL);
  assert_non_null(item.message);
  peal_err err = peal_eio_queue_add(queue, &item, NULL, NULL);
  peal_message_unref(item.message);
  return err;
}

static peal_err add(peal_eio_queue *queue, const char *words, uint64_t key) {
  return add_item(queue, words, (peal_eio_item){.key = key});
}

/* A group of `count` parts: the letter, then the letter with a number. */
static peal_message *group_of(char letter, size_t count, const peal_mem *mem) {
  char names[8][2];
  peal_slice parts[8];
  for (size_t i = 0; i < count; i++) {
    names[i][0] = letter;
    names[i][1] = (char)('0' + i);
    parts[i] = (peal_slice){names[i], i ? 2 : 1};
  }
  return peal_message_new(parts[0], parts + 1, count - 1, mem);
}

static peal_err add_group(peal_eio_queue *queue, char letter, size_t count,
                          uint64_t key) {
  peal_eio_item item = {.message = group_of(letter, count, NULL), .key = key};
  assert_non_null(item.message);
  peal_err err = peal_eio_queue_add(queue, &item, NULL, NULL);
  peal_message_unref(item.message);
  return err;
}

static bool take(peal_eio_queue *queue, char *out) {
  peal_eio_queue_cursor cursor = {0};
  peal_eio_part next;
  peal_eio_queue_check(queue);
  if (!peal_eio_queue_walk(queue, &cursor, &next))
    return false;
  peal_slice data = peal_message_part(next.message, next.part);
  if (data.len)
    memcpy(out, data.ptr, data.len);
  out[data.len] = '\0';
  peal_eio_queue_pop(queue);
  return true;
}

static void expect(peal_eio_queue *queue, const char *words) {
  char all[256] = "", one[64];
  while (take(queue, one)) {
    strcat(all, all[0] ? " " : "");
    strcat(all, one);
  }
  assert_string_equal(all, words);
  assert_int_equal(peal_eio_queue_bytes(queue), 0);
  assert_null(queue->ring);
}

static void messages_leave_in_order_and_an_empty_queue_owns_nothing(
    void **state) {
  peal_eio_queue queue = {0};
  (void)state;
  for (int round = 0; round < 3; round++) {
    assert_null(queue.ring);
    assert_int_equal(add(&queue, "a", 0), PEAL_OK);
    assert_int_equal(add(&queue, "", 0), PEAL_OK);
    assert_int_equal(add(&queue, "c", 0), PEAL_OK);
    expect(&queue, "a  c");
  }
}

static void the_ring_grows_while_it_is_wrapped(void **state) {
  peal_eio_queue queue = {0};
  char name[16], out[64];
  (void)state;
  unsigned in = 0, next = 0;
  for (unsigned step = 0; step < 200; step++) {
    for (unsigned i = 0; i < 3; i++) {
      snprintf(name, sizeof name, "%u", in++);
      assert_int_equal(add(&queue, name, 0), PEAL_OK);
    }
    for (unsigned i = 0; i < 2; i++) {
      assert_true(take(&queue, out));
      snprintf(name, sizeof name, "%u", next++);
      assert_string_equal(out, name);
    }
  }
  assert_int_equal(peal_eio_queue_count(&queue), in - next);
  peal_eio_queue_clear(&queue);
  assert_int_equal(peal_eio_queue_bytes(&queue), 0);
}

static void the_same_key_replaces_in_place(void **state) {
  peal_eio_queue queue = {0};
  (void)state;
  assert_int_equal(add(&queue, "a", 0), PEAL_OK);
  assert_int_equal(add(&queue, "old", 7), PEAL_OK);
  assert_int_equal(add(&queue, "c", 8), PEAL_OK);
  assert_int_equal(add(&queue, "newer one", 7), PEAL_OK);
  assert_int_equal(peal_eio_queue_count(&queue), 3);
  expect(&queue, "a newer one c");
}

static void groups_of_other_sizes_replace_each_other(void **state) {
  peal_eio_queue queue = {0};
  (void)state;
  assert_int_equal(add_group(&queue, 'a', 3, 7), PEAL_OK);
  assert_int_equal(add(&queue, "x", 0), PEAL_OK);
  assert_int_equal(add_group(&queue, 'b', 2, 7), PEAL_OK);
  expect(&queue, "b b1 x");
  assert_int_equal(add_group(&queue, 'a', 2, 7), PEAL_OK);
  assert_int_equal(add(&queue, "plain", 7), PEAL_OK);
  assert_int_equal(add_group(&queue, 'c', 4, 7), PEAL_OK);
  expect(&queue, "c c1 c2 c3");
}

static void a_group_that_has_begun_is_finished(void **state) {
  peal_eio_queue queue = {0};
  char out[64];
  (void)state;
  assert_int_equal(add_group(&queue, 'a', 3, 7), PEAL_OK);
  assert_true(take(&queue, out));
  assert_int_equal(peal_eio_queue_replaced(&queue, 7), 0);
  assert_int_equal(add_group(&queue, 'b', 2, 7), PEAL_OK);
  assert_true(peal_eio_queue_replaced(&queue, 7) > 0);
  assert_int_equal(add_group(&queue, 'c', 2, 7), PEAL_OK);
  assert_int_equal(peal_eio_queue_count(&queue), 2);
  expect(&queue, "a1 a2 c c1");
}

static void what_is_to_be_kept_is_passed_over(void **state) {
  peal_eio_queue queue = {0};
  char out[64];
  (void)state;
  assert_int_equal(add_group(&queue, 'a', 3, 0), PEAL_OK);
  assert_true(take(&queue, out));
  const peal_eio_item kept = {.keep = true};
  assert_int_equal(add_item(&queue, "kept", kept), PEAL_OK);
  assert_int_equal(add(&queue, "x", 0), PEAL_OK);
  assert_int_equal(add_item(&queue, "kept", kept), PEAL_OK);
  assert_int_equal(add(&queue, "y", 0), PEAL_OK);
  assert_true(peal_eio_queue_drop_oldest(&queue));
  assert_true(peal_eio_queue_drop_oldest(&queue));
  assert_false(peal_eio_queue_drop_oldest(&queue));
  expect(&queue, "a1 a2 kept kept");
}

static void the_oldest_whole_entry_is_dropped(void **state) {
  peal_eio_queue queue = {0};
  char out[64];
  (void)state;
  assert_false(peal_eio_queue_drop_oldest(&queue));
  assert_int_equal(add_group(&queue, 'a', 3, 0), PEAL_OK);
  assert_true(take(&queue, out));
  assert_false(peal_eio_queue_drop_oldest(&queue));
  assert_int_equal(add(&queue, "x", 0), PEAL_OK);
  assert_int_equal(add(&queue, "y", 0), PEAL_OK);
  assert_true(peal_eio_queue_drop_oldest(&queue));
  expect(&queue, "a1 a2 y");
  assert_int_equal(add(&queue, "x", 0), PEAL_OK);
  assert_true(peal_eio_queue_drop_oldest(&queue));
  expect(&queue, "");
}

static void attachments_are_binary_and_the_flag_is_kept(void **state) {
  peal_eio_queue queue = {0};
  (void)state;
  peal_message *group = group_of('a', 2, NULL);
  assert_int_equal(peal_message_count(group), 2);
  peal_eio_item item = {.message = group, .no_compress = true};
  assert_int_equal(peal_eio_queue_add(&queue, &item, NULL, NULL), PEAL_OK);
  assert_int_equal(peal_eio_queue_bytes(&queue), peal_eio_queue_cost(&item));
  for (size_t i = 0; i < 2; i++) {
    peal_eio_queue_cursor cursor = {0};
    peal_eio_part next;
    assert_true(peal_eio_queue_walk(&queue, &cursor, &next));
    assert_ptr_equal(next.message, group);
    assert_int_equal(next.part, i);
    assert_int_equal(peal_message_is_binary(group, i), i == 1);
    assert_true(next.no_compress);
    peal_eio_queue_pop(&queue);
  }
  peal_message_unref(group);
}

static peal_err fill(const peal_mem *mem, void *user) {
  peal_eio_queue queue = {0};
  (void)user;
  peal_err err = PEAL_OK;
  for (int i = 0; i < 80 && !err; i++) {
    peal_message *message =
        peal_message_new(PEAL_S("words"), NULL, (size_t)0, mem);
    peal_eio_item item = {.message = message, .key = i % 5 ? 0 : (uint64_t)i};
    err =
        message ? peal_eio_queue_add(&queue, &item, mem, NULL) : PEAL_ERR_NOMEM;
    peal_message_unref(message);
    peal_eio_queue_check(&queue);
    if (i % 3 == 0 && !err)
      (void)peal_eio_queue_drop_oldest(&queue);
  }
  peal_eio_queue_clear(&queue);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  /* An index that cannot be had is no error. */
  assert_true(torture_run(fill, NULL, true, NULL));
}

/* -- against a plain list ------------------------------------------------------ */

typedef struct plain {
  uint64_t key;
  unsigned value;
  uint8_t parts, part;
  bool keep;
} plain;

typedef struct list {
  plain items[4096];
  unsigned count, dice;
} list;

static unsigned roll(list *l, unsigned sides) {
  l->dice = l->dice * 1664525u + 1013904223u;
  return (l->dice >> 8) % sides;
}

static void list_remove(list *l, unsigned at) {
  memmove(l->items + at, l->items + at + 1,
          (l->count - at - 1) * sizeof *l->items);
  l->count--;
}

static size_t plain_cost(const plain *item) {
  return item->parts * (sizeof item->value + 32u);
}

static void add_both(peal_eio_queue *queue, list *l, unsigned value,
                     unsigned keys) {
  plain item = {.value = value, .parts = (uint8_t)(1 + roll(l, 3))};
  if (keys && roll(l, 2))
    item.key = 1 + roll(l, keys);
  else
    item.keep = !roll(l, 3);
  peal_slice bytes = {(const char *)&value, sizeof value};
  peal_slice parts[3] = {bytes, bytes, bytes};
  peal_message *message = peal_message_new(bytes, parts, item.parts - 1u, NULL);
  peal_eio_item real = {message, item.key, false, item.keep};
  unsigned at = 0;
  while (at < l->count &&
         (!item.key || l->items[at].key != item.key || l->items[at].part))
    at++;
  assert_int_equal(peal_eio_queue_replaced(queue, item.key),
                   at < l->count ? plain_cost(&l->items[at]) : 0);
  assert_int_equal(peal_eio_queue_add(queue, &real, NULL, NULL), PEAL_OK);
  peal_message_unref(message);
  l->items[at] = item;
  l->count += at == l->count;
}

static void pop_both(peal_eio_queue *queue, list *l) {
  peal_eio_queue_pop(queue);
  if (++l->items[0].part == l->items[0].parts)
    list_remove(l, 0);
}

static void drop_both(peal_eio_queue *queue, list *l) {
  unsigned at = 0;
  while (at < l->count && (l->items[at].keep || l->items[at].part))
    at++;
  assert_int_equal(peal_eio_queue_drop_oldest(queue), at < l->count);
  if (at < l->count)
    list_remove(l, at);
}

/* A whole walk shows what the list has. */
static void compare(const peal_eio_queue *queue, const list *l) {
  peal_eio_queue_cursor cursor = {0};
  peal_eio_part next;
  size_t bytes = 0, firm = 0;
  for (unsigned i = 0; i < l->count; i++) {
    const plain *item = &l->items[i];
    bytes += plain_cost(item);
    firm += item->keep || item->part ? plain_cost(item) : 0;
    for (unsigned part = item->part; part < item->parts; part++) {
      unsigned value;
      assert_true(peal_eio_queue_walk(queue, &cursor, &next));
      assert_int_equal(next.part, part);
      memcpy(&value, peal_message_part(next.message, part).ptr, sizeof value);
      assert_int_equal(value, item->value);
    }
  }
  assert_false(peal_eio_queue_walk(queue, &cursor, &next));
  assert_int_equal(peal_eio_queue_count(queue), l->count);
  assert_int_equal(peal_eio_queue_bytes(queue), bytes);
  assert_int_equal(peal_eio_queue_firm_bytes(queue), firm);
}

/* `pops` of 8 steps take something away. */
static void play(unsigned seed, unsigned keys, unsigned pops, unsigned drops) {
  static list l;
  peal_eio_queue queue = {0};
  l.count = 0;
  l.dice = seed * 2654435761u;
  for (unsigned step = 0; step < 600; step++) {
    unsigned what = roll(&l, 16);
    if (what < pops && l.count)
      pop_both(&queue, &l);
    else if (what < pops + drops)
      drop_both(&queue, &l);
    else
      add_both(&queue, &l, step, keys);
    peal_eio_queue_check(&queue);
    if (step % 8 == 0)
      compare(&queue, &l);
  }
  compare(&queue, &l);
  peal_eio_queue_clear(&queue);
}

static void random_steps_agree_with_a_plain_list(void **state) {
  (void)state;
  for (unsigned seed = 1; seed <= 60; seed++)
    play(seed, seed % 3 * 20, 2 + seed % 7, seed % 6);
}

/* -- accounts ------------------------------------------------------------------- */

static void what_entries_take_is_charged_and_may_be_refused(void **state) {
  peal_account_server server;
  peal_account_worker account;
  peal_eio_queue queue = {0};
  unsigned added = 0;
  (void)state;
  peal_account_server_init(&server, 2 * PEAL_ACCOUNT_STEP_BYTES);
  peal_account_worker_init(&account, &server);
  peal_message *message = peal_message_new(PEAL_S("words"), NULL, 0, NULL);
  peal_eio_item item = {.message = message};
  assert_int_equal(peal_message_charge(message, &account), PEAL_OK);
  size_t once = account.used;
  assert_true(once > 5);
  assert_int_equal(peal_message_charge(message, &account), PEAL_OK);
  assert_int_equal(account.used, once);
  while (!peal_eio_queue_add(&queue, &item, NULL, &account)) {
    assert_true(account.used >= once + ++added * 16);
    peal_eio_queue_check(&queue);
    assert_true(added < 100000);
  }
  assert_true(added > 1000);
  assert_int_equal(peal_eio_queue_count(&queue), added);
  peal_eio_queue_clear(&queue);
  assert_int_equal(account.used, once);
  peal_message_unref(message);
  assert_int_equal(account.used, 0);
  peal_account_worker_deinit(&account);
}

static void what_crosses_is_charged_to_the_server_until_it_is_gone(
    void **state) {
  peal_account_server server;
  const peal_slice binaries[] = {PEAL_S("one"), PEAL_S("two")};
  (void)state;
  peal_account_server_init(&server, 1000);
  peal_message *message =
      peal_message_new_crossing(PEAL_S("words"), binaries, 2, &server);
  assert_non_null(message);
  assert_int_equal(peal_message_count(message), 3);
  size_t once = atomic_load(&server.granted);
  assert_true(once > 11);
  assert_ptr_equal(peal_message_ref(message), message);
  peal_message_unref(message);
  assert_int_equal(atomic_load(&server.granted), once);
  static char text[1000];
  assert_null(peal_message_new_crossing((peal_slice){text, sizeof text}, NULL,
                                        0, &server));
  assert_int_equal(atomic_load(&server.granted), once);
  peal_message_unref(message);
  assert_int_equal(atomic_load(&server.granted), 0);
}

/* -- what it costs ------------------------------------------------------------- */

/* Kept ones in front, and a droppable one comes and goes behind them: a queue
 * that walked over them would need hours for this. */
static void kept_messages_cost_nothing_when_others_are_dropped(void **state) {
  enum { KEPT = 200000, ROUNDS = 2000000 };

  peal_eio_queue queue = {0};
  (void)state;
  peal_message *message = peal_message_new(PEAL_S("m"), NULL, 0, NULL);
  peal_eio_item kept = {message, 0, false, true};
  peal_eio_item other = {message, 0, false, false};
  for (int i = 0; i < KEPT; i++)
    assert_int_equal(peal_eio_queue_add(&queue, &kept, NULL, NULL), PEAL_OK);
  assert_int_equal(peal_eio_queue_add(&queue, &other, NULL, NULL), PEAL_OK);
  for (int i = 0; i < ROUNDS; i++) {
    if (peal_eio_queue_add(&queue, &other, NULL, NULL) ||
        !peal_eio_queue_drop_oldest(&queue))
      fail();
  }
  assert_int_equal(peal_eio_queue_count(&queue), KEPT + 1);
  peal_eio_queue_check(&queue);
  peal_eio_queue_clear(&queue);
  peal_message_unref(message);
}

/* A key that comes late finds a long queue, and does not walk over it. */
static void the_first_key_of_a_long_queue_costs_nothing(void **state) {
  enum { OTHERS = 200000, ROUNDS = 20000 };

  peal_eio_queue queue = {0};
  (void)state;
  peal_message *message = peal_message_new(PEAL_S("m"), NULL, 0, NULL);
  peal_eio_item other = {message, 0, false, false};
  peal_eio_item keyed = {message, 7, false, false};
  for (int i = 0; i < OTHERS; i++)
    assert_int_equal(peal_eio_queue_add(&queue, &other, NULL, NULL), PEAL_OK);
  for (int i = 0; i < ROUNDS; i++) {
    keyed.key = 1 + (uint64_t)i % 5000;
    if (peal_eio_queue_add(&queue, &keyed, NULL, NULL) ||
        peal_eio_queue_replaced(&queue, 9999))
      fail();
  }
  assert_int_equal(peal_eio_queue_count(&queue), OTHERS + 5000);
  peal_eio_queue_check(&queue);
  peal_eio_queue_clear(&queue);
  peal_message_unref(message);
}

static void a_key_is_found_among_any_number(void **state) {
  enum { KEYS = 100000, ROUNDS = 2000000 };

  peal_eio_queue queue = {0};
  (void)state;
  peal_message *message = peal_message_new(PEAL_S("m"), NULL, 0, NULL);
  for (int i = 0; i < ROUNDS; i++) {
    peal_eio_item item = {message, 1 + (uint64_t)i % KEYS, false, false};
    if (peal_eio_queue_add(&queue, &item, NULL, NULL))
      fail();
  }
  assert_int_equal(peal_eio_queue_count(&queue), KEYS);
  peal_eio_queue_check(&queue);
  peal_eio_queue_clear(&queue);
  peal_message_unref(message);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_leave_in_order_and_an_empty_queue_owns_nothing),
      cmocka_unit_test(the_ring_grows_while_it_is_wrapped),
      cmocka_unit_test(the_same_key_replaces_in_place),
      cmocka_unit_test(groups_of_other_sizes_replace_each_other),
      cmocka_unit_test(a_group_that_has_begun_is_finished),
      cmocka_unit_test(the_oldest_whole_entry_is_dropped),
      cmocka_unit_test(what_is_to_be_kept_is_passed_over),
      cmocka_unit_test(attachments_are_binary_and_the_flag_is_kept),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(random_steps_agree_with_a_plain_list),
      cmocka_unit_test(what_entries_take_is_charged_and_may_be_refused),
      cmocka_unit_test(what_crosses_is_charged_to_the_server_until_it_is_gone),
      cmocka_unit_test(kept_messages_cost_nothing_when_others_are_dropped),
      cmocka_unit_test(the_first_key_of_a_long_queue_costs_nothing),
      cmocka_unit_test(a_key_is_found_among_any_number),
  };
  return cmocka_run_group_tests_name("eio_queue", tests, NULL, NULL);
}
