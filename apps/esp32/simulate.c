/* SPDX-License-Identifier: MIT */
#include "simulate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <peal/kit.h>

enum { WAIT_TRIES = 50, WAIT_MS = 20 };

extern char **environ;

/* The environment with the key, which must not stand in the arguments: they
 * are visible to everyone. *block is to be freed. */
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

static int spawn(simulate *sim, const char *program, const dash *app,
                 char **env) {
  const char *host = app->house.conf.host;
  bool is_all =
      host == NULL || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
  bool is_v6 = !is_all && strchr(host, ':') != NULL;
  char url[300], devices[16], parent[48];
  snprintf(url, sizeof url, "http://%s%s%s:%u", is_v6 ? "[" : "",
           is_all ? "127.0.0.1" : host, is_v6 ? "]" : "",
           peal_http_server_port(app->house.http));
  snprintf(devices, sizeof devices, "%u", app->conf.simulate);
  snprintf(parent, sizeof parent, "--die-with-parent=%ld", (long)getpid());
  const char *const argv[] = {program, "--url",   url,    "--devices",
                              devices, "--quiet", parent, NULL};
  char *args[sizeof argv / sizeof *argv];
  memcpy(args, argv, sizeof argv);
  pid_t pid = 0;
  int err = posix_spawn(&pid, program, NULL, NULL, args, env);
  sim->pid = err == 0 ? (int)pid : 0;
  return err;
}

void simulate_start(simulate *sim, dash *app) {
  if (app->conf.simulate == 0)
    return;
  char program[4096];
  const char *key = peal_kit_device_keys_for_simulation(app->house.keys);
  void *block = NULL;
  char **env = key != NULL ? environ_with(key, &block) : NULL;
  int err = ENOENT;
  if (peal_kit_places_sibling(program, sizeof program, "peal-esp32-sim"))
    err = env != NULL ? spawn(sim, program, app, env) : ENOMEM;
  free(block);
  if (err != 0)
    peal_kit_log(&app->house, PEAL_LOG_ERROR, "simulate",
                 "no simulated devices: peal-esp32-sim beside this program: %s",
                 strerror(err));
  else
    peal_kit_log(&app->house, PEAL_LOG_INFO, "simulate", "%u simulated devices",
                 app->conf.simulate);
}

void simulate_check(simulate *sim, dash *app) {
  int status;
  if (sim->pid == 0 || waitpid(sim->pid, &status, WNOHANG) != sim->pid)
    return;
  sim->pid = 0;
  peal_kit_log(&app->house, PEAL_LOG_WARN, "simulate",
               "the simulated devices have ended");
}

void simulate_stop(simulate *sim) {
  if (sim->pid > 0)
    kill(sim->pid, SIGTERM);
}

void simulate_wait(simulate *sim) {
  for (int i = 0; i < WAIT_TRIES && sim->pid > 0; i++) {
    pid_t gone = waitpid(sim->pid, NULL, WNOHANG);
    if (gone == sim->pid || (gone < 0 && errno != EINTR))
      sim->pid = 0;
    else
      nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
  }
  if (sim->pid <= 0)
    return;
  kill(sim->pid, SIGKILL);
  waitpid(sim->pid, NULL, 0);
  sim->pid = 0;
}
