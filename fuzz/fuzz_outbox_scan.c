/* SPDX-License-Identifier: MIT */
/* wire/outbox_scan: whatever a file holds, what is found has right checksums,
 * stands where it says, and is the same however the file is read. The bytes are
 * taken as they are, and once more with their heads and bodies summed up, so
 * that what stands behind the checksums is reached. */
#include <stdlib.h>
#include <string.h>

#include "wire/outbox_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

enum { MAX_FOUND = 4096, MAX_BODY = 1 << 16 };

typedef struct found {
  uint64_t offset, seq;
} found;

static void look_at(const peal_outbox_record *record) {
  peal_arena arena;
  peal_outbox_event event;
  peal_arena_init(&arena, NULL, 0, 0);
  if (!peal_outbox_record_get_event(&event, record->body, &arena)) {
    peal_buf again;
    peal_buf_init(&again, NULL, 0);
    peal_err err = peal_outbox_record_put_event(&again, &event, NULL);
    must(err == PEAL_OK || err == PEAL_ERR_RESERVED || err == PEAL_ERR_LIMIT);
    peal_buf_deinit(&again);
  }
  peal_arena_deinit(&arena);
}

static size_t take(peal_outbox_scan *scan, peal_slice whole, found *all,
                   size_t count) {
  peal_outbox_record record;
  peal_outbox_place place;
  while (peal_outbox_scan_next(scan, &record, &place) == PEAL_OK) {
    must(place.offset + PEAL_OUTBOX_RECORD_HEAD_BYTES + record.body.len <=
         whole.len);
    must(!record.body.len ||
         !memcmp(whole.ptr + place.offset + PEAL_OUTBOX_RECORD_HEAD_BYTES,
                 record.body.ptr, record.body.len));
    if (record.type == PEAL_OUTBOX_RECORD_EVENT)
      look_at(&record);
    if (count < MAX_FOUND)
      all[count] = (found){place.offset, record.seq};
    count++;
  }
  return count;
}

static size_t scan(peal_slice in, size_t piece, found *all, uint64_t *end) {
  peal_outbox_scan it;
  size_t count = 0;
  peal_outbox_scan_init(&it, (peal_outbox_place){1, 2, 0}, MAX_BODY, NULL);
  for (size_t at = 0; at < in.len; at += piece) {
    size_t len = in.len - at < piece ? in.len - at : piece;
    must(!peal_outbox_scan_feed(&it, (peal_slice){in.ptr + at, len}));
    count = take(&it, in, all, count);
  }
  peal_outbox_scan_finish(&it);
  count = take(&it, in, all, count);
  must(it.end + it.gap == in.len && it.skipped <= it.end);
  *end = it.end;
  peal_outbox_scan_deinit(&it);
  return count;
}

static void check(peal_slice in) {
  static found whole[MAX_FOUND], split[MAX_FOUND];
  uint64_t end, split_end;
  size_t count = scan(in, in.len ? in.len : 1, whole, &end);
  size_t piece = in.len % 7 + 1;
  must(scan(in, piece, split, &split_end) == count && end == split_end);
  size_t kept = count < MAX_FOUND ? count : MAX_FOUND;
  must(!memcmp(whole, split, kept * sizeof *whole));
}

/* Records made of the input: u8 length of each body, then it. */
static void check_made(peal_slice in) {
  peal_buf file;
  peal_buf_init(&file, NULL, 0);
  for (uint64_t seq = 1; in.len; seq++) {
    size_t len = (uint8_t)in.ptr[0];
    in.ptr++;
    in.len--;
    len = len < in.len ? len : in.len;
    uint8_t type = len ? PEAL_OUTBOX_RECORD_EVENT : PEAL_OUTBOX_RECORD_DONE;
    peal_outbox_record_encode(&file,
                              &(peal_outbox_record){type, seq, {in.ptr, len}},
                              (peal_outbox_place){1, 2, file.len});
    in.ptr += len;
    in.len -= len;
  }
  check(peal_buf_slice(&file));
  peal_buf_deinit(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice in = {(const char *)data, len};
  check(in);
  check_made(in);
  return 0;
}
