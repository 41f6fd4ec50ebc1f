/* SPDX-License-Identifier: MIT */
/* server_json: a server from options that are written as JSON, for languages
 * that have no structs of C. */
#include <peal/server.h>

#include "engine/engine_opts.h"
#include "events/opts_json.h"

#define ROW(field, kind, words)                                                \
  PEAL_OPTS_ROW(peal_server_opts, field, kind, words)
#define TEXT(field) ROW(field, PEAL_OPTS_TEXT, NULL)
#define FLAG(field) ROW(field, PEAL_OPTS_FLAG, NULL)
#define U32(field) ROW(field, PEAL_OPTS_U32, NULL)
#define BYTE(field) ROW(field, PEAL_OPTS_BYTE, NULL)
#define SIZE(field) ROW(field, PEAL_OPTS_SIZE, NULL)

_Static_assert(sizeof(peal_queue_policy) == sizeof(uint32_t),
               "a number of PEAL_OPTS_WORD has 32 bits");

static const peal_opts_row rows[] = {
    TEXT(host),
    ROW(port, PEAL_OPTS_INT, NULL),
    FLAG(no_listen),
    U32(workers),
    TEXT(proxies),
    ROW(forwarded, PEAL_OPTS_WORD, "either x rfc7239"),
    FLAG(proxy_protocol),
    SIZE(max_target_bytes),
    SIZE(max_held_bytes),
    ROW(log.level, PEAL_OPTS_WORD, "default error warn info debug"),
    ROW(log.format, PEAL_OPTS_WORD, "text keys json"),
    TEXT(path),
    FLAG(no_trailing_slash),
    U32(transports),
    FLAG(no_upgrades),
    U32(ping_interval_ms),
    U32(ping_timeout_ms),
    U32(upgrade_timeout_ms),
    U32(connect_timeout_ms),
    SIZE(max_payload_bytes),
    SIZE(compress_threshold_bytes),
    FLAG(deflate.on),
    FLAG(deflate.server_context_takeover),
    FLAG(deflate.client_context_takeover),
    BYTE(deflate.server_max_window_bits),
    BYTE(deflate.client_max_window_bits),
    BYTE(deflate.level),
    BYTE(deflate.mem_level),
    SIZE(deflate.threshold_bytes),
    TEXT(cors.origins),
    TEXT(cors.methods),
    TEXT(cors.headers),
    TEXT(cors.expose),
    FLAG(cors.credentials),
    U32(cors.max_age_s),
    FLAG(cors.private_network),
    TEXT(cors.option_name),
    TEXT(cookie.name),
    TEXT(cookie.path),
    FLAG(cookie.no_http_only),
    TEXT(cookie.same_site),
    FLAG(cookie.secure),
    U32(cookie.max_age_s),
    FLAG(no_client),
    FLAG(cleanup_empty_namespaces),
    TEXT(client_dir),
    U32(max_clients),
    U32(max_clients_per_address),
    U32(first_use_timeout_ms),
    SIZE(max_queue_bytes),
    SIZE(max_queue_soft_bytes),
    ROW(queue_policy, PEAL_OPTS_WORD, "close drop_newest drop_oldest"),
    U32(max_attachments),
    U32(max_namespaces),
    U32(max_rooms),
    U32(max_acks),
    SIZE(max_auth_bytes),
    U32(recovery.window_ms),
    SIZE(recovery.max_bytes),
    FLAG(recovery.run_middlewares),
    FLAG(auto_ack),
    U32(event_rate.per_s),
    U32(event_rate.burst),
    ROW(event_rate.policy, PEAL_OPTS_WORD, "drop error disconnect"),
    U32(slow_handler_ms),
    FLAG(allow_eio3),
    U32(stop_timeout_ms),
    U32(stop_spread_ms),
    TEXT(handover),
    ROW(parser, PEAL_OPTS_PARSER, NULL),
};

static const peal_opts_table table = {rows, sizeof rows / sizeof *rows};

peal_server *peal_server_new_json(peal_slice json) {
  peal_server_opts opts = {0};
  peal_arena strings;
  char why[PEAL_OPTS_WHY];
  peal_arena_init(&strings, NULL, 512, 0);
  peal_server *server = NULL;
  if (peal_opts_json_read(&opts, &table, json, &strings, why))
    server = peal_server_new(&opts);
  else
    peal_engine_opts_report(&(peal_engine_server_opts){.log = opts.log}, NULL,
                            why);
  peal_arena_deinit(&strings);
  return server;
}
