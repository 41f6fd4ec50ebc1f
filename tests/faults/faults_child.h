/* SPDX-License-Identifier: MIT */
#pragma once
/* faults_child: an HTTP server in a process of its own, so that its memory,
 * its descriptors and its processor time can be limited and measured. */
#include <signal.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../unit/http/http_fixture.h"

typedef struct faults_child {
  pid_t pid;
  unsigned port;
  int log; /* its lines, one byte for each, by level */
} faults_child;

static int faults_log_fd = -1;

static inline void faults_on_log(const peal_log_record *record, void *user) {
  char level = record->level == PEAL_LOG_ERROR  ? 'E'
               : record->level == PEAL_LOG_WARN ? 'W'
                                                : 'i';
  (void)user;
  if (write(faults_log_fd, &level, 1) != 1)
    abort();
}

/* Make the server in the child: mount, and change the options if needed. */
typedef void (*faults_mount_fn)(http_fixture *it);

static inline void faults_main(const peal_http_server_opts *opts,
                               faults_mount_fn mount, unsigned files,
                               int port_fd) {
  http_fixture it = {.server = NULL};
  peal_http_server_opts mine = *opts;
  mine.log = (peal_log_opts){.fn = faults_on_log};
  if (peal_http_server_new(&it.server, &mine))
    _exit(2);
  mount(&it);
  it.port = peal_http_server_port(it.server);
  if (files) {
    const struct rlimit limit = {files, files};
    if (setrlimit(RLIMIT_NOFILE, &limit))
      _exit(3);
  }
  if (write(port_fd, &it.port, sizeof(it.port)) != sizeof(it.port))
    _exit(4);
  close(port_fd);
  int result = peal_http_server_run(it.server);
  peal_http_server_free(it.server);
  /* exit, not _exit: the leak checker shall look. */
  exit(result);
}

/* `files`: its limit of descriptors; 0: as it is. */
static inline faults_child faults_start(const peal_http_server_opts *opts,
                                        faults_mount_fn mount, unsigned files) {
  int port[2], log[2];
  faults_child child = {0};
  assert_int_equal(pipe(port), 0);
  assert_int_equal(pipe(log), 0);
  child.pid = fork();
  assert_true(child.pid >= 0);
  if (child.pid == 0) {
    /* A test that fails leaves nobody behind. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(port[0]);
    close(log[0]);
    faults_log_fd = log[1];
    faults_main(opts, mount, files, port[1]);
  }
  close(port[1]);
  close(log[1]);
  child.log = log[0];
  assert_int_equal(read(port[0], &child.port, sizeof(child.port)),
                   sizeof(child.port));
  close(port[0]);
  return child;
}

/* Stop it and demand that it ends well. Returns its processor time in
 * milliseconds; *errors is how many lines of level error it logged. */
static inline unsigned long faults_stop(faults_child *child, int *errors) {
  int status = 0;
  struct rusage usage;
  char level;
  kill(child->pid, SIGTERM);
  assert_int_equal(wait4(child->pid, &status, 0, &usage), child->pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  int count = 0;
  while (read(child->log, &level, 1) == 1)
    count += level == 'E';
  close(child->log);
  if (errors)
    *errors = count;
  return (unsigned long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
         (unsigned long)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
             1000;
}

/* Resident memory in KiB. */
static inline long faults_memory(const faults_child *child) {
  char path[64], line[256];
  long kib = -1;
  snprintf(path, sizeof(path), "/proc/%d/status", (int)child->pid);
  FILE *status = fopen(path, "r");
  assert_non_null(status);
  while (fgets(line, sizeof(line), status))
    if (sscanf(line, "VmRSS: %ld", &kib) == 1)
      break;
  fclose(status);
  return kib;
}

/* As many descriptors for ourselves as we may have. */
static inline void faults_many_files(void) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static inline bool faults_sanitized(void) {
  const char *name = getenv("PEAL_SANITIZE");
  return name && *name;
}

/* Answered within `ms`? (Sanitizers take their share.) */
static inline void faults_expect_quick(unsigned port, uint64_t ms) {
  if (faults_sanitized())
    ms *= 8;
  uint64_t began = uv_hrtime();
  http_expect(port, HTTP_GET("/quick"), 200, "/quick");
  assert_in_range((uv_hrtime() - began) / 1000000, 0, ms);
}
