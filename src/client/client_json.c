/* SPDX-License-Identifier: MIT */
/* client_json: a client from options that are written as JSON, for languages
 * that have no structs of C. */
#include "client/client_opts.h"
#include "events/opts_json.h"

#define ROW(field, kind, words)                                                \
  PEAL_OPTS_ROW(peal_client_opts, field, kind, words)
#define TEXT(field) ROW(field, PEAL_OPTS_TEXT, NULL)
#define FLAG(field) ROW(field, PEAL_OPTS_FLAG, NULL)
#define U32(field) ROW(field, PEAL_OPTS_U32, NULL)
#define BYTE(field) ROW(field, PEAL_OPTS_BYTE, NULL)
#define SIZE(field) ROW(field, PEAL_OPTS_SIZE, NULL)

_Static_assert(sizeof(peal_client_transports) == sizeof(int) &&
                   sizeof(peal_client_full) == sizeof(int),
               "a word of PEAL_OPTS_WORD is an int");
_Static_assert(offsetof(peal_client_opts, header_count) ==
                       offsetof(peal_client_opts, headers) + sizeof(void *) &&
                   offsetof(peal_client_opts, query_count) ==
                       offsetof(peal_client_opts, query) + sizeof(void *),
               "the number of PEAL_OPTS_FIELDS stands behind them");

static const peal_opts_row rows[] = {
    TEXT(url),
    TEXT(path),
    ROW(transports, PEAL_OPTS_WORD,
        "polling_first websocket_first polling_only websocket_only"),
    FLAG(no_upgrade),
    FLAG(remember_upgrade),
    FLAG(try_all_transports),
    FLAG(no_auto_connect),
    FLAG(no_reconnection),
    FLAG(no_first_retry),
    U32(reconnection_attempts),
    U32(reconnection_delay_ms),
    U32(reconnection_delay_max_ms),
    ROW(randomization_factor, PEAL_OPTS_DOUBLE, NULL),
    U32(timeout_ms),
    U32(request_timeout_ms),
    U32(ack_timeout_ms),
    U32(retries),
    SIZE(max_buffer_bytes),
    U32(max_buffer_events),
    ROW(buffer_full, PEAL_OPTS_WORD, "refuse drop_oldest"),
    SIZE(max_queue_bytes),
    SIZE(max_payload_bytes),
    U32(max_attachments),
    FLAG(deflate.on),
    FLAG(deflate.server_context_takeover),
    FLAG(deflate.client_context_takeover),
    BYTE(deflate.server_max_window_bits),
    BYTE(deflate.client_max_window_bits),
    BYTE(deflate.level),
    BYTE(deflate.mem_level),
    SIZE(deflate.threshold_bytes),
    ROW(parser, PEAL_OPTS_PARSER, NULL),
    TEXT(tls.ca_file),
    TEXT(tls.ca_dir),
    TEXT(tls.cert_file),
    TEXT(tls.key_file),
    TEXT(tls.server_name),
    FLAG(tls.tls13_only),
    FLAG(tls.insecure_no_verify),
    TEXT(proxy),
    ROW(headers, PEAL_OPTS_FIELDS, NULL),
    ROW(query, PEAL_OPTS_FIELDS, NULL),
    FLAG(no_cookies),
    FLAG(no_timestamp),
    FLAG(eio3),
    ROW(log.level, PEAL_OPTS_WORD, "default error warn info debug"),
    ROW(log.format, PEAL_OPTS_WORD, "text keys json"),
};

static const peal_opts_table table = {rows, sizeof rows / sizeof *rows};

peal_err peal_client_new_json(peal_client **out, peal_slice json,
                              peal_client_problem *why) {
  peal_client_opts opts = {0};
  peal_arena strings;
  char text[PEAL_OPTS_WHY];
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  peal_arena_init(&strings, NULL, 512, 0);
  peal_err err =
      peal_opts_json_read(&opts, &table, json, &strings, text)
          ? peal_client_new(out, &opts, why)
          : peal_client_opts_problem(why, PEAL_ERR_OPTION, "%s", text);
  peal_arena_deinit(&strings);
  return err;
}
