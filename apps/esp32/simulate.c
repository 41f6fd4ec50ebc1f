/* SPDX-License-Identifier: MIT */
#include "simulate.h"

#include <stdio.h>

void simulate_start(peal_kit_child *sim, dash *app) {
  if (app->conf.simulate == 0)
    return;
  const char *key = peal_kit_device_keys_for_simulation(app->house.keys);
  char url[PEAL_KIT_CHILD_URL_BYTES], devices[16];
  peal_kit_child_url(&app->house, url);
  snprintf(devices, sizeof devices, "%u", app->conf.simulate);
  const char *const args[] = {"--url", url,       "--devices",
                              devices, "--quiet", NULL};
  if (key == NULL)
    peal_kit_log(&app->house, PEAL_LOG_ERROR, "simulate",
                 "no simulated devices: there is no random key for them");
  else if (peal_kit_child_start(sim, &app->house, "peal-esp32-sim", args, key))
    peal_kit_log(&app->house, PEAL_LOG_INFO, "simulate", "%u simulated devices",
                 app->conf.simulate);
}
