/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_scan: finds in a file of an outbox, after whatever has happened to it,
 * the records that are whole.
 * In the flow: client/outbox_file -> [outbox_scan] -> proto/outbox_queue.
 *
 * One file from its beginning: feed it, take what is found, until that is
 * _AGAIN; _finish when the file has ended, and take what is found. */
#include "wire/outbox_record.h"

typedef struct peal_outbox_scan {
  peal_outbox_place place; /* of what `held` begins with */
  peal_buf held;
  size_t used;      /* of held: given out */
  size_t max_body;  /* bytes; a longer one is damage */
  uint64_t end;     /* behind the last whole record */
  uint64_t skipped; /* damaged bytes between whole records */
  uint64_t gap;     /* the same since the last whole one */
  uint32_t damaged; /* places where there were some */
  bool finished;    /* the end of the file has been told */
} peal_outbox_scan;

void peal_outbox_scan_init(peal_outbox_scan *scan, peal_outbox_place start,
                           size_t max_body, const peal_mem *mem);
void peal_outbox_scan_deinit(peal_outbox_scan *scan);
/* Copies. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_outbox_scan_feed(peal_outbox_scan *scan,
                                               peal_slice data);
/* Nothing comes any more. */
void peal_outbox_scan_finish(peal_outbox_scan *scan);
/* The next whole record, borrowed until the next call, and where it stands.
 * Returns: PEAL_OK; PEAL_ERR_AGAIN: feed, or behind _finish: that was all.
 * `end` then says where the file is to be cut: what stands behind it is a
 * record that was not written to its end, or damage. */
PEAL_MUST_CHECK peal_err peal_outbox_scan_next(peal_outbox_scan *scan,
                                               peal_outbox_record *out,
                                               peal_outbox_place *place);
