/* SPDX-License-Identifier: MIT */
#include "demo.h"

#include <stdio.h>
#include <string.h>

enum { PASSWORD_RANDOM = 16 };

static const char account[] = "SIM.doctor";

bool demo_prepare(hospital *app) {
  char path[4096], *secret = NULL;
  int64_t id = 0;
  if (app->conf.simulate == 0)
    return true;
  snprintf(path, sizeof path, "%s/sim.password", app->house.conf.data_dir);
  if (peal_config_secret(&secret, path, PASSWORD_RANDOM, NULL, NULL) !=
      PEAL_OK) {
    fprintf(stderr, "peal-hospital: %s cannot be used\n", path);
    return false;
  }
  snprintf(app->demo_password, sizeof app->demo_password, "%s", secret);
  peal_config_secret_free(secret);
  peal_err err =
      peal_kit_people_id_sync(app->house.store, peal_slice_of(account), &id);
  if (err == PEAL_OK && id == 0)
    err = peal_kit_people_add_sync(app->people, peal_slice_of(account),
                                   peal_slice_of(app->demo_password),
                                   HOSPITAL_DOCTOR, &id);
  return err == PEAL_OK;
}

void demo_start(hospital *app) {
  if (app->conf.simulate == 0)
    return;
  char url[PEAL_KIT_CHILD_URL_BYTES], count[16];
  peal_kit_child_url(&app->house, url);
  snprintf(count, sizeof count, "%u", app->conf.simulate);
  const char *const args[] = {"--url",  url,     "--wards", count,
                              "--user", account, "--quiet", NULL};
  if (peal_kit_child_start(&app->demo, &app->house, "peal-hospital-sim", args,
                           app->demo_password))
    peal_kit_log(&app->house, PEAL_LOG_INFO, "demo", "%u simulated wards",
                 app->conf.simulate);
}

void demo_check(hospital *app) {
  peal_kit_child_check(&app->demo, &app->house);
}

void demo_stop(hospital *app) {
  peal_kit_child_stop(&app->demo);
}

void demo_wait(hospital *app) {
  peal_kit_child_wait(&app->demo);
}
