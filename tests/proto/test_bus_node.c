/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus_log.h"
#include "proto/bus_channel.h"
#include "proto/bus_node.h"

static peal_err decode(peal_bus_msg *out, const wire_case *test, peal_slice in,
                       peal_arena *arena) {
  if (!wire_case_opt(test, "entry"))
    return peal_bus_node_decode(out, in, arena);
  peal_bus_entry entry = {.uid = peal_slice_of(wire_case_opt(test, "uid")),
                          .nsp = peal_slice_of(wire_case_opt(test, "nsp")),
                          .type = peal_slice_of(wire_case_opt(test, "type")),
                          .data = in};
  return peal_bus_node_decode_entry(out, &entry, arena);
}

static void encode(peal_buf *out, const peal_bus_msg *msg,
                   const wire_case *test, peal_arena *arena) {
  peal_bus_entry entry;
  if (!wire_case_opt(test, "entry")) {
    peal_bus_node_encode(out, msg,
                         wire_case_opt(test, "plain") ? PEAL_BUS_NODE_PLAIN
                                                      : PEAL_BUS_NODE_SHARDED,
                         arena);
    return;
  }
  peal_bus_node_encode_entry(&entry, out, msg, arena);
  if (out->err)
    return;
  assert_true(peal_slice_is(entry.uid, wire_case_opt(test, "uid")));
  assert_true(peal_slice_is(entry.nsp, wire_case_opt(test, "nsp")));
  assert_true(peal_slice_is(entry.type, wire_case_opt(test, "type")));
  assert_true(peal_slice_eq(entry.data, peal_buf_slice(out)));
}

/* It would be published where it came from; `to` is who has asked. */
static void check(const peal_bus_msg *msg, const wire_case *test) {
  peal_bus_msg copy = *msg;
  peal_buf channel;
  if (!wire_case_opt(test, "channel"))
    return;
  copy.to = peal_slice_of(wire_case_opt(test, "to"));
  peal_buf_init(&channel, NULL, 0);
  peal_bus_channel_node(&channel, PEAL_BUS_PREFIX, &copy,
                        wire_case_opt(test, "plain") ? PEAL_BUS_ROOMS_STATIC
                                                     : PEAL_BUS_ROOMS_DYNAMIC);
  peal_buf_add_char(&channel, 0);
  assert_int_equal(channel.err, PEAL_OK);
  assert_string_equal(channel.ptr, wire_case_opt(test, "channel"));
  peal_buf_deinit(&channel);
}

static void messages_of_nodes_cluster_adapters_are_read_and_written(
    void **state) {
  (void)state;
  bus_dialect dialect = {"bus_node", decode, encode, check};
  assert_int_equal(bus_log_run(&dialect), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_of_nodes_cluster_adapters_are_read_and_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
