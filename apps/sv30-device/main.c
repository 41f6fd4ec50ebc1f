/* SPDX-License-Identifier: MIT */
/* peal-sv30-device: takes what a measuring pipeline finds out about a settling
 * sludge to a dashboard's backend, whatever happens between. */
#include <stdio.h>

#include "halt.h"
#include "options.h"
#include "simulation.h"
#include "watch.h"

static int run(const options *opts) {
  if (opts->self_test)
    return simulation_self_test(opts);
  if (opts->simulate)
    return simulation_run(opts);
  return opts->once ? watch_once(opts) : watch_run(opts);
}

int main(int argc, char **argv) {
  int code;
  options opts;
  peal_config *config = peal_config_new(
      &(peal_config_opts){
          .program = "sv30-device",
          .summary = "brings results of sludge settling tests to a backend",
          .env_prefix = "SOCKETIO",
          .keys = options_keys,
          .key_count = options_key_count},
      argc, argv, &code);
  if (config == NULL)
    return code;
  code = 1;
  if (!halt_watch())
    perror("sv30-device");
  else if (options_read(&opts, config))
    code = run(&opts);
  peal_config_free(config);
  return code;
}
