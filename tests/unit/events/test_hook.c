/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "events/hook.h"
#include "torture.h"

static void on_one(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  (void)user;
}

static void on_two(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  *(int *)user = 2;
}

static peal_hook *made(peal_event_fn fn, void *user, const char *name) {
  peal_hook *hook = peal_hook_copy(peal_mem_libc(),
                                   &(peal_hook){.fn.event = fn, .user = user},
                                   peal_slice_of(name));
  assert_non_null(hook);
  return hook;
}

static bool take_out(peal_hooks *hooks, peal_event_fn fn, void *user,
                     const char *name) {
  peal_hook *like = made(fn, user, name);
  bool any = peal_hook_remove(hooks, like);
  peal_hook_free(peal_mem_libc(), like);
  return any;
}

static size_t count_of(peal_hooks *hooks, const char *name) {
  size_t count = 0;
  peal_hook *at = peal_hook_live(peal_hook_of_event(hooks, peal_slice_of(name)),
                                 hooks->age);
  for (; at; at = peal_hook_live(at->next, hooks->age))
    count++;
  return count;
}

static void name_of(char out[24], unsigned number) {
  snprintf(out, 24, "event %u", number);
}

/* Against a plain count per name, with many names and few. */
static void chains_are_what_was_added_and_not_removed(void **state) {
  (void)state;
  for (unsigned names = 1; names < 300; names += 97) {
    peal_hooks hooks;
    size_t counts[300] = {0};
    char name[24];
    uint32_t dice = names;
    peal_hook_init(&hooks, peal_mem_libc(), 7);
    for (unsigned step = 0; step < 5000; step++) {
      dice = dice * 1664525u + 1013904223u;
      unsigned n = (dice >> 8) % names;
      name_of(name, n);
      if (dice >> 28 < 5) {
        assert_int_equal(take_out(&hooks, on_one, NULL, name), counts[n] > 0);
        counts[n] = 0;
      } else if (counts[n] < 5) {
        peal_hook_add(&hooks, made(on_one, NULL, name));
        counts[n]++;
      }
      if (dice >> 26 == 0)
        peal_hook_sweep(&hooks);
      assert_int_equal(count_of(&hooks, name), counts[n]);
    }
    for (unsigned n = 0; n < names; n++) {
      name_of(name, n);
      assert_int_equal(count_of(&hooks, name), counts[n]);
    }
    peal_hook_deinit(&hooks);
  }
}

static void only_the_same_function_and_user_are_removed(void **state) {
  peal_hooks hooks;
  int user = 0;
  (void)state;
  peal_hook_init(&hooks, peal_mem_libc(), 7);
  peal_hook_add(&hooks, made(on_one, NULL, "x"));
  peal_hook_add(&hooks, made(on_one, &user, "x"));
  peal_hook_add(&hooks, made(on_two, &user, "x"));
  peal_hook_add(&hooks, made(on_two, &user, ""));
  assert_false(take_out(&hooks, on_two, NULL, "x"));
  assert_false(take_out(&hooks, on_one, NULL, "y"));
  assert_true(take_out(&hooks, on_one, NULL, "x")); /* the first */
  assert_false(take_out(&hooks, on_one, NULL, "x"));
  assert_int_equal(count_of(&hooks, "x"), 2);
  peal_hook_sweep(&hooks);
  assert_int_equal(count_of(&hooks, "x"), 2);
  assert_int_equal(count_of(&hooks, ""), 1);
  assert_int_equal(count_of(&hooks, "y"), 0);
  peal_hook_deinit(&hooks);
}

/* A walk does not meet what is added during it, and no removed one. */
static void a_walk_meets_what_was_there(void **state) {
  peal_hooks hooks;
  int user = 0;
  (void)state;
  peal_hook_init(&hooks, peal_mem_libc(), 7);
  peal_hook_add(&hooks, made(on_one, NULL, "x"));
  peal_hook_add(&hooks, made(on_two, &user, "x"));
  uint64_t age = hooks.age;
  peal_hook *at = peal_hook_live(peal_hook_of_event(&hooks, PEAL_S("x")), age);
  assert_ptr_equal(at->fn.event, on_one);
  assert_true(take_out(&hooks, on_one, NULL, "x")); /* itself */
  peal_hook_add(&hooks, made(on_one, NULL, "x"));
  at = peal_hook_live(at->next, age);
  assert_ptr_equal(at->fn.event, on_two);
  assert_null(peal_hook_live(at->next, age));
  assert_int_equal(count_of(&hooks, "x"), 2);
  peal_hook_deinit(&hooks);
}

static void what_is_called_once_is_shared_and_freed(void **state) {
  torture mem;
  peal_hooks hooks[3];
  (void)state;
  torture_init(&mem, 0);
  peal_hook_once *once = peal_mem_alloc(&mem.mem, sizeof *once);
  assert_non_null(once);
  atomic_init(&once->called, false);
  atomic_init(&once->refs, 0);
  for (unsigned i = 0; i < 3; i++) {
    peal_hook_init(&hooks[i], &mem.mem, 7);
    peal_hook_add(&hooks[i],
                  peal_hook_copy(&mem.mem,
                                 &(peal_hook){.fn.event = on_one, .once = once},
                                 PEAL_S("x")));
  }
  assert_int_equal(atomic_load(&once->refs), 3);
  for (unsigned i = 0; i < 3; i++) {
    assert_int_equal(mem.live, 4 - i);
    peal_hook_deinit(&hooks[i]);
  }
  assert_int_equal(mem.live, 0);
}

/* Adding what was made before never fails, whatever the memory. */
static void without_memory_the_table_is_slower_and_complete(void **state) {
  torture mem;
  peal_hooks hooks;
  peal_hook *all[100];
  char name[24];
  (void)state;
  torture_init(&mem, 101);
  peal_hook_init(&hooks, &mem.mem, 7);
  for (unsigned i = 0; i < 100; i++) {
    name_of(name, i);
    all[i] = peal_hook_copy(&mem.mem, &(peal_hook){.fn.event = on_one},
                            peal_slice_of(name));
    assert_non_null(all[i]);
  }
  for (unsigned i = 0; i < 100; i++) {
    peal_hook_add(&hooks, all[i]);
    if (i == 50)
      mem.fail_at = mem.calls + 1;
  }
  assert_true(mem.failed);
  for (unsigned i = 0; i < 100; i++) {
    name_of(name, i);
    assert_int_equal(count_of(&hooks, name), 1);
  }
  peal_hook_deinit(&hooks);
  assert_int_equal(mem.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_are_what_was_added_and_not_removed),
      cmocka_unit_test(only_the_same_function_and_user_are_removed),
      cmocka_unit_test(a_walk_meets_what_was_there),
      cmocka_unit_test(what_is_called_once_is_shared_and_freed),
      cmocka_unit_test(without_memory_the_table_is_slower_and_complete),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
