/* SPDX-License-Identifier: MIT */
/* web_hello: routes, a JSON body, an upload, cookies, a store, static files.
 *
 *   example-web_hello --port 8000 --web-dir folder
 *   curl localhost:8000/api/hello/you
 *   curl -d '{"text":"hi"}' -H 'Content-Type: application/json' \
 *        localhost:8000/api/notes */
#include <stdio.h>
#include <time.h>

#include <peal/config.h>
#include <peal/store.h>
#include <peal/web.h>

static const peal_config_key keys[] = {
    {"port", PEAL_CONFIG_INT, .otherwise = "8000", .help = "where to listen",
     .max = 65535},
    {"workers", PEAL_CONFIG_INT, .otherwise = "1", .help = "threads that serve",
     .min = 1, .max = 64},
    {"data", PEAL_CONFIG_STR, .otherwise = "web_hello.db",
     .help = "the database file"},
    {"web-dir", PEAL_CONFIG_STR, .help = "a folder to serve"},
};

static const char *const migrations[] = {
    "CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT NOT NULL,"
    " at INTEGER NOT NULL)",
    NULL};

static void on_hello(peal_http_req *req, void *user) {
  (void)user;
  peal_slice name = peal_web_param(req, "name");
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"hello", peal_str_slice(name)},
                  {"address", peal_str_slice(peal_web_address(req))}));
}

/* A write's answer waits for its commit. */
static void on_stored(const peal_store_result *result, void *user) {
  peal_http_req *req = user;
  if (result->err)
    peal_web_error_of(req, result->err);
  else
    peal_http_answer_json(req, 201,
                          PEAL_OBJECT({"id", peal_int(result->last_id)}));
}

static void on_note(peal_http_req *req, peal_val body, void *user) {
  peal_store *store = user;
  if (!peal_web_fields(req, body,
                       PEAL_WEB_FIELDS({.name = "text",
                                        .type = PEAL_STRING,
                                        .not_empty = true,
                                        .max_len = 1000})))
    return;
  peal_err err = peal_store_write(
      store, "INSERT INTO notes(text, at) VALUES(?, ?)",
      PEAL_ARGS(peal_val_get(body, "text"), peal_int(peal_wall_ms())),
      on_stored, req);
  if (err)
    peal_web_error_of(req, err);
  else
    peal_http_defer(req);
}

static void on_listed(const peal_store_result *result, void *user) {
  peal_http_req *req = user;
  if (result->err)
    peal_web_error_of(req, result->err);
  else
    peal_http_answer_json(req, 200, PEAL_OBJECT({"notes", result->rows}));
}

static void on_list(peal_http_req *req, void *user) {
  peal_store *store = user;
  int64_t limit;
  if (!peal_web_query_int(req, "limit", 20, 1, 1000, &limit))
    return;
  peal_err err = peal_store_read(
      store, "SELECT id, text, at FROM notes ORDER BY id DESC LIMIT ?",
      PEAL_ARGS(peal_int(limit)), on_listed, req);
  if (err)
    peal_web_error_of(req, err);
  else
    peal_http_defer(req);
}

static void on_upload(peal_http_req *req, const peal_web_file *file,
                      void *user) {
  (void)user;
  size_t len = peal_bytes_slice(file->data).len;
  peal_http_answer_json(req, 200,
                        PEAL_OBJECT({"name", peal_str_slice(file->name)},
                                    {"type", peal_str_slice(file->type)},
                                    {"bytes", peal_int((int64_t)len)},
                                    {"fields", file->fields}));
}

static void on_login(peal_http_req *req, peal_val form, void *user) {
  (void)user;
  peal_slice name = peal_val_str(peal_val_get(form, "name"));
  peal_err err = peal_web_cookie_set(
      req,
      &(peal_web_cookie){.name = "name", .value = name, .max_age_s = 3600});
  if (err)
    peal_web_error(req, 422, "name has characters that a cookie cannot hold",
                   "name");
  else
    peal_web_redirect(req, 303, "/api/whoami");
}

static void on_whoami(peal_http_req *req, void *user) {
  (void)user;
  peal_slice name = peal_http_req_cookie(req, "name");
  peal_http_answer_json(req, 200, PEAL_OBJECT({"name", peal_str_slice(name)}));
}

static void on_form(peal_http_req *req, peal_val form, void *user) {
  (void)user;
  peal_http_answer_json(req, 200, form);
}

/* Everything below /api/private needs the cookie. */
static peal_web_verdict need_name(peal_http_req *req, void *user) {
  (void)user;
  if (peal_http_req_cookie(req, "name").len)
    return PEAL_WEB_PASS;
  peal_web_error(req, 401, "log in first", NULL);
  return PEAL_WEB_STOP;
}

/* A hook that must ask first: only names that have a note of their own. */
static void on_member_known(const peal_store_result *result, void *user) {
  peal_http_req *req = user;
  if (!result->err && result->rows.len)
    peal_web_pass(req);
  else
    peal_web_error(req, 403, "not a member", NULL);
}

static peal_web_verdict need_member(peal_http_req *req, void *user) {
  peal_store *store = user;
  peal_slice name = peal_http_req_cookie(req, "name");
  peal_err err =
      peal_store_read(store, "SELECT 1 FROM notes WHERE text = ? LIMIT 1",
                      PEAL_ARGS(peal_str_slice(name)), on_member_known, req);
  if (!err)
    return PEAL_WEB_LATER;
  peal_web_error_of(req, err);
  return PEAL_WEB_STOP;
}

/* What blocks goes to the pool. */
static void sleep_on_pool(void *user) {
  const int64_t *ms = user;
  nanosleep(&(struct timespec){.tv_nsec = *ms * 1000000}, NULL);
}

static void on_slept(peal_http_req *req, peal_err err, void *user) {
  const int64_t *ms = user;
  if (err)
    peal_web_error_of(req, err);
  else
    peal_http_answer_json(req, 200, PEAL_OBJECT({"slept_ms", peal_int(*ms)}));
}

static void on_slow(peal_http_req *req, void *user) {
  (void)user;
  int64_t *ms = peal_http_req_alloc(req, sizeof(*ms));
  if (!ms)
    peal_web_error_of(req, PEAL_ERR_NOMEM);
  else if (peal_web_query_int(req, "ms", 10, 0, 900, ms))
    (void)peal_web_task(req, sleep_on_pool, on_slept, ms);
}

/* Deferred and forgotten: the route's time limit answers. */
static void on_never(peal_http_req *req, void *user) {
  (void)user;
  peal_http_defer(req);
}

static bool add_routes(peal_web *app, peal_store *store,
                       peal_web_limit *limit) {
  static const peal_web_route routes[] = {
      {.method = "POST",
       .path = "/api/sensor",
       .on_json = on_form,
       .type_status = 400,
       .type_message = "Content-Type must be application/json"},
      {.method = "POST",
       .path = "/upload",
       .on_file = on_upload,
       .file_field = "image",
       .types = "image/*",
       .max_body_bytes = 1u << 20},
      {.method = "POST", .path = "/login", .on_form = on_login},
      {.method = "POST", .path = "/api/form", .on_form = on_form},
      {.path = "/api/slow", .on_request = on_slow, .timeout_ms = 300},
      {.path = "/api/never", .on_request = on_never, .timeout_ms = 300},
  };
  peal_err err = peal_web_get(app, "/api/hello/:name", on_hello, NULL);
  for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && !err; i++)
    err = peal_web_route_add(app, &routes[i]);
  return !err && !peal_web_json(app, "POST", "/api/notes", on_note, store) &&
         !peal_web_get(app, "/api/notes", on_list, store) &&
         !peal_web_get(app, "/api/whoami", on_whoami, NULL) &&
         !peal_web_get(app, "/api/private/whoami", on_whoami, NULL) &&
         !peal_web_before(app, "/api/private", need_name, NULL) &&
         !peal_web_route_add(app, &(peal_web_route){.path = "/api/limited",
                                                    .on_request = on_whoami,
                                                    .limit = limit}) &&
         !peal_web_route_add(app, &(peal_web_route){.path = "/api/members",
                                                    .on_request = on_whoami,
                                                    .before = need_member,
                                                    .before_user = store}) &&
         !peal_web_metrics(app, "/metrics") &&
         !peal_web_health(app, "/api/health", store);
}

static int serve(peal_http_server *http, peal_store *store,
                 const char *web_dir) {
  peal_web_limit *limit =
      peal_web_limit_new(&(peal_web_limit_opts){.count = 3, .per_ms = 60000});
  peal_web *app =
      peal_web_new(http, &(peal_web_opts){.cors.origins = "http://a.test"});
  int code = 1;
  if (app && limit && add_routes(app, store, limit) &&
      (!*web_dir || !peal_web_static(app, "/", web_dir, NULL))) {
    printf("http://localhost:%u\n", peal_http_server_port(http));
    fflush(stdout);
    code = peal_http_server_run(http);
  }
  peal_store_close(store);
  peal_web_free(app);
  peal_web_limit_free(limit);
  return code;
}

int main(int argc, char **argv) {
  int code;
  peal_config *config =
      peal_config_new(&(peal_config_opts){.program = "example-web_hello",
                                          .summary = "A small web application.",
                                          .env_prefix = "WEB_HELLO",
                                          .keys = keys,
                                          .key_count = PEAL_CONFIG_COUNT(keys)},
                      argc, argv, &code);
  if (!config)
    return code;
  int port = (int)peal_config_int(config, "port");
  peal_http_server *http = NULL;
  peal_store *store = NULL;
  peal_err err = peal_http_server_new(
      &http, &(peal_http_server_opts){
                 .host = "127.0.0.1",
                 .port = port ? port : PEAL_PORT_ANY,
                 .workers = (unsigned)peal_config_int(config, "workers")});
  if (!err)
    err = peal_store_open(
        &store, &(peal_store_opts){.path = peal_config_str(config, "data"),
                                   .migrations = migrations,
                                   .workers = peal_http_server_workers(http)});
  code = err ? 1 : serve(http, store, peal_config_str(config, "web-dir"));
  peal_http_server_free(http);
  peal_config_free(config);
  return code;
}
