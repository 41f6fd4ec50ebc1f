/* SPDX-License-Identifier: MIT */
#include "wire/outbox_scan.h"

#include <string.h>

void peal_outbox_scan_init(peal_outbox_scan *scan, peal_outbox_place start,
                           size_t max_body, const peal_mem *mem) {
  *scan = (peal_outbox_scan){
      .place = start, .max_body = max_body, .end = start.offset};
  peal_buf_init(&scan->held, mem, 0);
}

void peal_outbox_scan_deinit(peal_outbox_scan *scan) {
  peal_buf_deinit(&scan->held);
}

static void drop_used(peal_outbox_scan *scan) {
  scan->place.offset += scan->used;
  peal_buf_consume(&scan->held, scan->used);
  scan->used = 0;
}

peal_err peal_outbox_scan_feed(peal_outbox_scan *scan, peal_slice data) {
  drop_used(scan);
  peal_buf_add(&scan->held, data);
  return scan->held.err;
}

void peal_outbox_scan_finish(peal_outbox_scan *scan) {
  scan->finished = true;
}

/* Damage: on to where the next record may begin. Heads are found by their first
 * byte and believed by their checksum, so that this is linear. */
static void skip(peal_outbox_scan *scan) {
  const char *here = scan->held.ptr + scan->used;
  size_t left = scan->held.len - scan->used;
  const char *next = left > 1 ? memchr(here + 1, 0xf5, left - 1) : NULL;
  size_t skipped = next ? (size_t)(next - here) : left;
  scan->gap += skipped;
  scan->used += skipped;
}

/* What was in front of this record is damaged, and not the end of the file. */
static void close_gap(peal_outbox_scan *scan) {
  scan->damaged += scan->gap > 0;
  scan->skipped += scan->gap;
  scan->gap = 0;
}

peal_err peal_outbox_scan_next(peal_outbox_scan *scan, peal_outbox_record *out,
                               peal_outbox_place *place) {
  while (scan->held.len > scan->used) {
    peal_outbox_place here = scan->place;
    here.offset += scan->used;
    peal_slice left = {scan->held.ptr + scan->used,
                       scan->held.len - scan->used};
    size_t used = 0;
    peal_err err = peal_outbox_record_decode(out, left, here, &used);
    if (!err && used - PEAL_OUTBOX_RECORD_HEAD_BYTES <= scan->max_body) {
      close_gap(scan);
      scan->used += used;
      scan->end = here.offset + used;
      *place = here;
      return PEAL_OK;
    }
    bool may_come = !scan->finished &&
                    used <= scan->max_body + PEAL_OUTBOX_RECORD_HEAD_BYTES;
    if (err == PEAL_ERR_AGAIN && may_come)
      return err;
    skip(scan);
  }
  return PEAL_ERR_AGAIN;
}
