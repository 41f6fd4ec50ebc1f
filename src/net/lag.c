/* SPDX-License-Identifier: MIT */
#include "net/lag.h"

#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#define EVERY_MS 1000u
#define NS_PER_MS 1000000u

uint64_t peal_lag_waited_ns(const char *text) {
  const char *second = strchr(text, ' ');
  return second ? strtoull(second, NULL, 10) : 0;
}

static uint64_t read_waited_ns(const peal_lag *lag) {
  char text[128];
  ssize_t len = lag->fd < 0 ? -1 : pread(lag->fd, text, sizeof(text) - 1, 0);
  if (len <= 0)
    return lag->base_waited_ns;
  text[len] = 0;
  return peal_lag_waited_ns(text);
}

static void read_base(peal_lag *lag, uint64_t now_ms) {
  lag->base_waited_ns = read_waited_ns(lag);
  lag->base_ms = now_ms;
}

void peal_lag_init(peal_lag *lag, uint64_t now_ms) {
  *lag = (peal_lag){
      .fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)};
  read_base(lag, now_ms);
}

void peal_lag_deinit(peal_lag *lag) {
  if (lag->fd >= 0)
    close(lag->fd);
  lag->fd = -1;
}

/* What the thread has waited since the last reading may have been before this
 * turn: in doubt nobody is blamed. */
static uint64_t own_ms(peal_lag *lag, uint64_t spent_ms) {
  uint64_t waited_ns = read_waited_ns(lag) - lag->base_waited_ns;
  uint64_t waited_ms = waited_ns / NS_PER_MS;
  return spent_ms > waited_ms ? spent_ms - waited_ms : 0;
}

uint64_t peal_lag_blame(peal_lag *lag, uint64_t spent_ms, uint64_t warn_ms,
                        uint64_t now_ms) {
  uint64_t own = 0;
  if (spent_ms >= warn_ms && (!lag->log_ms || now_ms - lag->log_ms >= EVERY_MS))
    own = own_ms(lag, spent_ms);
  if (now_ms - lag->base_ms >= EVERY_MS || spent_ms >= warn_ms)
    read_base(lag, now_ms);
  if (own < warn_ms)
    return 0;
  lag->log_ms = now_ms;
  return own;
}
