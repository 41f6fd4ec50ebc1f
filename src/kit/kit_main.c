/* SPDX-License-Identifier: MIT */
/* kit_main: the whole life of an application, from its command line to its exit
 * code. */
#include <peal/kit_program.h>

/* Errors of setting up have no line of their own in the log: their words are
 * for who writes the application. */
static bool add_routes(peal_kit *kit) {
  peal_err err = peal_kit_routes(kit);
  if (err == PEAL_OK)
    return true;
  peal_kit_log(kit, PEAL_LOG_ERROR, "main", "the routes were not made: %s",
               peal_err_message(err));
  return false;
}

static bool make(peal_kit *kit, const peal_kit_turns *turns) {
  return peal_kit_open(kit) &&
         (turns->on_open == NULL || turns->on_open(turns->user)) &&
         peal_kit_faces(kit) &&
         (turns->on_make == NULL || turns->on_make(turns->user)) &&
         add_routes(kit);
}

static int serve(peal_kit *kit, const peal_kit_turns *turns) {
  int code = 1;
  if (make(kit, turns)) {
    code = peal_kit_run(kit, turns);
    if (turns->on_ended != NULL)
      turns->on_ended(turns->user);
    peal_kit_log(kit, PEAL_LOG_INFO, "main", "stopped");
  }
  peal_kit_close(kit);
  if (turns->on_free != NULL)
    turns->on_free(turns->user);
  peal_kit_deinit(kit);
  return code;
}

/* Something else than to serve: a key of a device, or what is the
 * application's. */
static bool do_command(peal_kit *kit, const peal_kit_turns *turns, int *code) {
  return (turns->on_command != NULL && turns->on_command(code, turns->user)) ||
         peal_kit_manage(kit, code);
}

static size_t count_keys(const peal_config_key *keys) {
  size_t count = 0;
  while (keys != NULL && keys[count].name != NULL)
    count++;
  return count;
}

int peal_kit_main(peal_kit *kit, const peal_kit_about *about,
                  const peal_kit_turns *turns, int argc, char **argv) {
  static const peal_kit_turns none;
  int code = 1;
  if (turns == NULL)
    turns = &none;
  if (peal_kit_conf_read(kit, about, about->keys, count_keys(about->keys), argc,
                         argv, &code)) {
    code = 1;
    if ((turns->on_read == NULL ||
         turns->on_read(kit->conf.config, turns->user)) &&
        !do_command(kit, turns, &code))
      code = serve(kit, turns);
  }
  peal_kit_conf_deinit(&kit->conf);
  return code;
}
