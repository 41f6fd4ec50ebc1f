/* SPDX-License-Identifier: MIT */
/* cli_emit: `peal emit` and `peal call`: sends an event, and waits for its
 * acknowledgement if that is wanted. */
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "cli_command.h"
#include "cli_redis.h"
#include "cli_runs.h"
#include "cli_say.h"
#include "cli_session.h"

enum { ANSWER_MS = 10000, SEND_MS = 30000 };

typedef struct emission {
  cli_session session;
  peal_args args;
  bool is_call, wants_ack, has_begun;
  uint32_t waiting; /* acknowledgements */
} emission;

static bool is_bytes(peal_args args) {
  return args.count == 1 && peal_val_is(args.items[0], PEAL_BINARY) &&
         !isatty(STDOUT_FILENO);
}

/* call: the value alone. */
static void print_answer(emission *e, peal_args args) {
  if (is_bytes(args) && !e->session.opts->json) {
    peal_slice bytes = peal_val_binary(args.items[0]);
    fwrite(bytes.ptr, 1, bytes.len, stdout);
    return;
  }
  cli_out_value(&e->session.out, args.count == 1
                                     ? args.items[0]
                                     : peal_array(args.items, args.count));
}

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  emission *e = user;
  if (nsp == NULL || e->session.is_over)
    return;
  cli_packet packet = {
      .what = "ack", .args = args, .nsp = peal_client_nsp_name(nsp)};
  if (err != PEAL_OK) {
    cli_say(e->session.opts->command->name, "no acknowledgement: %s",
            peal_err_message(err));
    cli_session_end(&e->session,
                    err == PEAL_ERR_TIMEOUT ? CLI_TIMEOUT : CLI_FAILED);
    return;
  }
  cli_out_trace_packet(&e->session.out, "<", &packet);
  if (e->is_call)
    print_answer(e, args);
  else
    cli_out_packet(&e->session.out, &packet);
  if (--e->waiting == 0)
    cli_session_end(&e->session, CLI_OK);
}

static peal_err emit(emission *e) {
  const char *event = e->session.opts->words[1];
  if (!e->wants_ack)
    return peal_client_emit(e->session.nsp, event, e->args);
  peal_err err =
      peal_client_emit_ack(e->session.nsp, NULL, event, e->args, on_ack, e);
  if (err == PEAL_OK)
    e->waiting++;
  return err;
}

static void on_ready(cli_session *session) {
  emission *e = session->user;
  if (e->has_begun)
    return;
  e->has_begun = true;
  uint32_t count = session->opts->count != 0 ? session->opts->count : 1;
  peal_err err = PEAL_OK;
  for (uint32_t i = 0; i < count && err == PEAL_OK; i++)
    err = emit(e);
  if (err != PEAL_OK) {
    cli_say(session->opts->command->name, "%s", peal_err_message(err));
    cli_session_end(session, peal_err_class_of(err) == PEAL_CLASS_USAGE ||
                                     err == PEAL_ERR_DEPTH
                                 ? CLI_USAGE
                                 : CLI_FAILED);
  } else if (!e->wants_ack) {
    cli_session_settle(session, CLI_OK);
  }
}

cli_exit cli_emit_run(const cli_opts *opts) {
  if (opts->redis != NULL)
    return cli_redis_run(opts);
  static emission e;
  e.is_call = opts->command->bit == CLI_CALL;
  e.wants_ack = e.is_call || opts->wants_ack;
  cli_exit code =
      cli_session_init(&e.session, opts, &(cli_session_rules){.is_once = true});
  e.session.user = &e;
  e.session.on_ready = on_ready;
  if (code == CLI_OK)
    code = cli_session_values(&e.session, 2, &e.args);
  if (code == CLI_OK) {
    cli_session_limit(&e.session, opts->timeout_ms != 0 ? opts->timeout_ms
                                  : e.wants_ack         ? ANSWER_MS
                                                        : SEND_MS);
    code = cli_session_run(&e.session);
    if (code == CLI_OK && !e.session.is_over) // a signal came first
      code = CLI_FAILED;
    if (code == CLI_TIMEOUT)
      cli_say(opts->command->name, "no acknowledgement in time");
  }
  cli_session_deinit(&e.session);
  return code;
}
