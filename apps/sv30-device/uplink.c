/* SPDX-License-Identifier: MIT */
#include "uplink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <peal/kit_small.h>

#include "keep.h"
#include "say.h"

enum {
  RECONNECT_MS = 1000, /* doubling, with jitter, */
  RECONNECT_MAX_MS = 5000,
  CONNECT_TIMEOUT_MS = 10000,
  REFUSED_MS = 2000, /* a wrong key may be mended there; doubling */
  REFUSED_MAX_MS = 60000,
  RETRY_MAX_MS = 30000
};

/* ---- the connection, told ---------------------------------------------------- */

static void on_connect(peal_client_nsp *nsp, void *user) {
  uplink *up = user;
  atomic_store(&up->is_connected, true);
  atomic_store(&up->was_refused, false);
  say("connected to %s (%s)", up->opts->url, peal_client_id(nsp));
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  uplink *up = user;
  (void)nsp, (void)err;
  atomic_store(&up->is_connected, false);
  say("not connected: %s", peal_client_reason_text(reason));
}

static void on_connect_error(peal_client_nsp *nsp,
                             const peal_client_problem *problem, void *user) {
  uplink *up = user;
  if (!peal_client_is_active(nsp)) {
    atomic_store(&up->was_refused, true);
    say("error: the backend refuses this device: %s", problem->text);
  } else if (!up->was_told || up->opts->is_verbose) {
    say("error: not connected: %s", problem->text);
    up->was_told = true; // an outage is said once, not each five seconds
  }
}

static void on_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  uplink *up = user;
  (void)client;
  if (notice->type == PEAL_CLIENT_OPEN)
    up->was_told = false;
  else if (notice->type == PEAL_CLIENT_RECONNECT_ATTEMPT &&
           (notice->attempt == 1 || up->opts->is_verbose))
    say("connecting to %s (attempt %u)", up->opts->url, notice->attempt);
}

/* ---- the spool ------------------------------------------------------------------ */

/* A result that is wrong will be wrong tomorrow, too: it goes into refused.log,
 * so that those behind it go on. Of a backend that answers nothing, as
 * the oldest do, that it answers is enough. */
static bool is_for_ever(peal_val said) {
  return peal_val_is(peal_val_get(said, "field"), PEAL_STRING);
}

/* For `on_given_up`: one at a time is on its way, so no other answer comes
 * between. */
static void keep_reason(uplink *up, peal_slice message) {
  size_t len = peal_kit_utf8_cut(message, sizeof up->reason - 1);
  if (len > 0)
    memcpy(up->reason, message.ptr, len);
  up->reason[len] = '\0';
}

static peal_outbox_verdict on_answer(peal_slice id, peal_args args,
                                     void *user) {
  uplink *up = user;
  peal_val said = args.count ? args.items[0] : peal_undefined();
  peal_slice message = peal_val_str(peal_val_get(said, "message"));
  peal_slice warning = peal_val_str(peal_val_get(said, "warning"));
  if (peal_slice_is(peal_val_str(peal_val_get(said, "status")), "error")) {
    say("error: %.*s was refused: %.*s", PEAL_SFMT(id), PEAL_SFMT(message));
    if (!is_for_ever(said))
      return PEAL_OUTBOX_AGAIN;
    keep_reason(up, message);
    return PEAL_OUTBOX_GIVE_UP;
  }
  if (warning.len > 0) {
    say("warning of the backend for %.*s: %.*s", PEAL_SFMT(id),
        PEAL_SFMT(warning));
  }
  return PEAL_OUTBOX_DONE;
}

static void on_delivered(peal_outbox *outbox, peal_slice id, void *user) {
  uplink *up = user;
  (void)outbox;
  atomic_fetch_add(&up->delivered, 1);
  say("sent %.*s", PEAL_SFMT(id));
}

/* It leaves the spool when it stands there, and not before. */
static peal_outbox_verdict on_given_up(peal_outbox *outbox, peal_slice id,
                                       peal_slice event, peal_args args,
                                       void *user) {
  uplink *up = user;
  (void)outbox;
  if (!keep_append(up->refused,
                   PEAL_OBJECT({"id", peal_str_slice(id)},
                               {"reason", peal_str(up->reason)},
                               {"event", peal_str_slice(event)},
                               {"args", peal_array(args.items, args.count)}))) {
    say("error: %s: %s", up->refused, strerror(errno));
    return PEAL_OUTBOX_AGAIN;
  }
  atomic_fetch_add(&up->given_up, 1);
  atomic_fetch_add(&up->delivered, 1);
  say("given up: %.*s", PEAL_SFMT(id));
  return PEAL_OUTBOX_DONE;
}

static void on_problem(peal_outbox *outbox, const peal_outbox_problem *problem,
                       void *user) {
  (void)outbox, (void)user;
  say("%sspool: %s", problem->err ? "error: " : "", problem->text);
}

/* What was lost is said by nobody else: the spool goes on with the rest. */
static void say_damage(const uplink *up) {
  peal_outbox_stats found;
  peal_outbox_stats_get(up->outbox, &found);
  if (found.damaged > 0 || found.torn > 0)
    say("error: spool: %llu places cannot be read and %llu files were not "
        "written to their end: results may be missing",
        (unsigned long long)found.damaged, (unsigned long long)found.torn);
}

static bool open_spool(uplink *up) {
  char dir[4096];
  peal_outbox_problem why;
  const options *opts = up->opts;
  if (!keep_make_dir(opts->data_dir)) {
    fprintf(stderr, "sv30-device: data folder %s: %s\n", opts->data_dir,
            strerror(errno));
    return false;
  }
  snprintf(dir, sizeof dir, "%s/spool", opts->data_dir);
  snprintf(up->refused, sizeof up->refused, "%s/refused.log", opts->data_dir);
  peal_err err = peal_outbox_new(
      &up->outbox,
      &(peal_outbox_opts){.dir = dir,
                          .max_bytes = (uint64_t)opts->spool_bytes,
                          .ack_timeout_ms = opts->ack_timeout_ms,
                          .retry_max_ms = RETRY_MAX_MS,
                          .accept = on_answer,
                          .on_delivered = on_delivered,
                          .on_given_up = on_given_up,
                          .on_problem = on_problem,
                          .user = up},
      &why);
  if (err == PEAL_ERR_EXISTS)
    fprintf(stderr, "sv30-device: data folder %s is in use by another device\n",
            opts->data_dir);
  else if (err != PEAL_OK)
    fprintf(stderr, "sv30-device: spool: %s\n", why.text);
  if (err == PEAL_OK)
    say_damage(up);
  return err == PEAL_OK;
}

/* ---- life -------------------------------------------------------------------------- */

static bool make_client(uplink *up) {
  peal_client_problem why;
  const options *opts = up->opts;
  peal_client_opts wanted = {
      .url = opts->url,
      .reconnection_delay_ms = RECONNECT_MS,
      .reconnection_delay_max_ms = RECONNECT_MAX_MS,
      .timeout_ms = CONNECT_TIMEOUT_MS,
      .remember_upgrade = true,
      .tls = {.ca_file = opts->ca_file[0] ? opts->ca_file : NULL,
              .insecure_no_verify = opts->is_insecure},
      .log = {.level = PEAL_LOG_WARN}};
  if (peal_client_new(&up->client, &wanted, &why) != PEAL_OK) {
    fprintf(stderr, "sv30-device: url %s: %s\n", opts->url, why.text);
    return false;
  }
  up->nsp = peal_client_of(up->client, NULL);
  peal_err err = up->nsp ? PEAL_OK : PEAL_ERR_NOMEM;
  if (!err && opts->api_key[0] != '\0')
    err = peal_client_set_auth(
        up->nsp, PEAL_OBJECT({"api_key", peal_str(opts->api_key)}));
  if (!err)
    err = peal_client_on_connect(up->nsp, on_connect, up);
  if (!err)
    err = peal_client_on_disconnect(up->nsp, on_disconnect, up);
  if (!err)
    err = peal_client_on_connect_error(up->nsp, on_connect_error, up);
  if (!err)
    err = peal_client_on_notice(up->client, on_notice, up);
  if (err)
    fprintf(stderr, "sv30-device: %s\n", peal_err_message(err));
  return !err;
}

static bool start(uplink *up) {
  say("connecting to %s", up->opts->url);
  peal_err err = peal_client_start(up->client);
  if (!err && up->outbox != NULL)
    err = peal_outbox_attach(up->outbox, up->nsp);
  if (err)
    fprintf(stderr, "sv30-device: %s\n", peal_err_message(err));
  return !err;
}

bool uplink_open(uplink *up, const options *opts, bool has_spool) {
  *up = (uplink){.opts = opts, .wait_ms = REFUSED_MS};
  if (has_spool && !open_spool(up))
    return false;
  if (opts->is_enabled && make_client(up) && start(up))
    return true;
  if (!opts->is_enabled) {
    say("disabled: results are kept in %s and not sent", opts->data_dir);
    return true;
  }
  uplink_close(up);
  return false;
}

void uplink_close(uplink *up) {
  peal_outbox_free(up->outbox);
  if (up->client != NULL)
    peal_client_stop(up->client);
  peal_client_free(up->client);
  *up = (uplink){.opts = up->opts};
}

/* ---- what is sent -------------------------------------------------------------------- */

bool uplink_result(uplink *up, peal_val result, const char *test_id,
                   int t_min) {
  char id[96];
  snprintf(id, sizeof id, "%s t=%d", test_id, t_min);
  bool is_connected = atomic_load(&up->is_connected);
  say(is_connected ? "sending %s" : "not connected: %s is spooled", id);
  peal_err err =
      peal_outbox_emit(up->outbox, "sludge-data", PEAL_ARGS(result), id);
  if (err)
    say("error: %s cannot be spooled: %s", id, peal_err_message(err));
  return !err;
}

void uplink_height(uplink *up, const char *test_id, int64_t t_s, double mm) {
  if (!atomic_load(&up->is_connected))
    return;
  peal_val value =
      test_id[0] == '\0'
          ? peal_double(mm)
          : PEAL_OBJECT({"testId", peal_str(test_id)}, {"t_s", peal_int(t_s)},
                        {"height_mm", peal_double(mm)});
  (void)peal_client_emit_with(up->nsp, &(peal_client_how){.is_volatile = true},
                              "sludge-height-update", PEAL_ARGS(value));
}

void uplink_tick(uplink *up, int64_t now_ms) {
  if (up->client == NULL || atomic_load(&up->is_connected) ||
      peal_client_is_active(up->nsp)) {
    up->try_at_ms = 0;
    if (up->client != NULL && atomic_load(&up->is_connected))
      up->wait_ms = REFUSED_MS;
    return;
  }
  if (up->try_at_ms == 0) {
    up->try_at_ms = now_ms + up->wait_ms;
  } else if (now_ms >= up->try_at_ms) {
    up->try_at_ms = 0;
    up->wait_ms =
        up->wait_ms < REFUSED_MAX_MS / 2 ? 2 * up->wait_ms : REFUSED_MAX_MS;
    say("connecting to %s again", up->opts->url);
    (void)peal_client_connect(up->nsp);
  }
}

uint64_t uplink_pending(const uplink *up) {
  return peal_outbox_pending(up->outbox);
}
