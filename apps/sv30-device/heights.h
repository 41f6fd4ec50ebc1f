/* SPDX-License-Identifier: MIT */
#pragma once
/* heights: live heights from the pipeline, by a FIFO, a file that grows or one
 * that is written anew. Whoever writes is never held up by this program: a FIFO
 * is kept open and emptied. */
#include <stdint.h>

#include <peal/base.h>

typedef struct heights {
  const char *path;
  int fd; /* -1: not there yet */
  bool is_fifo;
  uint64_t offset, inode;
  int64_t changed_ns;
  char line[256]; /* one that has not ended */
  size_t len;
  bool is_too_long;
} heights;

/* The last height that was read. */
typedef struct heights_found {
  double mm;
  int64_t t_s; /* -1: it was a bare number */
} heights_found;

void heights_init(heights *it, const char *path);
void heights_deinit(heights *it);
/* The youngest height that has come since the last call; false: none has. Never
 * waits. */
bool heights_poll(heights *it, heights_found *out);
/* To be waited for by poll(2): a FIFO's descriptor, else -1. */
int heights_fd(const heights *it);
/* One line: a number, or an object with height_mm and perhaps t_s. Thread:
 * pure. */
bool heights_read(heights_found *out, peal_slice line);
