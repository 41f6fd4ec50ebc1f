/* SPDX-License-Identifier: MIT */
#include "demo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include <peal/kit.h>
#include <peal/kit_people.h>

#include "owner.h"

enum { PASSWORD_RANDOM = 9, PASSWORD_BYTES = 2 * PASSWORD_RANDOM + 1 };

static bool complain(const char *path) {
  fprintf(stderr, "peal-carechat: %s: %s\n", path, strerror(errno));
  return false;
}

static bool read_password(const char *path, char out[PASSWORD_BYTES]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t got = read(fd, out, PASSWORD_BYTES - 1);
  close(fd);
  return got == PASSWORD_BYTES - 1;
}

/* On disk before there is an account with it. */
static bool make_password(const char *path, char out[PASSWORD_BYTES]) {
  uint8_t random[PASSWORD_RANDOM];
  if (!peal_kit_digest_random(random, sizeof random))
    return false;
  peal_kit_digest_hex(out, random, sizeof random);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return complain(path);
  bool is_kept = write(fd, out, PASSWORD_BYTES - 1) == PASSWORD_BYTES - 1 &&
                 write(fd, "\n", 1) == 1 && fsync(fd) == 0;
  close(fd);
  return is_kept || complain(path);
}

static bool make_account(care *app, int64_t *id) {
  char path[4096], password[PASSWORD_BYTES] = "";
  snprintf(path, sizeof path, "%s/demo.password", app->house.conf.data_dir);
  if (!read_password(path, password) && !make_password(path, password))
    return false;
  if (peal_kit_people_add_sync(app->people, PEAL_S("demo"),
                               peal_slice_of(password), 1, id) != PEAL_OK) {
    fputs("peal-carechat: the account demo cannot be made\n", stderr);
    return false;
  }
  return true;
}

bool demo_prepare(care *app) {
  int64_t id = 0;
  if (app->conf.simulate == 0)
    return true;
  if (peal_kit_people_id_sync(app->house.store, PEAL_S("demo"), &id) != PEAL_OK)
    return false;
  if (id == 0 && !make_account(app, &id))
    return false;
  return owner_simulated(app, id, app->conf.simulate, app->demo_key);
}

void demo_start(care *app) {
  if (app->conf.simulate == 0)
    return;
  char url[PEAL_KIT_CHILD_URL_BYTES], count[16];
  peal_kit_child_url(&app->house, url);
  snprintf(count, sizeof count, "%u", app->conf.simulate);
  const char *const args[] = {"--url", url,       "--devices",
                              count,   "--quiet", "--fault-drop",
                              "0.002", NULL};
  printf("peal-carechat: sign in as demo, password in %s/demo.password\n",
         app->house.conf.data_dir);
  fflush(stdout);
  if (peal_kit_child_start(&app->demo, &app->house, "peal-carechat-sim", args,
                           app->demo_key))
    peal_kit_log(&app->house, PEAL_LOG_INFO, "demo", "%u simulated devices",
                 app->conf.simulate);
}

void demo_check(care *app) {
  peal_kit_child_check(&app->demo, &app->house);
}

void demo_stop(care *app) {
  peal_kit_child_stop(&app->demo);
}

void demo_wait(care *app) {
  peal_kit_child_wait(&app->demo);
}
