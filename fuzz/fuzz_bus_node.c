/* SPDX-License-Identifier: MIT */
/* proto/bus_node: the first byte is the form: 0 sharded, 1 plain, otherwise the
 * type of an entry of a stream, of which the rest is the data. */
#include "bus_check.h"
#include "proto/bus_node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static peal_err decode(peal_bus_msg *out, peal_slice in, const void *user,
                       peal_arena *arena) {
  const char *type = user;
  if (!type[0] || type[0] == 'p')
    return peal_bus_node_decode(out, in, arena);
  peal_bus_entry entry = {.uid = PEAL_S("u"),
                          .nsp = PEAL_S("/n"),
                          .type = peal_slice_of(type),
                          .data = in};
  return peal_bus_node_decode_entry(out, &entry, arena);
}

static void encode(peal_buf *out, const peal_bus_msg *msg, const void *user,
                   peal_arena *arena) {
  const char *type = user;
  peal_bus_entry entry;
  if (type[0] && type[0] != 'p')
    peal_bus_node_encode_entry(&entry, out, msg, arena);
  else
    peal_bus_node_encode(
        out, msg, type[0] ? PEAL_BUS_NODE_PLAIN : PEAL_BUS_NODE_SHARDED, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const char *const types[] = {"",  "p", "1", "2",  "3",  "4",  "5", "6",
                                      "7", "8", "9", "10", "11", "12", "13"};
  if (!len)
    return 0;
  bus_check((peal_slice){(const char *)data + 1, len - 1}, decode, encode,
            types[data[0] % (sizeof types / sizeof *types)]);
  return 0;
}
