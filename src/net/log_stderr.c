/* SPDX-License-Identifier: MIT */
#include "net/log_stderr.h"

#include <errno.h>

#include <poll.h>
#include <unistd.h>

/* Below 4096: a pipe that poll(2) calls writable takes that much at once, so
 * that the write does not block. */
#define LINE_MAX_BYTES 2048
#define POLL_MS 50u

/* Not by stdio: whoever else writes there would wait for its lock. */
bool peal_log_stderr_write(const peal_log_record *record,
                           peal_log_format format, const atomic_bool *give_up,
                           unsigned patience_ms) {
  char line[LINE_MAX_BYTES];
  size_t len = peal_log_line(line, sizeof(line), record, format);
  for (size_t sent = 0; sent < len;) {
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    unsigned wait_ms = patience_ms < POLL_MS ? patience_ms : POLL_MS;
    if (poll(&room, 1, (int)wait_ms) == 0) {
      if (atomic_load(give_up) || wait_ms == patience_ms)
        return false;
      patience_ms -= wait_ms;
      continue;
    }
    ssize_t more = write(STDERR_FILENO, line + sent, len - sent);
    if (more > 0)
      sent += (size_t)more;
    else if (errno != EINTR && errno != EAGAIN)
      return false;
  }
  return true;
}
