/* SPDX-License-Identifier: MIT */
#include "net/turn.h"
#include "net_fixture.h"

/* The end of a turn, on a worker that does not run. */

#define NODES 4

typedef struct node {
  peal_flush flush;
  peal_polled item;
  peal_worker *worker;
  int flushes, ends;
  int again; /* times to ask again from inside */
  struct node *other;
} node;

static char trace[64];

static void note(char what) {
  size_t len = strlen(trace);
  assert_true(len + 1 < sizeof(trace));
  trace[len] = what;
  trace[len + 1] = 0;
}

static void on_flush(peal_flush *flush) {
  node *it = PEAL_LIST_OF(flush, node, flush);
  it->flushes++;
  note('f');
  if (it->again-- > 0)
    peal_turn_flush_later(it->worker, flush);
  if (it->other)
    peal_turn_end_later(it->worker, &it->other->item);
}

static void on_turn_end(peal_polled *item) {
  node *it = PEAL_LIST_OF(item, node, item);
  it->ends++;
  note('e');
  if (it->again-- > 0)
    peal_turn_end_later(it->worker, item);
}

static const peal_polled_kind kind = {NULL, on_turn_end};

static int set_up(void **state) {
  static node nodes[NODES];
  peal_workers *group = peal_workers_new(NULL);
  trace[0] = 0;
  for (int i = 0; i < NODES; i++) {
    nodes[i] = (node){.item.kind = &kind, .flush.fn = on_flush};
    nodes[i].worker = peal_workers_get(group, 0);
    peal_list_init(&nodes[i].flush.node);
  }
  *state = nodes;
  return group == NULL;
}

static int tear_down(void **state) {
  node *nodes = *state;
  peal_workers_free(peal_worker_group(nodes[0].worker));
  return 0;
}

static void who_asks_twice_is_called_once(void **state) {
  node *nodes = *state;
  for (int i = 0; i < 3; i++)
    peal_turn_flush_later(nodes[0].worker, &nodes[0].flush);
  peal_turn_end(nodes[0].worker);
  peal_turn_end(nodes[0].worker);
  assert_int_equal(nodes[0].flushes, 1);
}

static void who_does_not_ask_is_not_called(void **state) {
  node *nodes = *state;
  peal_turn_end_later(nodes[1].worker, &nodes[1].item);
  peal_turn_end_later(nodes[3].worker, &nodes[3].item);
  peal_turn_end(nodes[0].worker);
  assert_int_equal(nodes[0].ends + nodes[2].ends, 0);
  assert_int_equal(nodes[1].ends, 1);
  assert_int_equal(nodes[3].ends, 1);
}

static void what_a_flush_produces_leaves_in_the_same_round(void **state) {
  node *nodes = *state;
  nodes[0].other = &nodes[1];
  nodes[2].other = &nodes[3];
  peal_turn_flush_later(nodes[0].worker, &nodes[0].flush);
  peal_turn_flush_later(nodes[0].worker, &nodes[2].flush);
  peal_turn_end(nodes[0].worker);
  assert_string_equal(trace, "ffee");
}

static void who_asks_for_ever_does_not_hold_the_turn(void **state) {
  node *nodes = *state;
  nodes[0].again = nodes[1].again = 1000;
  peal_turn_flush_later(nodes[0].worker, &nodes[0].flush);
  peal_turn_end_later(nodes[0].worker, &nodes[1].item);
  peal_turn_end(nodes[0].worker);
  assert_in_range(nodes[0].flushes, 2, 20);
  assert_in_range(nodes[1].ends, 2, 20);
  int before = nodes[0].flushes;
  peal_turn_end(nodes[0].worker); /* it goes on in the next */
  assert_true(nodes[0].flushes > before);
  peal_list_remove(&nodes[0].flush.node);
  nodes[0].again = nodes[1].again = 0;
}

static void memory_of_the_turn_is_gone_after_it(void **state) {
  node *nodes = *state;
  peal_worker *worker = nodes[0].worker;
  void *first = peal_arena_alloc(&worker->turn, 100);
  peal_turn_end(worker);
  assert_ptr_equal(peal_arena_alloc(&worker->turn, 100), first);
}

#define TURN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TURN_TEST(who_asks_twice_is_called_once),
      TURN_TEST(who_does_not_ask_is_not_called),
      TURN_TEST(what_a_flush_produces_leaves_in_the_same_round),
      TURN_TEST(who_asks_for_ever_does_not_hold_the_turn),
      TURN_TEST(memory_of_the_turn_is_gone_after_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
