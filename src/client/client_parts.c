/* SPDX-License-Identifier: MIT */
#include "client/client_parts.h"

#include "proto/backoff.h"
#include "proto/parser.h"

static uint32_t jitter_of(double factor) {
  if (factor < 0)
    return UINT32_MAX;
  uint32_t jitter = (uint32_t)(factor * PEAL_BACKOFF_ONE);
  return factor > 0 && !jitter ? UINT32_MAX : jitter;
}

void peal_client_parts_set_machine(peal_client *client,
                                   const peal_client_opts *opts) {
  size_t payload = opts->max_payload_bytes ? opts->max_payload_bytes
                                           : PEAL_LIMIT_CLIENT_PAYLOAD_BYTES;
  client->machine_opts = (peal_sio_client_opts){
      .conn = {.client = true,
               .sio2 = opts->eio3,
               .max_attachments =
                   opts->max_attachments ? opts->max_attachments : PEAL_OFF,
               .max_packet_bytes = payload,
               .parser = peal_parser_other(opts->parser),
               .mem = client->worker->mem},
      .no_reconnection = opts->no_reconnection,
      .no_first_retry = opts->no_first_retry,
      .reconnection_attempts = opts->reconnection_attempts,
      .delay_ms = opts->reconnection_delay_ms,
      .delay_max_ms = opts->reconnection_delay_max_ms,
      .jitter = jitter_of(opts->randomization_factor),
      .timeout_ms = opts->timeout_ms,
      .ack_timeout_ms = opts->ack_timeout_ms,
      .retries = opts->retries,
      .max_buffer_bytes = opts->max_buffer_bytes,
      .max_buffer_events = opts->max_buffer_events,
      .drop_oldest = opts->buffer_full == PEAL_CLIENT_DROP_OLDEST};
}

/* What waits on a connection is bounded where it is emitted: an engine that
 * refuses would lose what stands between two events. */
void peal_client_parts_set_engine(peal_client *client,
                                  const peal_client_setup *setup) {
  const peal_client_opts *opts = &setup->opts;
  client->engine_opts = (peal_client_engine_opts){
      .tls = setup->is_tls ? client->tls : NULL,
      .proxy_tls = client->tls,
      .host = setup->host,
      .port = setup->port,
      .authority = setup->authority,
      .path = setup->path,
      .query = setup->query,
      .transports = opts->transports,
      .eio3 = opts->eio3,
      .no_upgrade = opts->no_upgrade,
      .try_all_transports = opts->try_all_transports,
      .no_timestamp = opts->no_timestamp,
      .deflate = opts->deflate,
      .headers = opts->headers,
      .header_count = opts->header_count,
      .cookies = opts->no_cookies ? NULL : &client->cookies,
      .proxy = opts->proxy,
      .timeout_ms = opts->timeout_ms,
      .request_timeout_ms = opts->request_timeout_ms,
      .max_payload_bytes = opts->max_payload_bytes,
      .max_queue_bytes = SIZE_MAX / 2,
      .account = &client->account_worker};
}
