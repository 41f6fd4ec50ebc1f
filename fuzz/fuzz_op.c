/* SPDX-License-Identifier: MIT */
/* server/op: what is decoded keeps its promises and is encoded as it was. */
#include <stdlib.h>
#include <string.h>

#include "proto/op.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_message(const peal_op *op, peal_arena *arena) {
  peal_sio_packet packet;
  peal_err err = peal_op_values(&packet, op, arena);
  must(peal_op_id_at(op) > 0);
  if (err) /* placeholders are looked at when attachments are put in place */
    return;
  must(packet.data.len > 0 && !packet.has_id);
  must(peal_val_is(packet.data.as.items[0], PEAL_STRING));
  must(!peal_sio_packet_is_reserved(peal_val_str(packet.data.as.items[0])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice in = {(const char *)data, len};
  peal_arena arena;
  peal_op op;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = peal_op_decode(&op, in, &arena);
  if (!err) {
    peal_buf buf;
    peal_buf_init(&buf, NULL, 0);
    peal_op_encode(&buf, &op);
    must(!buf.err && peal_slice_eq(peal_buf_slice(&buf), in));
    peal_buf_deinit(&buf);
    must(op.nsp.len > 0 && op.nsp.ptr[0] == '/');
    must((op.room.ptr != NULL) ==
         (op.kind == PEAL_OP_JOIN || op.kind == PEAL_OP_LEAVE));
    must((op.message != NULL) ==
         (op.kind == PEAL_OP_EMIT || op.kind == PEAL_OP_ASK));
    if (op.message)
      check_message(&op, &arena);
    peal_message_unref(op.message);
  } else {
    must(!op.message);
  }
  peal_arena_deinit(&arena);
  return 0;
}
