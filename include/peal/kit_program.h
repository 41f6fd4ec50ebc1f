/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_program: what every application stands on: its configuration, log, data
 * folder, HTTP server, Socket.IO server, store, and who may come in.
 *
 *   int main(int argc, char **argv) {
 *     return peal_kit_main(&self.kit, &about, &turns, argc, argv);
 *   }
 *
 * peal_kit_main goes this way, and calls what the application gave it:
 *
 *   read      flags over environment over file over default; on_read
 *    |
 *   command   on_command, --add-device-key: then nothing is served
 *    |
 *   open      port, data folder, log, store
 *    |
 *   faces     web layer, Socket.IO server; on_make: parts, routes, events
 *    |
 *   routes    /api/login, /metrics, the page
 *    |
 *   run       until a signal: on_start, on_second, on_stop; on_ended
 *    |
 *   close     no handler is called any more; on_free
 *
 * An application has its peal_kit as the first thing of its own object, zeroed.
 * What of it has no other note is read by the application, never written.
 *
 * Example: apps/sv30-backend/main.c */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>
#include <peal/http.h>
#include <peal/server.h>
#include <peal/store.h>
#include <peal/tls.h>
#include <peal/web.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- configuration --------------------------------------------------------- */

/* The options that every application has. Text is borrowed from the
 * configuration. */
typedef struct peal_kit_conf {
  peal_config *config;   /* owns the text; keys of the application are asked
                            of it */
  peal_config_key *keys; /* the table, as long as the configuration */

  const char *host; /* NULL: all addresses */
  int port;
  unsigned workers;
  const char *data_dir;
  const char *web_dir; /* NULL: found beside the program */
  const char *cors_origins;
  const char *allowed_hosts;      /* NULL: our own names only */
  const char *content_policy;     /* of pages; NULL: what fits the page */
  const char *tls_cert, *tls_key; /* NULL: plain HTTP; in tls_cert */
  const char *proxies;            /* NULL: none */
  size_t max_connections;

  const char *password; /* of the dashboard; NULL: it is open */
  bool secure_cookie;
  int64_t session_s;
  bool require_keys;
  const char *add_key, *revoke_key; /* device ids; NULL: nothing to do */
  bool list_keys;

  const char *log_level;
  const char *log_format;
  int64_t log_bytes;
  unsigned log_count;
} peal_kit_conf;

/* -- the program ----------------------------------------------------------- */

struct peal_kit_auth;
struct peal_kit_device_keys;
struct peal_kit_guard;
struct peal_kit_health;
struct peal_kit_known;
struct peal_kit_sites;
struct peal_kit;

/* What differs between applications; all text is static. */
typedef struct peal_kit_about {
  const char *program; /* "peal-esp32": begins lines, names the log file */
  const char *summary;
  const char *env_prefix;      /* "PEAL_ESP32" */
  const char *port, *data_dir; /* the defaults, as text */
  const char *cookie;          /* of sessions */
  const char *page;     /* folder of the page in the share folder; NULL: none,
                       but that of --web-dir */
  const char *database; /* file in the data folder; NULL: no store, and with
                             it no password and no device keys */
  const char *const *migrations;
  const char *key_help; /* how a device sends its key, in words */
  const char *readers;  /* what reads the devices' addresses; NULL: nothing is
                           said of other machines */
  bool has_people; /* accounts and devices are the application's own affair: no
                      password of a dashboard, no table of device keys */
  uint32_t ping_interval_ms, ping_timeout_ms; /* 0: the library's */
  size_t max_message_bytes;
  uint32_t body_pace_bytes;
  const peal_config_key *keys; /* its own options beside the common ones, up to
                                  a row without a name; NULL: none */
  const char *methods;         /* that pages of other origins may use; NULL:
                          "GET,POST,PUT,DELETE,OPTIONS" */
  const char *metrics; /* "esp32": what the names of its figures begin with, of
                          sockets and store; NULL: those are left out */
  /* What /status says beside the common figures; `build` keeps values. NULL:
   * nothing. On any worker. */
  void (*on_status)(const struct peal_kit *kit, peal_pairs *out,
                    peal_build *build);
  /* who may see /metrics, with the peal_kit as `user`; NULL:
   * peal_kit_auth_hook */
  peal_web_hook_fn reader_hook;
} peal_kit_about;

/* The time of day, ms since 1970. {0}: the system's. */
typedef struct peal_kit_clock {
  int64_t (*wall_ms)(void *user); /* for any thread */
  void *user;
} peal_kit_clock;

/* One application at work. */
typedef struct peal_kit {
  const peal_kit_about *about;
  peal_kit_conf conf;
  peal_log_opts log; /* for every part of the library */
  peal_logfile *logfile, *access_log;
  peal_tls *tls; /* NULL: plain HTTP */
  peal_http_server *http;
  peal_workers *workers; /* of http */
  peal_web *web;
  peal_server *server;
  peal_nsp *nsp; /* the default namespace */
  peal_store *store;
  struct peal_kit_auth *auth;
  struct peal_kit_device_keys *keys;
  struct peal_kit_guard *guard;
  struct peal_kit_health *health;
  struct peal_kit_known *known; /* actions */
  struct peal_kit_sites *sites;
  peal_kit_clock clock; /* set before the run, by tests */
  int lock_fd;
  char early[1024]; /* what is said as soon as the data folder is ours */
  char web_dir[4096], client_dir[4096];
  bool has_client, has_routes;
} peal_kit;

/* The room of sockets that are devices: they send and get nothing. */
#define PEAL_KIT_DEVICES "devices"

/* Sessions in a store: the table that every `migrations` needs somewhere. */
#define PEAL_KIT_SESSIONS                                                      \
  "CREATE TABLE sessions (id BLOB PRIMARY KEY, bound BLOB NOT NULL,"           \
  " end_ms INTEGER NOT NULL);"
/* And the one of device keys. */
#define PEAL_KIT_DEVICE_KEYS                                                   \
  "CREATE TABLE device_keys (device_id TEXT PRIMARY KEY,"                      \
  " hash BLOB NOT NULL, changed INTEGER NOT NULL,"                             \
  " is_revoked INTEGER NOT NULL DEFAULT 0);"

/* A line of the log; `area` is static text. Thread: any. */
PEAL_PRINTF(4, 5)
PEAL_API void peal_kit_log(peal_kit *h, peal_log_level level, const char *area,
                           const char *format, ...);
/* To everybody but devices; a failure is logged. Thread: any. */
PEAL_API void peal_kit_emit(peal_kit *h, const char *event, peal_args args);
/* What a client may know of a store that failed; logged with its reason. */
PEAL_API void peal_kit_store_failed(peal_kit *h, const char *what,
                                    const peal_store_result *result);
/* What time it is, by its clock. Thread: any. */
PEAL_API int64_t peal_kit_clock_ms(const peal_kit *kit);
/* The words for acknowledgements of events; the text is static. */
PEAL_API const char *peal_kit_words(peal_err err);

/* -- the run --------------------------------------------------------------- */

/* What an application does in the course of its life; any may be NULL. Those
 * that return false have said why on stderr or in the log, and end it. */
typedef struct peal_kit_turns {
  /* Its own options, into its own settings. Text is borrowed from `config`. */
  bool (*on_read)(const peal_config *config, void *user);
  /* Did the command line want something else than to serve? Then it has been
   * done, and *exit_code is that of the program. For the store there is
   * peal_kit_open_store. */
  bool (*on_command)(int *exit_code, void *user);
  /* Port, data folder, log and store are there, and nobody can come in yet: the
   * last moment to say who may (conf.password). */
  bool (*on_open)(void *user);
  /* Its parts, routes and events. The store may be asked by those functions
   * that wait. */
  bool (*on_make)(void *user);
  void (*on_start)(void *user);                          /* on worker 0 */
  void (*on_second)(void *user);                         /* on worker 0 */
  void (*on_stop)(void *user);                           /* on worker 0 */
  void (*on_stop_each)(peal_worker *worker, void *user); /* on every one */
  void (*on_ended)(void *user); /* the run is over: what is left is stored */
  void (*on_free)(void *user);  /* in any case: its parts, made or not */
  void *user;
} peal_kit_turns;

/* The whole life of an application. `kit` is zeroed, `about` and `turns` (NULL:
 * {0}) are borrowed. Returns the exit code. Thread: the program's first. */
PEAL_API int peal_kit_main(peal_kit *kit, const peal_kit_about *about,
                           const peal_kit_turns *turns, int argc, char **argv);

/* Several routes: `user` is that of all of them, `before` (with `before_user`)
 * runs before each, NULL: what stands in the table, with `user`. In on_make.
 * Returns: as peal_web_route_add. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_add_routes(peal_kit *kit, const peal_web_route *routes, size_t count,
                    peal_web_hook_fn before, void *before_user, void *user);

/* An event of the default namespace. */
typedef struct peal_kit_event {
  const char *name;
  peal_event_fn fn;
} peal_kit_event;

/* Several events with one `user`. In on_make. Returns: as peal_on. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_add_events(
    peal_kit *kit, const peal_kit_event *events, size_t count, void *user);

/* The event `request` {"type":"ping"}, by which pages measure the round trip; a
 * peal_event_fn. */
PEAL_API void peal_kit_on_request(peal_socket *socket, const peal_event *event,
                                  void *user);
/* connection_response, by which pages know the server's clock. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_greet(peal_socket *socket);

/* -- how it is ------------------------------------------------------------- */

/* What a part says of itself. */
typedef struct peal_kit_state {
  bool is_well;    /* true when it is asked */
  char words[120]; /* for people: what is wrong, or what it is; may be empty */
} peal_kit_state;

/* How is this part? On the worker that answers the health page, any of them,
 * without waiting: what takes long is found out elsewhere and looked up
 * here. */
typedef void (*peal_kit_part_fn)(peal_kit_state *out, void *user);

/* The health page. */
typedef struct peal_kit_health_opts {
  const char *path; /* default "/health" */
  const char *word; /* its `status` when all is well; default "ok" */
  /* What it says beside the common things; NULL: nothing. On any worker. */
  void (*more)(peal_pairs *out, peal_build *build, void *user);
  void *user; /* of more */
} peal_kit_health_opts;

/* GET `path`: {"status":"ok","timestamp":ISO,"database":true}, then each part
 * by its name as true or false, "words" with what parts say; 503 with
 * "degraded" when one is not well. The store is probed every second, so asking
 * is cheap. `opts` is copied, its text static. In on_make. Returns: as
 * peal_web_route_add. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_health_on(peal_kit *kit, const peal_kit_health_opts *opts);
/* One more part, in order; at most 16. `name` is static. In on_make.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_health_add(peal_kit *kit,
                                                      const char *name,
                                                      peal_kit_part_fn fn,
                                                      void *user);
/* Did the store take what came, as of its last probe or write? On a worker. */
PEAL_API bool peal_kit_store_is_well(const peal_kit *kit);

/* GET /status: threads, workers, connections by transport, by which URLs it is
 * reached, whether a password or a key is asked for. `user` is the peal_kit. */
PEAL_API void peal_kit_on_status(peal_http_req *req, void *user);
/* GET /memory-stats: {"rss_mb","vms_mb","num_threads"}. `user` is not looked
 * at. */
PEAL_API void peal_kit_on_memory(peal_http_req *req, void *user);

/* -- step by step ---------------------------------------------------------- */

/* The steps of peal_kit_main, for who wants others between them. */

/* Read everything: the common options and `count` of the application's own,
 * and make the log ready. Returns false to end the program with *exit_code;
 * whatever was wrong has been said on stderr. peal_kit_conf_deinit afterwards
 * either way. */
PEAL_API bool peal_kit_conf_read(peal_kit *h, const peal_kit_about *about,
                                 const peal_config_key *own, size_t count,
                                 int argc, char **argv, int *exit_code);
PEAL_API void peal_kit_conf_deinit(peal_kit_conf *conf);
/* The text of a key; empty is the same as none: NULL. */
PEAL_API const char *peal_kit_conf_text(const peal_config *config,
                                        const char *name);
/* A number of an unsigned key. */
PEAL_API unsigned peal_kit_conf_count(const peal_config *config,
                                      const char *name);

/* After peal_kit_conf_read: the port, the data folder, log and store, in this
 * order: who finds the port taken leaves the data alone. False after saying
 * why. peal_kit_close and peal_kit_deinit afterwards either way. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_open(peal_kit *h);
/* Then who may come in, and the faces: sites, web, server, namespace. Each
 * request passes `sites` before anything else. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_faces(peal_kit *h);
/* POST /api/login and /api/logout, /metrics, and the page: after the routes of
 * the application. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_routes(peal_kit *h);
/* The store and the faces; parts of the application may be freed after it. */
PEAL_API void peal_kit_close(peal_kit *h);
/* The rest, at the very end. */
PEAL_API void peal_kit_deinit(peal_kit *h);

/* Does the command line want keys managed in place of a run? Then do it and
 * return true; *exit_code is that of the program. */
PEAL_API bool peal_kit_manage(peal_kit *h, int *exit_code);
/* The data folder and the store alone, without a run: for a command. False
 * after saying why. peal_kit_close afterwards either way. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_open_store(peal_kit *h);
/* Run until a signal; the URLs are said when it is ready. Every second it sees
 * to its own parts, too: sessions whose time has come, device keys that were
 * changed. `turns` is borrowed. Returns the exit code. */
PEAL_API int peal_kit_run(peal_kit *h, const peal_kit_turns *turns);
/* By which URLs it is reached, on stdout. */
PEAL_API void peal_kit_say_ready(const peal_kit *h);

/* -- places ---------------------------------------------------------------- */

/* The path of `name` in this program's own folder. */
PEAL_API bool peal_kit_places_sibling(char *out, size_t cap, const char *name);
/* The folder `name` of the share folder: beside this program's folder in a
 * build or an installation that was moved, else where it was installed. */
PEAL_API bool peal_kit_places_share(char *out, size_t cap, const char *name);
/* Make the folder (mode 0700) and those above it if they are missing. On
 * failure errno says why. */
PEAL_API bool peal_kit_places_make_dir(const char *dir);
/* Hold the folder until the program ends. Returns a descriptor, or -1: errno
 * EWOULDBLOCK means that another program holds it. */
PEAL_API int peal_kit_places_lock(const char *dir);

#ifdef __cplusplus
}
#endif
