/* SPDX-License-Identifier: MIT */
/* source_json: a pose estimator outside: a command whose output is read, or a
 * FIFO, a socket, a file that somebody else writes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lines.h"
#include "shot_line.h"
#include "source_watch.h"

extern char **environ;

enum { CHUNK = 65536, GRACE_STEPS = 100, GRACE_STEP_MS = 5 };

typedef struct estimator {
  char *path, *command; /* one of them */
  int fd;
  pid_t child; /* 0: none */
  lines text;
  bool is_file; /* paced, and begins again at its end */
  bool any;     /* a frame was read from the file in this round */
  uint64_t due_ms;
  uint32_t step_ms;
} estimator;

static bool lost_errno(char *reason, const char *what) {
  snprintf(reason, SOURCE_REASON, "%s: %s", what, strerror(errno));
  return false;
}

/* -- a command ------------------------------------------------------------ */

static int spawn(estimator *e, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t none, usual;
  char *const words[] = {"sh", "-c", e->command, NULL};
  sigemptyset(&none);
  sigfillset(&usual);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY,
                                   0);
  posix_spawnattr_init(&how);
  // a group of its own, so that all it starts can be ended; signals as usual,
  // which this thread blocks and the program may ignore
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP |
                                     POSIX_SPAWN_SETSIGMASK |
                                     POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&how, 0);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setsigdefault(&how, &usual);
  int err = posix_spawn(&e->child, "/bin/sh", &files, &how, words, environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  return err;
}

static bool start(estimator *e, char *reason) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return lost_errno(reason, "the estimator cannot be started");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  int err = spawn(e, ends[1]);
  close(ends[1]);
  if (err == 0) {
    e->fd = ends[0];
    return true;
  }
  close(ends[0]);
  e->child = 0;
  errno = err;
  return lost_errno(reason, "the estimator cannot be started");
}

static bool has_ended(pid_t child, int *status) {
  return waitpid(child, status, WNOHANG) != 0;
}

/* Ask it to end, and make it if it does not. */
static void stop(estimator *e) {
  const struct timespec pause = {0, GRACE_STEP_MS * 1000000L};
  int status = 0;
  if (!has_ended(e->child, &status)) {
    kill(-e->child, SIGTERM);
    for (int i = 0; i < GRACE_STEPS; i++) {
      nanosleep(&pause, NULL);
      if (has_ended(e->child, &status))
        break;
    }
  }
  // what it has started and left behind
  kill(-e->child, SIGKILL);
  while (waitpid(e->child, &status, 0) < 0 && errno == EINTR)
    continue;
  e->child = 0;
}

/* -- a path --------------------------------------------------------------- */

static bool connect_to(estimator *e, char *reason) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(e->path) >= sizeof address.sun_path) {
    snprintf(reason, SOURCE_REASON, "the path of the socket is too long");
    return false;
  }
  memcpy(address.sun_path, e->path, strlen(e->path));
  e->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (e->fd >= 0 &&
      connect(e->fd, (const struct sockaddr *)&address, sizeof address) == 0)
    return true;
  lost_errno(reason, "the estimator's socket");
  if (e->fd >= 0)
    close(e->fd);
  e->fd = -1;
  return false;
}

static bool open_path(estimator *e, char *reason) {
  struct stat about;
  if (stat(e->path, &about) != 0)
    return lost_errno(reason, "the estimator's output");
  if (S_ISSOCK(about.st_mode))
    return connect_to(e, reason);
  if (!S_ISFIFO(about.st_mode) && !S_ISREG(about.st_mode)) {
    snprintf(reason, SOURCE_REASON,
             "the estimator's output is no FIFO, socket or file");
    return false;
  }
  // with an end to write held, a FIFO lives on when its writer goes
  int how = S_ISFIFO(about.st_mode) ? O_RDWR : O_RDONLY;
  e->is_file = S_ISREG(about.st_mode);
  e->fd = open(e->path, how | O_NONBLOCK | O_CLOEXEC);
  return e->fd >= 0 || lost_errno(reason, "the estimator's output");
}

/* -- the driver ----------------------------------------------------------- */

static bool estimator_open(void *self, char *reason) {
  estimator *e = self;
  e->any = false;
  e->due_ms = source_now_ms();
  return e->command != NULL ? start(e, reason) : open_path(e, reason);
}

static void estimator_close(void *self) {
  estimator *e = self;
  // who writes on is told by the closed pipe
  close(e->fd);
  e->fd = -1;
  if (e->child > 0)
    stop(e);
  lines_deinit(&e->text);
}

/* Lines that came while the last one was worked on are late: the last of them is
 * shown. A file is shown line by line. */
static source_word read_lines(estimator *e, source_shot *out, char *reason) {
  source_word word = SOURCE_NOTHING;
  const char *why = "";
  peal_slice line;
  uint64_t spoilt = e->text.spoilt;
  while (lines_next(&e->text, &line)) {
    source_shot shot;
    if (!shot_line_read(&shot, line, &why)) {
      snprintf(reason, SOURCE_REASON, "%s", why);
      peal_bytes_unref(shot.jpeg);
      if (word == SOURCE_NOTHING)
        word = SOURCE_SPOILT;
      continue;
    }
    peal_bytes_unref(out->jpeg);
    *out = shot;
    word = SOURCE_SHOT;
    if (e->is_file)
      return word;
  }
  if (word != SOURCE_NOTHING || e->text.spoilt == spoilt)
    return word;
  snprintf(reason, SOURCE_REASON, "a line of the estimator is too long");
  return SOURCE_SPOILT;
}

static source_word at_end(estimator *e, char *reason) {
  if (e->is_file && e->any && lseek(e->fd, 0, SEEK_SET) == 0) {
    e->any = false;
    lines_deinit(&e->text);
    return SOURCE_NOTHING;
  }
  snprintf(reason, SOURCE_REASON, "%s",
           e->is_file ? "there is no frame in the file"
                      : "the estimator has ended");
  return SOURCE_LOST;
}

/* SOURCE_SHOT: something was read. */
static source_word read_more(estimator *e, char *reason) {
  char chunk[CHUNK];
  ssize_t got = read(e->fd, chunk, sizeof chunk);
  if (got == 0)
    return at_end(e, reason);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR)
      return SOURCE_NOTHING;
    lost_errno(reason, "the estimator's output");
    return SOURCE_LOST;
  }
  peal_slice bytes = {chunk, (size_t)got};
  return lines_feed(&e->text, bytes) == PEAL_OK ? SOURCE_SHOT : SOURCE_NOTHING;
}

static source_word next_of_stream(estimator *e, source_shot *out, int wake,
                                  uint32_t wait_ms, char *reason) {
  if (source_wait(e->fd, wake, wait_ms) != SOURCE_WAIT_READY)
    return SOURCE_NOTHING;
  source_word word = read_more(e, reason);
  return word == SOURCE_SHOT ? read_lines(e, out, reason) : word;
}

static source_word next_of_file(estimator *e, source_shot *out, int wake,
                                uint32_t wait_ms, char *reason) {
  uint64_t now_ms = source_now_ms();
  if (now_ms < e->due_ms) {
    uint64_t left_ms = e->due_ms - now_ms;
    source_wait(-1, wake, left_ms < wait_ms ? (uint32_t)left_ms : wait_ms);
    return SOURCE_NOTHING;
  }
  source_word word = read_lines(e, out, reason);
  if (word == SOURCE_NOTHING) {
    word = read_more(e, reason);
    return word == SOURCE_SHOT ? SOURCE_NOTHING : word;
  }
  e->any |= word == SOURCE_SHOT;
  // what was recorded says another time
  out->captured_at = 0;
  e->due_ms = now_ms + e->step_ms;
  return word;
}

static source_word estimator_next(void *self, source_shot *out, int wake,
                                  uint32_t wait_ms, char *reason) {
  estimator *e = self;
  return e->is_file ? next_of_file(e, out, wake, wait_ms, reason)
                    : next_of_stream(e, out, wake, wait_ms, reason);
}

static void estimator_free(void *self) {
  estimator *e = self;
  free(e->path);
  free(e->command);
  free(e);
}

source_eyes source_json_new(const source_opts *opts) {
  static const source_driver driver = {estimator_open, estimator_next,
                                       estimator_close, estimator_free};
  source_eyes eyes = {&driver, NULL};
  const char *text = opts->command != NULL ? opts->command : opts->path;
  estimator *e = calloc(1, sizeof *e);
  char *copy = strdup(text);
  if (e == NULL || copy == NULL) {
    free(e);
    free(copy);
    return eyes;
  }
  *(opts->command != NULL ? &e->command : &e->path) = copy;
  e->fd = -1;
  e->step_ms = 1000 / opts->fps;
  eyes.self = e;
  return eyes;
}
