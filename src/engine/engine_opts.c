/* SPDX-License-Identifier: MIT */
#include "engine/engine_opts.h"

#include <string.h>

#include "base/reserved.h"
#include "proto/proto_limits.h"
#include "wire/deflate_terms.h"

const char *peal_engine_opts_wrong(const peal_engine_server_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->cors) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->cookie) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->log) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->deflate))
    return "an option that this library does not know";
  if (!peal_deflate_terms_is_known(&opts->deflate))
    return "deflate has windows of 9 to 15 bits, levels of 1 to 9, and "
           "mem_level of 1 to 9";
  if (opts->transports & ~3u)
    return "transports has an unknown bit";
  if ((unsigned)opts->queue_policy > PEAL_QUEUE_DROP_OLDEST)
    return "queue_policy is unknown";
  if (opts->max_queue_soft_bytes >
      (opts->max_queue_bytes ? opts->max_queue_bytes : PEAL_LIMIT_QUEUE_BYTES))
    return "max_queue_soft_bytes is above max_queue_bytes";
  if (opts->http &&
      (opts->host || opts->port || opts->no_listen || opts->tls ||
       opts->workers || opts->max_target_bytes || opts->max_held_bytes ||
       opts->proxies || opts->forwarded || opts->proxy_protocol))
    return "host, port, no_listen, tls, workers, proxies, forwarded, "
           "proxy_protocol, "
           "max_target_bytes and max_held_bytes belong to the http server that "
           "was given";
  if (opts->cors.credentials && opts->cors.origins &&
      !strcmp(opts->cors.origins, "*"))
    return "cors.origins \"*\" cannot go with cors.credentials";
  return NULL;
}

static bool keep(const char **text, peal_arena *strings) {
  if (!*text)
    return true;
  *text = peal_arena_str(strings, peal_slice_of(*text));
  return *text != NULL;
}

peal_err peal_engine_opts_keep(peal_engine_server_opts *opts,
                               peal_arena *strings) {
  return keep(&opts->path, strings) && keep(&opts->cookie.name, strings) &&
                 keep(&opts->cookie.path, strings) &&
                 keep(&opts->cookie.same_site, strings)
             ? PEAL_OK
             : PEAL_ERR_NOMEM;
}

peal_err peal_engine_opts_http(const peal_engine_server_opts *opts,
                               peal_http_server **out) {
  *out = opts->http;
  if (opts->http)
    return PEAL_OK;
  return peal_http_server_new(
      out, &(peal_http_server_opts){.host = opts->host,
                                    .port = opts->port,
                                    .no_listen = opts->no_listen,
                                    .tls = opts->tls,
                                    .workers = opts->workers,
                                    .proxies = opts->proxies,
                                    .forwarded = opts->forwarded,
                                    .proxy_protocol = opts->proxy_protocol,
                                    .max_target_bytes = opts->max_target_bytes,
                                    .max_held_bytes = opts->max_held_bytes,
                                    .log = opts->log,
                                    .mem = opts->mem});
}

void peal_engine_opts_report(const peal_engine_server_opts *opts,
                             peal_logger *log, const char *why) {
  peal_logger *own = log ? NULL : peal_logger_new(opts ? &opts->log : NULL);
  if (log || own)
    peal_logger_write(log ? log : own, PEAL_LOG_ERROR, "server",
                      (peal_slice){0}, (peal_slice){0},
                      "cannot make the server: %s", why);
  peal_logger_free(own);
}
