/* SPDX-License-Identifier: MIT */
/* proto/bus_classic: the first byte says where the rest came from. */
#include "bus_check.h"
#include "proto/bus_classic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static peal_err decode(peal_bus_msg *out, peal_slice in, const void *user,
                       peal_arena *arena) {
  return peal_bus_classic_decode(out, user, in, arena);
}

static void encode(peal_buf *out, const peal_bus_msg *msg, const void *user,
                   peal_arena *arena) {
  (void)user;
  peal_bus_classic_encode(out, msg, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const char *const channels[] = {
      "socket.io#/#room#", "socket.io-request#/n#", "socket.io-response#/#me#"};
  peal_bus_channel where;
  if (!len)
    return 0;
  must(peal_bus_channel_parse(&where, PEAL_BUS_PREFIX, PEAL_S("me"),
                              peal_slice_of(channels[data[0] % 3])));
  bus_check((peal_slice){(const char *)data + 1, len - 1}, decode, encode,
            &where);
  return 0;
}
