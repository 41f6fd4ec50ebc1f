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
  peal_err err = peal_eio_queue_add(queue, &item);
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
  peal_err err = peal_eio_queue_add(queue, &item);
  peal_message_unref(item.message);
  return err;
}

static bool take(peal_eio_queue *queue, char *out) {
  peal_message *message;
  size_t part;
  bool no_compress;
  if (!peal_eio_queue_peek(queue, &message, &part, &no_compress))
    return false;
  peal_slice data = peal_message_part(message, part);
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
  assert_int_equal(queue->bytes, 0);
  assert_null(queue->ring);
}

static void messages_leave_in_order_and_an_empty_queue_owns_nothing(
    void **state) {
  peal_eio_queue queue;
  (void)state;
  peal_eio_queue_init(&queue, NULL);
  for (int round = 0; round < 3; round++) {
    assert_null(queue.ring);
    assert_int_equal(add(&queue, "a", 0), PEAL_OK);
    assert_int_equal(add(&queue, "", 0), PEAL_OK);
    assert_int_equal(add(&queue, "c", 0), PEAL_OK);
    expect(&queue, "a  c");
  }
}

static void the_ring_grows_while_it_is_wrapped(void **state) {
  peal_eio_queue queue;
  char name[16], out[64];
  (void)state;
  peal_eio_queue_init(&queue, NULL);
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
  assert_int_equal(queue.count, in - next);
  peal_eio_queue_clear(&queue);
  assert_int_equal(queue.bytes, 0);
}

static void the_same_key_replaces_in_place(void **state) {
  peal_eio_queue queue;
  (void)state;
  peal_eio_queue_init(&queue, NULL);
  assert_int_equal(add(&queue, "a", 0), PEAL_OK);
  assert_int_equal(add(&queue, "old", 7), PEAL_OK);
  assert_int_equal(add(&queue, "c", 8), PEAL_OK);
  assert_int_equal(add(&queue, "newer one", 7), PEAL_OK);
  assert_int_equal(queue.count, 3);
  expect(&queue, "a newer one c");
}

static void groups_of_other_sizes_replace_each_other(void **state) {
  peal_eio_queue queue;
  (void)state;
  peal_eio_queue_init(&queue, NULL);
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
  peal_eio_queue queue;
  char out[64];
  (void)state;
  peal_eio_queue_init(&queue, NULL);
  assert_int_equal(add_group(&queue, 'a', 3, 7), PEAL_OK);
  assert_true(take(&queue, out));
  assert_int_equal(peal_eio_queue_replaced(&queue, 7), 0);
  assert_int_equal(add_group(&queue, 'b', 2, 7), PEAL_OK);
  assert_true(peal_eio_queue_replaced(&queue, 7) > 0);
  assert_int_equal(add_group(&queue, 'c', 2, 7), PEAL_OK);
  assert_int_equal(queue.count, 2);
  expect(&queue, "a1 a2 c c1");
}

static void what_is_to_be_kept_is_passed_over(void **state) {
  peal_eio_queue queue;
  char out[64];
  (void)state;
  peal_eio_queue_init(&queue, NULL);
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
  peal_eio_queue queue;
  char out[64];
  (void)state;
  peal_eio_queue_init(&queue, NULL);
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
  peal_eio_queue queue;
  peal_message *message;
  size_t part;
  bool no_compress;
  (void)state;
  peal_eio_queue_init(&queue, NULL);
  peal_message *group = group_of('a', 2, NULL);
  assert_int_equal(peal_message_count(group), 2);
  peal_eio_item item = {.message = group, .no_compress = true};
  assert_int_equal(peal_eio_queue_add(&queue, &item), PEAL_OK);
  assert_int_equal(queue.bytes, peal_eio_queue_cost(&item));
  for (size_t i = 0; i < 2; i++) {
    assert_true(peal_eio_queue_peek(&queue, &message, &part, &no_compress));
    assert_ptr_equal(message, group);
    assert_int_equal(part, i);
    assert_int_equal(peal_message_is_binary(message, part), i == 1);
    assert_true(no_compress);
    peal_eio_queue_pop(&queue);
  }
  peal_message_unref(group);
}

static peal_err fill(const peal_mem *mem, void *user) {
  peal_eio_queue queue;
  (void)user;
  peal_eio_queue_init(&queue, mem);
  peal_err err = PEAL_OK;
  for (int i = 0; i < 40 && !err; i++)
    err = add(&queue, "words", i % 5 ? 0 : 7);
  peal_message *group = err ? NULL : group_of('g', 4, mem);
  if (!err && !group)
    err = PEAL_ERR_NOMEM;
  peal_eio_item item = {.message = group};
  for (int i = 0; i < 40 && !err; i++)
    err = peal_eio_queue_add(&queue, &item);
  peal_message_unref(group);
  peal_eio_queue_clear(&queue);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(fill, NULL, false, NULL));
}

/* Against a plain list: whatever is done, what leaves is what a simple reading
 * of the rules says. */
static void random_steps_agree_with_a_plain_list(void **state) {
  (void)state;
  for (unsigned seed = 1; seed <= 100; seed++) {
    struct {
      unsigned value;
      uint64_t key;
    } list[512];

    unsigned count = 0, value = 0, dice = seed * 2654435761u;
    peal_eio_queue queue;
    char name[16], out[64];
    peal_eio_queue_init(&queue, NULL);
    for (unsigned step = 0; step < 300; step++) {
      dice = dice * 1664525u + 1013904223u;
      unsigned what = dice >> 16 & 7;
      if (what < 4) {
        uint64_t key = dice >> 20 & 3;
        snprintf(name, sizeof name, "%u", ++value);
        assert_int_equal(add(&queue, name, key), PEAL_OK);
        unsigned at = 0;
        while (at < count && (!key || list[at].key != key))
          at++;
        list[at].value = value;
        list[at].key = key;
        count += at == count;
      } else if (what < 6) {
        assert_int_equal(take(&queue, out), count > 0);
        if (!count)
          continue;
        snprintf(name, sizeof name, "%u", list[0].value);
        assert_string_equal(out, name);
        memmove(list, list + 1, --count * sizeof *list);
      } else if (what == 6) {
        assert_int_equal(peal_eio_queue_drop_oldest(&queue), count > 0);
        if (count)
          memmove(list, list + 1, --count * sizeof *list);
      }
      assert_int_equal(queue.count, count);
    }
    peal_eio_queue_clear(&queue);
  }
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
  };
  return cmocka_run_group_tests_name("eio_queue", tests, NULL, NULL);
}
