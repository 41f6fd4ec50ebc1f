/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_file: the folder of an outbox and its files.
 * In the flow: client/outbox -> [outbox_file] -> disk.
 *
 *   lock                                    held while somebody has the folder
 *   <number>-<box>.outbox                   16 hex digits each: a file of records
 *
 * All that can damage a file (its name, its number) stands outside of it. Only
 * the file with the highest number is written, and only at its end. Errors of
 * the system are an errno here, 0 is none. Blocks. */
#include "wire/outbox_scan.h"

/* Bytes of a record at most. */
#define PEAL_OUTBOX_FILE_RECORD_BYTES ((size_t)64 << 20)

typedef struct peal_outbox_file {
  int dir_fd, lock_fd;
  int fd;          /* the file that is written; -1: none */
  int read_fd;     /* the file that was read last; -1: none */
  uint64_t number; /* of fd */
  uint64_t read_number;
  uint64_t box;
  uint64_t *numbers; /* of the files that were there, ascending */
  size_t count;
  bool is_dirty; /* written and not synced */
  bool must_cut; /* fd, at cut_at, before anything else is written */
  uint64_t cut_at;
} peal_outbox_file;

/* What a scan of one file found. */
typedef struct peal_outbox_file_found {
  uint64_t bytes;   /* of the file, behind the cut */
  uint32_t damaged; /* places */
  bool is_torn;     /* its end was cut */
} peal_outbox_file_found;

/* A whole record (borrowed), and where it begins. Not PEAL_OK ends the scan. */
typedef peal_err (*peal_outbox_file_fn)(const peal_outbox_record *record,
                                        uint64_t offset, void *user);

/* Make or open the folder, lock it, look which files are there. `step` says what
 * failed. Returns: 0; EWOULDBLOCK (somebody has it), EEXIST (there are files of two
 * boxes), ENOMEM, … */
PEAL_MUST_CHECK int peal_outbox_file_open(peal_outbox_file *file,
                                          const char *dir, const char **step);
void peal_outbox_file_close(peal_outbox_file *file);
/* Read file `number`; cut its end behind the last whole record if `may_cut`.
 * *err is what `fn` said, or PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK int peal_outbox_file_scan(peal_outbox_file *file,
                                          uint64_t number, bool may_cut,
                                          peal_outbox_file_fn fn, void *user,
                                          peal_outbox_file_found *found,
                                          peal_err *err);

/* Write into this file from now on; `is_new`: make it. Not before the one that
 * was written before is cut, if it has to be. */
PEAL_MUST_CHECK int peal_outbox_file_use(peal_outbox_file *file,
                                         uint64_t number, bool is_new);
PEAL_MUST_CHECK int peal_outbox_file_write(peal_outbox_file *file,
                                           peal_slice data);
/* Force what was written to the disk. */
PEAL_MUST_CHECK int peal_outbox_file_sync(peal_outbox_file *file);
/* Cut the file that is written. If that fails it is done before the next file is
 * begun. */
PEAL_MUST_CHECK int peal_outbox_file_cut(peal_outbox_file *file,
                                         uint64_t bytes);
/* Append `len` bytes to `out` (NOMEM: ENOMEM; fewer there: EIO). */
PEAL_MUST_CHECK int peal_outbox_file_read(peal_outbox_file *file,
                                          uint64_t number, uint64_t offset,
                                          size_t len, peal_buf *out);
PEAL_MUST_CHECK int peal_outbox_file_remove(peal_outbox_file *file,
                                            uint64_t number);
