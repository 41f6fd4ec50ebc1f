/* SPDX-License-Identifier: MIT */
/* cli_redis: `peal emit --redis`: an event to the clients of a cluster, by way
 * of the Redis that its servers share. */
#include "cli_redis.h"

#include <string.h>

#include "cli_command.h"
#include "cli_out.h"
#include "cli_say.h"
#include "cli_value.h"

#if CLI_HAVE_CLUSTER
#include <peal/emitter.h>

enum { SEND_MS = 10000 };

typedef struct dialect_name {
  const char *name;
  peal_emitter_dialect dialect;
  peal_emitter_rooms rooms;
} dialect_name;

static const dialect_name dialects[] = {
    {"node", PEAL_EMITTER_CLASSIC, PEAL_EMITTER_DYNAMIC},
    {"sharded", PEAL_EMITTER_SHARDED, PEAL_EMITTER_DYNAMIC},
    {"sharded-static", PEAL_EMITTER_SHARDED, PEAL_EMITTER_STATIC},
    {"sharded-private", PEAL_EMITTER_SHARDED, PEAL_EMITTER_DYNAMIC_PRIVATE},
    {"streams", PEAL_EMITTER_STREAMS, PEAL_EMITTER_DYNAMIC},
    {"python", PEAL_EMITTER_PYTHON, PEAL_EMITTER_DYNAMIC},
};

/* One of them: the option's choices are these. */
static const dialect_name *dialect_of(const cli_opts *opts) {
  size_t at = 0;
  while (opts->dialect && strcmp(dialects[at].name, opts->dialect) != 0)
    at++;
  return &dialects[at];
}

static cli_exit code_of(peal_err err) {
  if (err == PEAL_ERR_TIMEOUT)
    return CLI_TIMEOUT;
  if (err == PEAL_ERR_CLOSED)
    return CLI_OFFLINE;
  return peal_err_class_of(err) == PEAL_CLASS_USAGE || err == PEAL_ERR_DEPTH
             ? CLI_USAGE
             : CLI_FAILED;
}

static void on_problem(peal_emitter *emitter,
                       const peal_emitter_problem *problem, void *user) {
  const cli_opts *opts = user;
  (void)emitter;
  if (problem->err != PEAL_OK && !opts->quiet)
    cli_say(opts->command->name, "%s", problem->text);
}

static cli_exit make(peal_emitter **out, const cli_opts *opts) {
  const dialect_name *dialect = dialect_of(opts);
  bool is_python = dialect->dialect == PEAL_EMITTER_PYTHON;
  bool is_streams = dialect->dialect == PEAL_EMITTER_STREAMS;
  peal_emitter_problem why;
  const peal_emitter_opts made = {
      .url = *opts->redis != '\0' ? opts->redis : NULL,
      .dialect = dialect->dialect,
      .rooms = dialect->rooms,
      .channel = is_python ? opts->channel : NULL,
      .stream = is_streams ? opts->channel : NULL,
      .prefix = is_python || is_streams ? NULL : opts->channel,
      .no_wait = !opts->retry,
      .ca_file = opts->ca_file,
      .tls_insecure = opts->insecure,
      .on_problem = on_problem,
      .user = (void *)(uintptr_t)opts};
  peal_err err = peal_emitter_new(out, &made, &why);
  if (err == PEAL_OK)
    return CLI_OK;
  cli_say(opts->command->name, "--redis: %s", why.text);
  return err == PEAL_ERR_TLS ? CLI_FILE : CLI_USAGE;
}

static peal_names names_of(const cli_list *list, peal_slice *out) {
  for (size_t i = 0; i < list->count; i++)
    out[i] = peal_slice_of(list->items[i]);
  return (peal_names){list->count > 0 ? out : NULL, list->count};
}

static peal_err emit_all(peal_emitter *emitter, const cli_opts *opts,
                         peal_args args) {
  peal_slice rooms[CLI_LIST_MAX], except[CLI_LIST_MAX];
  const peal_to to = {.room_names = names_of(&opts->rooms, rooms),
                      .except_names = names_of(&opts->except, except)};
  uint32_t limit = opts->timeout_ms != 0 ? opts->timeout_ms : SEND_MS;
  uint32_t count = opts->count != 0 ? opts->count : 1;
  peal_err err = PEAL_OK;
  for (uint32_t i = 0; i < count && err == PEAL_OK; i++) {
    err = peal_emitter_emit(emitter, opts->nsp, &to, opts->words[0], args);
    if (err == PEAL_ERR_QUEUE_FULL &&
        (err = peal_emitter_flush(emitter, limit)) == PEAL_OK)
      err = peal_emitter_emit(emitter, opts->nsp, &to, opts->words[0], args);
  }
  /* What was emitted before an error has a right to arrive, too. */
  peal_err flushed = peal_emitter_flush(emitter, limit);
  return err != PEAL_OK ? err : flushed;
}

static cli_exit emit(const cli_opts *opts, peal_args args) {
  peal_emitter *emitter = NULL;
  peal_emitter_stats stats;
  cli_exit code = make(&emitter, opts);
  if (code != CLI_OK)
    return code;
  peal_err err = emit_all(emitter, opts, args);
  peal_emitter_stats_get(emitter, &stats);
  peal_emitter_free(emitter);
  if (err != PEAL_OK && err != PEAL_ERR_CLOSED && err != PEAL_ERR_REFUSED)
    cli_say(opts->command->name, "%s", peal_err_message(err));
  if (err == PEAL_OK && stats.unheard > 0 && !opts->quiet)
    cli_say(opts->command->name, "sent, but no server listens to it there");
  return err == PEAL_OK ? CLI_OK : code_of(err);
}

#else

static cli_exit emit(const cli_opts *opts, peal_args args) {
  (void)args;
  cli_say(opts->command->name, "--redis: this peal was built without hiredis");
  return CLI_FAILED;
}

#endif

cli_exit cli_redis_run(const cli_opts *opts) {
  peal_args args;
  if (opts->wants_ack) {
    cli_say(opts->command->name, "--ack: nobody answers by way of Redis");
    return CLI_USAGE;
  }
  peal_build *build = peal_build_new();
  const cli_value_rules rules = {.command = opts->command->name,
                                 .is_binary = opts->is_binary,
                                 .is_string = opts->is_string};
  cli_exit code = cli_value_words(build, &rules, opts->words + 1,
                                  opts->word_count - 1, &args);
  if (code == CLI_OK)
    code = emit(opts, args);
  peal_build_free(build);
  return code;
}
