/* SPDX-License-Identifier: MIT */
/* proto/eio_away: whatever is read can be written, and is read as the same. */
#include <stdlib.h>
#include <string.h>

#include "proto/eio_away.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check(const peal_eio_away *msg) {
  must(msg->type <= PEAL_EIO_AWAY_CREDIT);
  must(msg->sender.len == PEAL_EIO_AWAY_NODE);
  must(msg->packet_count <= PEAL_EIO_AWAY_PACKETS);
  if (msg->type == PEAL_EIO_AWAY_PACKET)
    must(msg->packet_count >= 1);
  for (size_t i = 0; i < msg->packet_count; i++)
    must(msg->packets[i].type <= PEAL_EIO_AWAY_UNREADABLE);
}

static void again(const peal_eio_away *msg, peal_arena *arena) {
  peal_buf first, second;
  peal_eio_away back;
  peal_buf_init(&first, NULL, 0);
  peal_buf_init(&second, NULL, 0);
  peal_eio_away_encode(&first, msg);
  must(!first.err);
  must(!peal_eio_away_decode(&back, peal_buf_slice(&first), arena));
  check(&back);
  peal_eio_away_encode(&second, &back);
  must(!second.err && first.len == second.len &&
       !memcmp(first.ptr, second.ptr, first.len));
  peal_buf_deinit(&first);
  peal_buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_arena arena;
  peal_eio_away msg;
  peal_arena_init(&arena, NULL, 0, 0);
  if (!peal_eio_away_decode(&msg, (peal_slice){(const char *)data, len},
                            &arena)) {
    check(&msg);
    again(&msg, &arena);
  }
  peal_arena_deinit(&arena);
  return 0;
}
