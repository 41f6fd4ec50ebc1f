/* SPDX-License-Identifier: MIT */
#pragma once
/* dash: the program's one object, handed to every handler. Its parts are made
 * before the run and freed after it, so that handlers need no checks. */
#include <stdint.h>

#include <peal/http.h>
#include <peal/server.h>
#include <peal/store.h>
#include <peal/web.h>

#include "settings.h"
#include "walks.h"

struct analysis;
struct auth;
struct device_keys;
struct devices;
struct guard;
struct media;
struct oled;
struct sites;
struct slots;
struct thumbs;

typedef struct dash {
  settings conf;
  peal_log_opts log; /* for every part of the library */
  peal_logfile *logfile, *access_log;
  peal_http_server *http;
  peal_workers *workers; /* of http */
  peal_web *web;
  peal_server *server;
  peal_nsp *nsp; /* the default namespace */
  peal_store *store;
  peal_web_limit *device_limit, *address_limit;
  walks series, exports;  /* under way */
  atomic_uint inserts[2]; /* of readings: which make room */

  struct analysis *analysis;
  struct auth *auth;
  struct device_keys *keys;
  struct devices *devices;
  struct guard *guard;
  struct media *media;
  struct oled *oled;
  struct sites *sites;
  struct slots *uploads; /* under way */
  struct thumbs *thumbs;
} dash;

/* The room of sockets that are devices: they send and get nothing. */
#define DASH_DEVICES "devices"

/* A line of the log; `area` is static text. Thread: any. */
PEAL_PRINTF(4, 5)
void dash_log(dash *app, peal_log_level level, const char *area,
              const char *format, ...);
/* To every dashboard; a failure is logged. Thread: any. */
void dash_emit(dash *app, const char *event, peal_args args);
/* What a client may know of a store that failed; logged with its reason. */
void dash_store_failed(dash *app, const char *what,
                       const peal_store_result *result);
/* The words for acknowledgements of events; the text is static. */
const char *dash_words(peal_err err);
