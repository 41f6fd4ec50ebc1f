/* SPDX-License-Identifier: MIT */
/* An emitter of Peal for the tests of clusters:
 *   peal-cluster-emitter URL MODE [CHANNEL]
 * A line of JSON for each command (../README.md), answered by {} or {error};
 * bytes are {"$bytes": base64}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/emitter.h>

#include "../../client_e2e/driver/driver_values.h"

#define NAMES_MAX 64
#define FLUSH_MS 10000

typedef struct mode_name {
  const char *name;
  peal_emitter_dialect dialect;
  peal_emitter_rooms rooms;
} mode_name;

static const mode_name modes[] = {
    {"classic", PEAL_EMITTER_CLASSIC, PEAL_EMITTER_DYNAMIC},
    {"dynamic", PEAL_EMITTER_SHARDED, PEAL_EMITTER_DYNAMIC},
    {"static", PEAL_EMITTER_SHARDED, PEAL_EMITTER_STATIC},
    {"dynamic-private", PEAL_EMITTER_SHARDED, PEAL_EMITTER_DYNAMIC_PRIVATE},
    {"streams", PEAL_EMITTER_STREAMS, PEAL_EMITTER_DYNAMIC},
    {"python", PEAL_EMITTER_PYTHON, PEAL_EMITTER_DYNAMIC},
    {NULL, PEAL_EMITTER_CLASSIC, PEAL_EMITTER_DYNAMIC},
};

static peal_names names_of(peal_val list, peal_slice *out) {
  if (!peal_val_is(list, PEAL_ARRAY)) {
    return (peal_names){NULL, 0};
  }
  size_t count = list.len < NAMES_MAX ? list.len : NAMES_MAX;
  for (size_t i = 0; i < count; i++) {
    out[i] = peal_val_str(list.as.items[i]);
  }
  return (peal_names){out, count};
}

static peal_err many(peal_emitter *emitter, const char *nsp, const char *event,
                     int64_t count) {
  peal_err err = PEAL_OK;
  for (int64_t i = 0; i < count && !err; i++) {
    err = peal_emitter_emit(emitter, nsp, NULL, event, PEAL_ARGS(peal_int(i)));
  }
  return err;
}

static peal_err act(peal_emitter *emitter, peal_build *build, peal_val c) {
  peal_slice rooms[NAMES_MAX], except[NAMES_MAX];
  peal_val flags = peal_val_get(c, "flags");
  const peal_to to = {
      .room_names = names_of(peal_val_get(c, "to"), rooms),
      .except_names = names_of(peal_val_get(c, "except"), except),
      .is_volatile = peal_val_bool(peal_val_get(flags, "volatile"), false)};
  peal_slice what = peal_val_str(peal_val_get(c, "do"));
  const char *nsp = driver_values_text(build, peal_val_get(c, "nsp"));
  const char *event = driver_values_text(build, peal_val_get(c, "event"));
  const char *room = driver_values_text(build, peal_val_get(c, "room"));
  peal_args args =
      driver_values_args(driver_values_unpack(build, peal_val_get(c, "args")));
  if (peal_slice_is(what, "emit")) {
    return peal_emitter_emit(emitter, nsp, &to, event, args);
  }
  if (peal_slice_is(what, "many")) {
    return many(emitter, nsp, event, peal_val_int(peal_val_get(c, "count"), 0));
  }
  if (peal_slice_is(what, "join")) {
    return peal_emitter_join(emitter, nsp, &to, room);
  }
  if (peal_slice_is(what, "leave")) {
    return peal_emitter_leave(emitter, nsp, &to, room);
  }
  if (peal_slice_is(what, "disconnect")) {
    bool close = peal_val_bool(peal_val_get(c, "close"), false);
    return peal_emitter_disconnect(emitter, nsp, &to, close);
  }
  return peal_slice_is(what, "call")
             ? peal_emitter_server_emit(emitter, nsp, event, args)
             : PEAL_ERR_USAGE;
}

static void answer(peal_emitter *emitter, const char *line) {
  peal_build *build = peal_build_new();
  peal_val command = peal_build_json(build, peal_slice_of(line));
  peal_err err = act(emitter, build, command);
  if (!err) {
    err = peal_emitter_flush(emitter, FLUSH_MS);
  }
  if (err) {
    printf("{\"error\": \"%s\"}\n", peal_err_name(err));
  } else {
    printf("{}\n");
  }
  (void)fflush(stdout);
  peal_build_free(build);
}

int main(int argc, char **argv) {
  peal_emitter *emitter;
  peal_emitter_problem why;
  const mode_name *mode = modes;
  while (argc > 2 && mode->name && strcmp(mode->name, argv[2]) != 0) {
    mode++;
  }
  if (argc < 3 || !mode->name) {
    return 2;
  }
  const peal_emitter_opts opts = {.url = argv[1],
                                  .dialect = mode->dialect,
                                  .rooms = mode->rooms,
                                  .channel = argc > 3 ? argv[3] : NULL};
  if (peal_emitter_new(&emitter, &opts, &why) != PEAL_OK) {
    (void)fprintf(stderr, "%s\n", why.text);
    return 1;
  }
  printf("ready\n");
  (void)fflush(stdout);
  char *line = NULL;
  size_t cap = 0;
  while (getline(&line, &cap, stdin) > 0) {
    answer(emitter, line);
  }
  free(line);
  peal_emitter_free(emitter);
  return 0;
}
