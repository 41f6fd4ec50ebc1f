/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_rules: the options of a session, with their defaults. */
#include "proto/eio_types.h"
#include "proto/proto_limits.h"
#include "proto/role.h"

static inline uint32_t peal_eio_rules_or(uint32_t value, uint32_t otherwise) {
  return value ? value : otherwise;
}

/* A client's are what the server said. */
static inline const struct peal_eio_session_peer *peal_eio_rules_peer(
    const peal_eio_session *session) {
  return PEAL_ROLE_IS_CLIENT(session->opts) ? session->hello.peer : NULL;
}

static inline uint32_t peal_eio_rules_ping_interval(
    const peal_eio_session *session) {
  const struct peal_eio_session_peer *peer = peal_eio_rules_peer(session);
  return peer ? peer->interval_ms
              : peal_eio_rules_or(session->opts->ping_interval_ms, 25000);
}

static inline uint32_t peal_eio_rules_ping_timeout(
    const peal_eio_session *session) {
  const struct peal_eio_session_peer *peer = peal_eio_rules_peer(session);
  return peer ? peer->timeout_ms
              : peal_eio_rules_or(session->opts->ping_timeout_ms, 20000);
}

/* How long a peer that is expected to ping may be silent. */
static inline uint64_t peal_eio_rules_patience(
    const peal_eio_session *session) {
  return (uint64_t)peal_eio_rules_ping_interval(session) +
         peal_eio_rules_ping_timeout(session);
}

/* Does this side ping, and the other one answer? In version 3 the client
 * does. */
static inline bool peal_eio_rules_pings(const peal_eio_session *session) {
  return PEAL_ROLE_IS_CLIENT(session->opts) == PEAL_ROLE_IS_EIO3(session);
}

static inline uint32_t peal_eio_rules_upgrade_timeout(
    const peal_eio_session *session) {
  return peal_eio_rules_or(session->opts->upgrade_timeout_ms, 10000);
}

static inline uint32_t peal_eio_rules_close_timeout(
    const peal_eio_session *session) {
  return peal_eio_rules_or(session->opts->close_timeout_ms, 30000);
}

static inline size_t peal_eio_rules_max_payload(
    const peal_eio_session *session) {
  return session->opts->max_payload_bytes ? session->opts->max_payload_bytes
                                          : PEAL_LIMIT_PAYLOAD_BYTES;
}

static inline size_t peal_eio_rules_max_queue(const peal_eio_session *session) {
  if (session->max_queue_bytes)
    return session->max_queue_bytes;
  return session->opts->max_queue_bytes ? session->opts->max_queue_bytes
                                        : PEAL_LIMIT_QUEUE_BYTES;
}

static inline size_t peal_eio_rules_max_queue_soft(
    const peal_eio_session *session) {
  return session->opts->max_queue_soft_bytes
             ? session->opts->max_queue_soft_bytes
             : PEAL_LIMIT_QUEUE_SOFT_BYTES;
}

static inline bool peal_eio_rules_is_client(const peal_eio_session *session) {
  return PEAL_ROLE_IS_CLIENT(session->opts);
}

/* The trial of a WebSocket that is under way; there is none without polling. */
static inline peal_eio_probe *peal_eio_rules_probe(
    const peal_eio_session *session) {
  return PEAL_ROLE_HAS_POLLING ? session->probe : NULL;
}
