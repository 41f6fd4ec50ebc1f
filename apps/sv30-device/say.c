/* SPDX-License-Identifier: MIT */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include <unistd.h>

/* One write for each line: threads do not mix theirs, and a pipe that nobody
 * reads any more is no reason to end. */
void say(const char *format, ...) {
  char line[1024];
  int len = snprintf(line, sizeof line, "[SOCKETIO] ");
  va_list args;
  va_start(args, format);
  int more = vsnprintf(line + len, sizeof line - (size_t)len - 1, format, args);
  va_end(args);
  int room = (int)sizeof line - len - 2;
  len += more < room ? more : room;
  for (int i = 0; i < len; i++) // what a backend says ends no line
    if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
      line[i] = ' ';
  line[len] = '\n';
  ssize_t written = write(STDOUT_FILENO, line, (size_t)len + 1);
  (void)written;
}
