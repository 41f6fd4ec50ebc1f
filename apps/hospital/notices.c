/* SPDX-License-Identifier: MIT */
#include "notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit_calls.h>

#include "mail.h"
#include "pauses.h"
#include "schema.h"

enum {
  AT_ONCE = 8,
  FIRST_MS = 1000,
  MOST_TRIES = 290, /* about a day */
  CALL_MS = 10000,
  HEADER_BYTES = 128,
};

struct notices {
  hospital *app;
  peal_timer *timer;
  peal_kit_calls *calls;
  size_t running;
  bool is_looking, is_stale;
};

static int rank(peal_slice severity) {
  return peal_slice_is(severity, "critical")  ? 2
         : peal_slice_is(severity, "warning") ? 1
                                              : 0;
}

static bool is_worth(peal_slice severity, peal_slice least) {
  return rank(severity) >= rank(least);
}

/* ---- one --------------------------------------------------------------------------- */

/* One on its way; free(). */
typedef struct notice {
  notices *all;
  int64_t id, tries;
  char *text; /* of mail */
  char subject[128];
  bool is_done; /* set on the pool */
} notice;

static void on_settled(const peal_store_result *result, void *user) {
  notices *all = user;
  (void)result;
  all->running--;
  notices_look(all);
}

/* It has been taken, or is to be tried again. */
static void settle(notice *n, bool is_done) {
  notices *all = n->all;
  hospital *app = all->app;
  bool is_over = is_done || n->tries + 1 >= MOST_TRIES;
  atomic_fetch_add(is_done ? &app->notified : &app->notify_failed, 1);
  if (is_over && !is_done)
    peal_kit_log(&app->house, PEAL_LOG_ERROR, "notices",
                 "a notice was given up after %d tries", MOST_TRIES);
  peal_val id = peal_int(n->id);
  peal_err err = is_over
                     ? peal_store_write(app->house.store,
                                        "DELETE FROM notices WHERE id = ?1",
                                        PEAL_ARGS(id), on_settled, all)
                     : peal_store_write(
                           app->house.store,
                           "UPDATE notices SET tries = tries + 1, next_ms = ?2"
                           " WHERE id = ?1",
                           PEAL_ARGS(id, peal_int(peal_wall_ms() +
                                                  pauses_before(n->tries))),
                           on_settled, all);
  if (err != PEAL_OK) {
    all->running--;
    if (all->timer != NULL)
      peal_timer_start(all->timer, FIRST_MS, 0);
  }
  free(n->text);
  free(n);
}

static void on_called(peal_kit_call *call, const peal_kit_call_end *end,
                      void *user) {
  notice *n = user;
  (void)call;
  if (end->err == PEAL_ERR_CANCELLED) { // the program ends: the row stays
    free(n->text);
    free(n);
    return;
  }
  if (end->err != PEAL_OK)
    peal_kit_log(&n->all->app->house, PEAL_LOG_WARN, "notices",
                 "an alert was not taken: %s (status %d)", end->message,
                 end->status);
  settle(n, end->err == PEAL_OK);
}

static bool call(notice *n, const char *url, const char *secret,
                 peal_slice body) {
  uint8_t mac[PEAL_KIT_DIGEST_BYTES];
  char hex[PEAL_KIT_DIGEST_HEX_BYTES], signature[HEADER_BYTES];
  const char *headers[3] = {"Content-Type: application/json", NULL, NULL};
  if (secret != NULL) {
    if (!mail_hmac(mac, peal_slice_of(secret), body))
      return false;
    peal_kit_digest_hex(hex, mac, sizeof mac);
    snprintf(signature, sizeof signature, "X-Signature: sha256=%s", hex);
    headers[1] = signature;
  }
  return peal_kit_call_start(n->all->calls,
                             &(peal_kit_call_opts){.method = "POST",
                                                   .url = url,
                                                   .headers = headers,
                                                   .body = body,
                                                   .on_end = on_called,
                                                   .user = n,
                                                   .timeout_ms = CALL_MS,
                                                   .retries = PEAL_OFF},
                             NULL) == PEAL_OK;
}

static void on_mail(void *user) {
  notice *n = user;
  const settings *conf = &n->all->app->conf;
  n->is_done = mail_send(&(mail_opts){.url = conf->smtp_url,
                                      .user = conf->smtp_user,
                                      .password = conf->smtp_password,
                                      .from = conf->mail_from,
                                      .to = conf->mail_to},
                         n->subject, n->text);
}

static void on_mailed(peal_worker *worker, peal_err err, void *user) {
  notice *n = user;
  (void)worker;
  if (n->all->timer == NULL) { // the program ends: the row stays
    free(n->text);
    free(n);
    return;
  }
  if (!n->is_done)
    peal_kit_log(&n->all->app->house, PEAL_LOG_WARN, "notices",
                 "a mail was not taken");
  settle(n, err == PEAL_OK && n->is_done);
}

static peal_slice text_of(peal_val alert, const char *name) {
  return peal_val_str(peal_val_get(alert, name));
}

/* "critical: patient 7: what is wrong" */
static void write_line(char *out, size_t cap, peal_val alert) {
  peal_slice patient = text_of(alert, "patient_id");
  snprintf(out, cap, "%.*s: %s%.*s%s%.*s",
           PEAL_SFMT(text_of(alert, "severity")),
           patient.len > 0 ? "patient " : "hospital", PEAL_SFMT(patient), ": ",
           PEAL_SFMT(text_of(alert, "message")));
}

static bool mail(notice *n, peal_val alert) {
  char line[2600];
  write_line(line, sizeof line, alert);
  snprintf(n->subject, sizeof n->subject, "%.*s",
           (int)peal_kit_utf8_cut(peal_slice_of(line), sizeof n->subject - 1),
           line);
  size_t cap = sizeof line + 200;
  n->text = malloc(cap);
  if (n->text == NULL)
    return false;
  snprintf(n->text, cap, "%s\n\nAlert %lld, %.*s\n", line,
           (long long)peal_val_int(peal_val_get(alert, "id"), 0),
           PEAL_SFMT(text_of(alert, "timestamp")));
  return peal_task_run(peal_worker_self(), on_mail, on_mailed, n) == PEAL_OK;
}

static bool send_text(notice *n, const settings *conf, peal_val alert) {
  char line[2600];
  write_line(line, sizeof line, alert);
  peal_bytes *body = peal_json_bytes(PEAL_OBJECT(
      {"to", conf->sms_to != NULL ? peal_str(conf->sms_to) : peal_null()},
      {"text", peal_str(line)}));
  bool done = body != NULL && call(n, conf->sms_url, conf->webhook_secret,
                                   peal_bytes_slice(body));
  peal_bytes_unref(body);
  return done;
}

static bool post(notice *n, const settings *conf, peal_slice alert) {
  size_t cap = alert.len + 64;
  char *body = malloc(cap);
  if (body == NULL)
    return false;
  int len = snprintf(body, cap, "{\"event\":\"alert\",\"alert\":%.*s}",
                     PEAL_SFMT(alert));
  bool done = call(n, conf->webhook_url, conf->webhook_secret,
                   (peal_slice){body, (size_t)len});
  free(body);
  return done;
}

static void begin(notices *all, peal_val row) {
  const settings *conf = &all->app->conf;
  peal_slice way = text_of(row, "way"), body = text_of(row, "body");
  notice *n = calloc(1, sizeof *n);
  if (n == NULL)
    return;
  n->all = all;
  n->id = peal_val_int(peal_val_get(row, "id"), 0);
  n->tries = peal_val_int(peal_val_get(row, "tries"), 0);
  all->running++;
  peal_val alert = peal_build_json(peal_worker_build(peal_worker_self()), body);
  bool done = false;
  if (peal_slice_is(way, "webhook") && conf->webhook_url != NULL)
    done = post(n, conf, body);
  else if (peal_slice_is(way, "sms") && conf->sms_url != NULL)
    done = send_text(n, conf, alert);
  else if (peal_slice_is(way, "mail") && conf->smtp_url != NULL)
    done = mail(n, alert);
  if (!done)
    settle(n, false);
}

/* ---- the queue ------------------------------------------------------------------------ */

static void on_found(const peal_store_result *result, void *user) {
  notices *all = user;
  int64_t now = peal_wall_ms();
  all->is_looking = false;
  if (all->timer == NULL)
    return;
  if (result->err != PEAL_OK)
    peal_timer_start(all->timer, FIRST_MS, 0);
  for (size_t i = 0; i < result->rows.len; i++) {
    peal_val row = peal_val_at(result->rows, i);
    int64_t due = peal_val_int(peal_val_get(row, "next_ms"), 0);
    if (due > now) {
      peal_timer_start(all->timer,
                       (uint64_t)(due - now < 60000 ? due - now : 60000), 0);
      break;
    }
    begin(all, row);
  }
  if (all->is_stale && all->running == 0)
    notices_look(all);
}

/* Batches follow each other: what is on its way is not looked at twice. */
void notices_look(notices *all) {
  all->is_stale = all->is_looking || all->running > 0;
  if (all->is_stale || all->timer == NULL)
    return;
  all->is_looking = true;
  if (peal_store_read(all->app->house.store,
                      "SELECT id, way, tries, next_ms, (SELECT " SCHEMA_ALERT
                      " FROM alerts WHERE alerts.id = notices.alert) AS body"
                      " FROM notices ORDER BY next_ms LIMIT ?1",
                      PEAL_ARGS(peal_int(AT_ONCE)), on_found, all) == PEAL_OK)
    return;
  all->is_looking = false;
  peal_timer_start(all->timer, FIRST_MS, 0);
}

static void on_time(peal_timer *timer, void *user) {
  (void)timer;
  notices_look(user);
}

bool notices_stmt(const notices *all, peal_slice severity, char ways[64],
                  const char **sql) {
  const settings *conf = &all->app->conf;
  if (!is_worth(severity, peal_slice_of(conf->notify_severity)))
    return false;
  snprintf(ways, 64, "%s %s %s", conf->webhook_url != NULL ? "webhook" : "",
           conf->sms_url != NULL ? "sms" : "",
           conf->smtp_url != NULL ? "mail" : "");
  *sql = "INSERT INTO notices (alert, way, next_ms) SELECT ?1, value, ?2 FROM"
         " json_each('[\"webhook\",\"sms\",\"mail\"]') WHERE"
         " instr(?3, value) > 0 AND (SELECT count(*) FROM notices) < 10000";
  return strlen(ways) > 2;
}

/* ---- life ----------------------------------------------------------------------------------- */

void notices_start(notices *all) {
  all->timer = peal_timer_new(peal_worker_self(), on_time, all);
  all->calls = peal_kit_calls_new(
      peal_worker_self(), &(peal_kit_calls_opts){.max_running = AT_ONCE});
  notices_look(all);
}

void notices_stop(notices *all) {
  peal_timer_free(all->timer);
  all->timer = NULL;
  peal_kit_calls_free(all->calls);
  all->calls = NULL;
}

notices *notices_new(hospital *app) {
  notices *all = calloc(1, sizeof *all);
  if (all != NULL)
    all->app = app;
  return all;
}

void notices_free(notices *all) {
  free(all);
}
