/* SPDX-License-Identifier: MIT */
/* proto/bus_peal. */
#include "bus_check.h"
#include "proto/bus_peal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static peal_err decode(peal_bus_msg *out, peal_slice in, const void *user,
                       peal_arena *arena) {
  (void)user;
  return peal_bus_peal_decode(out, in, arena);
}

static void encode(peal_buf *out, const peal_bus_msg *msg, const void *user,
                   peal_arena *arena) {
  (void)user;
  (void)arena;
  peal_bus_peal_encode(out, msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  bus_check((peal_slice){(const char *)data, len}, decode, encode, NULL);
  return 0;
}
