/* SPDX-License-Identifier: MIT */
/* peal-landing: the page that leads to every application of this machine, and
 * tells how each of them is. */
#include <peal/kit.h>

#include "watch.h"

enum { MAX_MESSAGE_BYTES = 4096 };

static const peal_kit_about about = {
    .program = "peal-landing",
    .summary = "leads to the applications of this machine",
    .env_prefix = "PEAL_LANDING",
    .port = "8080",
    .data_dir = "data/landing",
    .page = "landing/web",
    .max_message_bytes = MAX_MESSAGE_BYTES,
};

typedef struct landing {
  peal_kit house;
  watch *watch;
} landing;

static void on_apps(peal_http_req *req, void *user) {
  landing *app = user;
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"status", peal_str("success")},
                  {"data", watch_val(app->watch, peal_http_req_build(req))}));
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  return peal_kit_greet(socket);
}

static peal_err open_doors(landing *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_web_get(h->web, "/api/applications", on_apps, app);
  if (err == PEAL_OK)
    err = peal_web_health(h->web, "/health", NULL);
  if (err == PEAL_OK)
    err = peal_on_connect(h->nsp, on_connect, NULL);
  if (err == PEAL_OK)
    err = peal_on(h->nsp, "request", peal_kit_on_request, NULL);
  return err == PEAL_OK ? peal_kit_routes(h) : err;
}

static void on_second(void *user) {
  watch_second(((landing *)user)->watch);
}

static void on_stop(void *user) {
  watch_stop(((landing *)user)->watch);
}

static int serve(landing *app) {
  peal_kit *h = &app->house;
  int code = 1;
  if (peal_kit_open(h) && peal_kit_faces(h) &&
      (app->watch = watch_new(h)) != NULL && open_doors(app) == PEAL_OK) {
    code = peal_kit_run(h, &(peal_kit_turns){.on_start = on_second,
                                             .on_second = on_second,
                                             .on_stop = on_stop,
                                             .user = app});
    peal_kit_log(h, PEAL_LOG_INFO, "main", "stopped");
  }
  peal_kit_close(h);
  peal_kit_deinit(h);
  watch_free(app->watch);
  return code;
}

int main(int argc, char **argv) {
  static landing self;
  int code = 1;
  if (peal_kit_conf_read(&self.house, &about, watch_keys, watch_key_count, argc,
                         argv, &code))
    code = serve(&self);
  peal_kit_conf_deinit(&self.house.conf);
  return code;
}
