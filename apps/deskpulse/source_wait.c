/* SPDX-License-Identifier: MIT */
/* source_wait: clocks of a source, and its waiting for two descriptors. */
#include <time.h>

#include <poll.h>

#include "source_driver.h"

source_wait_word source_wait(int fd, int wake, uint32_t wait_ms) {
  struct pollfd set[2] = {{.fd = wake, .events = POLLIN},
                          {.fd = fd, .events = POLLIN}};
  int most = wait_ms > 60000 ? 60000 : (int)wait_ms;
  if (poll(set, 2, most) <= 0)
    return SOURCE_WAIT_OVER; // a signal counts as the end, too: it is asked anew
  return set[0].revents != 0 ? SOURCE_WAIT_WOKEN : SOURCE_WAIT_READY;
}

uint64_t source_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

double source_wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
