/* SPDX-License-Identifier: MIT */
#pragma once
/* house: what every application stands on: its configuration, log, HTTP
 * server, Socket.IO server, store, and who may come in. An application has it
 * as the first thing of its own object; house_open makes it, house_close and
 * house_deinit take it down. */
#include <peal/http.h>
#include <peal/server.h>
#include <peal/store.h>
#include <peal/tls.h>
#include <peal/web.h>

#include "house_conf.h"

struct auth;
struct device_keys;
struct guard;
struct sites;

/* What differs between applications; all text is static. */
typedef struct house_about {
  const char *program; /* "peal-esp32": begins lines, names the log file */
  const char *summary;
  const char *env_prefix;      /* "PEAL_ESP32" */
  const char *port, *data_dir; /* the defaults, as text */
  const char *cookie;          /* of sessions */
  const char *page;            /* folder of the page in the share folder */
  const char *database; /* file in the data folder; NULL: no store, and with
                             it no password and no device keys */
  const char *const *migrations;
  const char *key_help; /* how a device sends its key, in words */
  const char *readers;  /* what reads the devices' addresses; NULL: nothing is
                           said of other machines */
  bool has_people; /* accounts and devices are the application's own affair:
                      no password of a dashboard, no table of device keys */
  uint32_t ping_interval_ms, ping_timeout_ms; /* 0: the library's */
  size_t max_message_bytes;
  uint32_t body_pace_bytes;
} house_about;

typedef struct house {
  const house_about *about;
  house_conf conf;
  peal_log_opts log; /* for every part of the library */
  peal_logfile *logfile, *access_log;
  peal_tls *tls; /* NULL: plain HTTP */
  peal_http_server *http;
  peal_workers *workers; /* of http */
  peal_web *web;
  peal_server *server;
  peal_nsp *nsp; /* the default namespace */
  peal_store *store;
  struct auth *auth;
  struct device_keys *keys;
  struct guard *guard;
  struct sites *sites;
  int lock_fd;
  char web_dir[4096], client_dir[4096];
  bool has_client;
} house;

/* The room of sockets that are devices: they send and get nothing. */
#define HOUSE_DEVICES "devices"

/* Sessions in a store: the table that every `migrations` needs somewhere. */
#define HOUSE_SESSIONS                                                         \
  "CREATE TABLE sessions (id BLOB PRIMARY KEY, bound BLOB NOT NULL,"           \
  " end_ms INTEGER NOT NULL);"
/* And the one of device keys. */
#define HOUSE_DEVICE_KEYS                                                      \
  "CREATE TABLE device_keys (device_id TEXT PRIMARY KEY,"                      \
  " hash BLOB NOT NULL, changed INTEGER NOT NULL,"                             \
  " is_revoked INTEGER NOT NULL DEFAULT 0);"

/* After house_conf_read: the port, the data folder, log and store, in this
 * order: who finds the port taken leaves the data alone. False after saying
 * why. house_close and house_deinit afterwards either way. */
PEAL_MUST_CHECK bool house_open(house *h);
/* Then who may come in, and the faces: sites, web, server, namespace. Each
 * request passes `sites` before anything else. */
PEAL_MUST_CHECK bool house_faces(house *h);
/* POST /api/login and /api/logout, /metrics, and the page: after the routes of
 * the application. */
PEAL_MUST_CHECK peal_err house_routes(house *h);
/* The store and the faces; parts of the application may be freed after it. */
void house_close(house *h);
/* The rest, at the very end. */
void house_deinit(house *h);

/* Does the command line want keys managed in place of a run? Then do it and
 * return true; *exit_code is that of the program. */
bool house_manage(house *h, int *exit_code);
/* By which URLs it is reached, on stdout. */
void house_say_ready(const house *h);

/* A line of the log; `area` is static text. Thread: any. */
PEAL_PRINTF(4, 5)
void house_log(house *h, peal_log_level level, const char *area,
               const char *format, ...);
/* To everybody but devices; a failure is logged. Thread: any. */
void house_emit(house *h, const char *event, peal_args args);
/* What a client may know of a store that failed; logged with its reason. */
void house_store_failed(house *h, const char *what,
                        const peal_store_result *result);
/* The words for acknowledgements of events; the text is static. */
const char *house_words(peal_err err);
