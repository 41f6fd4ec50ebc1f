/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <peal/kit_child.h>

enum { WAIT_TRIES = 50, WAIT_MS = 20, MAX_ARGS = 16 };

extern char **environ;

/* The environment with the key. *block is to be freed. */
static char **environ_with(const char *key, void **block) {
  static const char name[] = "PEAL_DEVICE_KEY=";
  size_t count = 0, kept = 0;
  while (environ[count] != NULL)
    count++;
  size_t text = sizeof name + strlen(key);
  char **out = malloc((count + 2) * sizeof *out + text);
  *block = out;
  if (out == NULL)
    return NULL;
  char *entry = (char *)(out + count + 2);
  snprintf(entry, text, "%s%s", name, key);
  for (size_t i = 0; i < count; i++)
    if (strncmp(environ[i], name, sizeof name - 1) != 0)
      out[kept++] = environ[i];
  out[kept++] = entry;
  out[kept] = NULL;
  return out;
}

void peal_kit_child_url(const peal_kit *h, char out[PEAL_KIT_CHILD_URL_BYTES]) {
  const char *host = h->conf.host;
  bool is_all =
      host == NULL || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
  bool is_v6 = !is_all && strchr(host, ':') != NULL;
  snprintf(out, PEAL_KIT_CHILD_URL_BYTES, "%s://%s%s%s:%u",
           h->tls != NULL ? "https" : "http", is_v6 ? "[" : "",
           is_all ? "127.0.0.1" : host, is_v6 ? "]" : "",
           peal_http_server_port(h->http));
}

static int spawn(peal_kit_child *child, const char *program,
                 const char *const *args, char **env) {
  char parent[48];
  const char *all[MAX_ARGS + 3];
  char *argv[sizeof all / sizeof *all];
  size_t count = 0;
  all[count++] = program;
  while (count <= MAX_ARGS && args[count - 1] != NULL) {
    all[count] = args[count - 1];
    count++;
  }
  snprintf(parent, sizeof parent, "--die-with-parent=%ld", (long)getpid());
  all[count++] = parent;
  all[count++] = NULL;
  memcpy(argv, all, count * sizeof *all); // posix_spawn wants them not const
  pid_t pid = 0;
  int err = posix_spawn(&pid, program, NULL, NULL, argv, env);
  child->pid = err == 0 ? (int)pid : 0;
  return err;
}

bool peal_kit_child_start(peal_kit_child *child, peal_kit *h, const char *name,
                          const char *const *args, const char *key) {
  char program[4096];
  void *block = NULL;
  char **env = environ_with(key, &block);
  int err = ENOENT;
  child->name = name;
  if (peal_kit_places_sibling(program, sizeof program, name))
    err = env != NULL ? spawn(child, program, args, env) : ENOMEM;
  free(block);
  if (err != 0)
    peal_kit_log(h, PEAL_LOG_ERROR, "child", "%s beside this program: %s", name,
                 strerror(err));
  return err == 0;
}

void peal_kit_child_check(peal_kit_child *child, peal_kit *h) {
  int status;
  if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
    return;
  child->pid = 0;
  peal_kit_log(h, PEAL_LOG_WARN, "child", "%s has ended", child->name);
}

void peal_kit_child_stop(peal_kit_child *child) {
  if (child->pid > 0)
    kill(child->pid, SIGTERM);
}

void peal_kit_child_wait(peal_kit_child *child) {
  for (int i = 0; i < WAIT_TRIES && child->pid > 0; i++) {
    pid_t gone = waitpid(child->pid, NULL, WNOHANG);
    if (gone == child->pid || (gone < 0 && errno != EINTR))
      child->pid = 0;
    else
      nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
  }
  if (child->pid <= 0)
    return;
  kill(child->pid, SIGKILL);
  waitpid(child->pid, NULL, 0);
  child->pid = 0;
}

bool peal_kit_child_follow(const peal_config *config) {
  int64_t parent = peal_config_int(config, "die-with-parent");
  return parent == 0 ||
         (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == (pid_t)parent);
}
