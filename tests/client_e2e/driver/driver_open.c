/* SPDX-License-Identifier: MIT */
#include "driver_open.h"

#include <string.h>

#include "driver_report.h"
#include "driver_values.h"

#define FIELDS_MAX 16

typedef struct fields {
  peal_client_field list[FIELDS_MAX];
  size_t count;
} fields;

static void read_fields(fields *out, peal_build *build, peal_val object) {
  out->count = 0;
  if (!peal_val_is(object, PEAL_OBJECT)) {
    return;
  }
  for (uint32_t i = 0; i < object.len && i < FIELDS_MAX; i++) {
    out->list[out->count++] = (peal_client_field){
        peal_val_key(object, i).ptr,
        driver_values_text(build, object.as.pairs[i].value)};
  }
}

static peal_client_transports transports_of(peal_val list) {
  bool polling = peal_slice_is(peal_val_str(peal_val_at(list, 0)), "polling");
  if (peal_val_is(peal_val_at(list, 1), PEAL_STRING)) {
    return polling ? PEAL_CLIENT_POLLING_FIRST : PEAL_CLIENT_WEBSOCKET_FIRST;
  }
  return polling ? PEAL_CLIENT_POLLING_ONLY : PEAL_CLIENT_WEBSOCKET_ONLY;
}

/* A number of the options; `otherwise` if it is not there. */
static uint32_t number(peal_val opts, const char *name, uint32_t otherwise) {
  return (uint32_t)peal_val_int(peal_val_get(opts, name), otherwise);
}

static bool flag(peal_val opts, const char *name, bool otherwise) {
  return peal_val_bool(peal_val_get(opts, name), otherwise);
}

static const char *text(peal_build *build, peal_val opts, const char *name) {
  return driver_values_text(build, peal_val_get(opts, name));
}

/* 0 is a time as any here, and the default of the library. */
static uint32_t or_off(uint32_t ms) {
  return ms ? ms : PEAL_OFF;
}

static peal_client_tls tls_of(peal_build *build, peal_val opts) {
  return (peal_client_tls){
      .ca_file = text(build, opts, "ca"),
      .cert_file = text(build, opts, "cert"),
      .key_file = text(build, opts, "key"),
      .server_name = text(build, opts, "servername"),
      .insecure_no_verify = !flag(opts, "rejectUnauthorized", true),
  };
}

static const peal_parser *parser_of(peal_val opts) {
  return peal_slice_is(peal_val_str(peal_val_get(opts, "parser")), "msgpack")
             ? peal_parser_msgpack()
             : NULL;
}

static peal_client_opts opts_of(peal_build *build, peal_val command) {
  peal_val opts = peal_val_get(command, "opts");
  return (peal_client_opts){
      .url = text(build, command, "url"),
      .path = text(build, opts, "path"),
      .transports = transports_of(peal_val_get(command, "transports")),
      .eio3 = flag(opts, "eio3", false),
      .no_upgrade = !flag(opts, "upgrade", true),
      .remember_upgrade = flag(opts, "rememberUpgrade", false),
      .try_all_transports = flag(opts, "tryAllTransports", false),
      .no_auto_connect = !flag(opts, "autoConnect", true),
      .no_reconnection = !flag(command, "reconnect", false),
      .reconnection_attempts = number(opts, "reconnectionAttempts", 0),
      .reconnection_delay_ms = or_off(number(opts, "reconnectionDelay", 100)),
      .reconnection_delay_max_ms = number(opts, "reconnectionDelayMax", 300),
      .randomization_factor =
          peal_val_double(peal_val_get(opts, "randomizationFactor"), 0),
      .timeout_ms = number(opts, "timeout", 0),
      .request_timeout_ms = number(opts, "requestTimeout", 0),
      .ack_timeout_ms = number(opts, "ackTimeout", 0),
      .retries = number(opts, "retries", 0),
      .max_buffer_bytes = number(opts, "maxBufferBytes", 0),
      .max_buffer_events = number(opts, "maxBufferEvents", 0),
      .buffer_full = flag(opts, "dropOldest", false) ? PEAL_CLIENT_DROP_OLDEST
                                                     : PEAL_CLIENT_REFUSE,
      .max_payload_bytes = number(opts, "maxPayload", 0),
      .parser = parser_of(opts),
      .deflate = {.on = peal_val_is(peal_val_get(opts, "perMessageDeflate"),
                                    PEAL_OBJECT),
                  .threshold_bytes = 1},
      .proxy = text(build, opts, "proxy"),
      .tls = tls_of(build, opts),
      .log = {.level = PEAL_LOG_ERROR},
  };
}

peal_client *driver_open_client(peal_val command, peal_worker *worker) {
  fields headers, query;
  peal_client *client = NULL;
  peal_client_problem why = {.err = PEAL_OK};
  peal_build *build = peal_build_new();
  peal_client_opts opts = opts_of(build, command);
  peal_val more = peal_val_get(command, "opts");
  read_fields(&headers, build, peal_val_get(more, "extraHeaders"));
  read_fields(&query, build, peal_val_get(more, "query"));
  opts.headers = headers.list;
  opts.header_count = headers.count;
  opts.query = query.list;
  opts.query_count = query.count;
  opts.worker = worker;
  peal_err err = peal_client_new(&client, &opts, &why);
  if (err != PEAL_OK) {
    driver_report_error(peal_val_int(peal_val_get(command, "id"), 0), "open",
                        err, why.text);
  }
  peal_build_free(build);
  return client;
}
