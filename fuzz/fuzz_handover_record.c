/* SPDX-License-Identifier: MIT */
/* proto/handover_record: whatever is read makes sense, can be written, and is
 * read as the same. */
#include <stdlib.h>
#include <string.h>

#include "proto/handover_record.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check(const peal_handover_record *record) {
  must(record->sid.len == PEAL_HANDOVER_RECORD_ID && record->policy <= 2);
  for (size_t i = 0; i < record->socket_count; i++) {
    must(record->sockets[i].id.len == PEAL_HANDOVER_RECORD_ID);
    must(record->sockets[i].nsp.len && record->sockets[i].nsp.ptr[0] == '/');
  }
  for (size_t i = 0; i < record->message_count; i++)
    must(record->messages[i].is_binary ||
         peal_utf8_is_valid(record->messages[i].data));
  for (size_t i = 0; i < record->field_count; i++)
    must(record->fields[i].name.len > 0 &&
         record->fields[i].value.len <= UINT16_MAX);
}

static void again(const peal_handover_record *record, peal_arena *arena) {
  peal_buf first, second;
  peal_handover_record back;
  peal_buf_init(&first, NULL, 0);
  peal_buf_init(&second, NULL, 0);
  peal_handover_record_encode(&first, record);
  must(!first.err);
  must(!peal_handover_record_decode(&back, peal_buf_slice(&first), arena));
  check(&back);
  peal_handover_record_encode(&second, &back);
  must(!second.err && first.len == second.len &&
       !memcmp(first.ptr, second.ptr, first.len));
  peal_buf_deinit(&first);
  peal_buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_arena arena;
  peal_handover_record record;
  peal_arena_init(&arena, NULL, 0, 0);
  if (!peal_handover_record_decode(
          &record, (peal_slice){(const char *)data, len}, &arena)) {
    check(&record);
    again(&record, &arena);
  }
  peal_arena_deinit(&arena);
  return 0;
}
