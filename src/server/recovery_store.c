/* SPDX-License-Identifier: MIT */
#include "server/recovery_store.h"

#include "base/mem.h"

peal_slice peal_recovery_store_offset(const peal_message *message) {
  peal_slice text = peal_message_part(message, 0);
  if (text.len < 4 || text.ptr[text.len - 2] != '"')
    return (peal_slice){0};
  size_t end = text.len - 2, at = end;
  while (at && text.ptr[at - 1] != '"')
    at--;
  return (peal_slice){text.ptr + at, end - at};
}

peal_message *peal_recovery_store_stamp(const peal_server *server,
                                        peal_message *message,
                                        peal_slice offset) {
  size_t count = peal_message_count(message) - 1;
  peal_slice text = peal_message_part(message, 0);
  const peal_mem *mem = peal_mem_libc();
  peal_message *out = NULL;
  peal_buf buf;
  if (!text.len || text.ptr[text.len - 1] != ']')
    return NULL;
  peal_buf_init(&buf, mem, 0);
  peal_buf_add(&buf, (peal_slice){text.ptr, text.len - 1});
  peal_buf_add(&buf, PEAL_S(",\""));
  peal_buf_add(&buf, offset);
  peal_buf_add(&buf, PEAL_S("\"]"));
  peal_slice *parts = peal_mem_alloc(mem, (count + 1) * sizeof *parts);
  for (size_t i = 0; parts && i < count; i++)
    parts[i] = peal_message_part(message, i + 1);
  if (parts && !buf.err)
    out = peal_message_new_crossing(peal_buf_slice(&buf), parts, count,
                                    server->load.account);
  peal_mem_free(mem, parts);
  peal_buf_deinit(&buf);
  return out;
}
