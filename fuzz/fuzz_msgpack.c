/* SPDX-License-Identifier: MIT */
/* wire/msgpack: values and text come to the same, what was decoded encodes and
 * comes back equal, memory is in proportion. */
#include <stdlib.h>

#include "wire/json.h"
#include "wire/msgpack.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_text(peal_err err, peal_val value, peal_slice in,
                       peal_arena *arena) {
  size_t count = 0, placeholders = 0;
  peal_buf text, json;
  if (peal_msgpack_binaries(in, &count)) {
    must(err);
    return;
  }
  peal_buf_init(&text, NULL, 0);
  peal_buf_init(&json, NULL, 0);
  peal_slice *parts = peal_arena_alloc(arena, (count + 1) * sizeof *parts);
  must(parts);
  must(peal_msgpack_to_json(&text, in, 0, parts) == err);
  if (!err) {
    peal_json_encode(&json, value, &placeholders);
    must(!json.err && placeholders <= count);
    must(peal_slice_eq(peal_buf_slice(&text), peal_buf_slice(&json)));
    must(peal_utf8_is_valid(peal_buf_slice(&text)));
  }
  peal_buf_deinit(&text);
  peal_buf_deinit(&json);
}

static void check_round_trip(peal_val value, peal_msgpack_style style,
                             peal_arena *arena) {
  peal_buf first, second;
  peal_val again;
  peal_buf_init(&first, NULL, 0);
  peal_buf_init(&second, NULL, 0);
  peal_msgpack_encode(&first, value, style);
  must(!first.err);
  must(!peal_msgpack_decode(&again, peal_buf_slice(&first), arena));
  peal_msgpack_encode(&second, again, style);
  must(peal_slice_eq(peal_buf_slice(&first), peal_buf_slice(&second)));
  peal_buf_deinit(&first);
  peal_buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice in = {(const char *)data, len};
  peal_arena arena;
  peal_val value;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = peal_msgpack_decode(&value, in, &arena);
  must(arena.total <= PEAL_MSGPACK_FACTOR * len + 65536);
  check_text(err, value, in, &arena);
  if (!err) {
    check_round_trip(value, PEAL_MSGPACK_NOTEPACK, &arena);
    check_round_trip(value, PEAL_MSGPACK_PLAIN, &arena);
  }
  peal_arena_deinit(&arena);
  return 0;
}
