/* SPDX-License-Identifier: MIT */
#pragma once
/* source_v4l2: a camera of the Linux kernel: MJPEG by memory-mapped buffers, or
 * YUYV, which is encoded here, where a camera has no MJPEG. The calls to the system go through a table, so that tests can play a recorded
 * stream, and the ways in which cameras go away, to the same code. */
#include <poll.h>
#include <sys/types.h>

#include "source_driver.h"

/* As the functions of the same names; results and errno as theirs. */
typedef struct source_v4l2_calls {
  int (*open)(const char *path, int flags);
  int (*close)(int fd);
  int (*ioctl)(int fd, unsigned long request, void *arg);
  void *(*mmap)(size_t len, int fd, off_t offset);
  int (*munmap)(void *ptr, size_t len);
  int (*poll)(struct pollfd *fds, nfds_t count, int timeout_ms);
} source_v4l2_calls;

/* `calls` (borrowed for life) NULL: the system's. */
source_eyes source_v4l2_new(const source_opts *opts,
                            const source_v4l2_calls *calls);
