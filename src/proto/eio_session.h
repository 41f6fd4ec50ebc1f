/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_session: one Engine.IO 4 session, either role: heartbeat, the upgrade
 * from polling to WebSocket, the send queue, the close.
 * In the flow: proto/ws_conn, wire/eio_payload -> [eio_session] ->
 * proto/sio_conn, and back by _next and _pop.
 *
 * The session knows two ways (`via`): polling and a WebSocket. One of them is
 * current; while a polling session upgrades, the WebSocket is the probe. After
 * any call the owner takes packets by _next/_pop for each way it can write to,
 * and re-arms _deadline. */
#include <peal/base.h>

#include "base/arena.h"
#include "proto/eio_queue.h"
#include "wire/eio_packet.h"

typedef struct peal_eio_session peal_eio_session;

typedef enum peal_eio_via { PEAL_EIO_POLLING, PEAL_EIO_WEBSOCKET } peal_eio_via;

typedef enum peal_eio_reason {
  PEAL_EIO_TRANSPORT_CLOSE, /* the peer closed */
  PEAL_EIO_TRANSPORT_ERROR,
  PEAL_EIO_PARSE_ERROR,
  PEAL_EIO_PING_TIMEOUT,
  PEAL_EIO_FORCED_CLOSE, /* we closed */
  PEAL_EIO_SLOW_CONSUMER /* the send queue reached its ceiling */
} peal_eio_reason;

typedef enum peal_eio_policy {
  PEAL_EIO_POLICY_CLOSE,
  PEAL_EIO_POLICY_DROP_NEWEST,
  PEAL_EIO_POLICY_DROP_OLDEST
} peal_eio_policy;

/* Shared by all sessions of an owner; borrowed for life. Zero: default. */
typedef struct peal_eio_session_opts {
  bool client;
  uint32_t ping_interval_ms;   /* 25000 */
  uint32_t ping_timeout_ms;    /* 20000 */
  uint32_t upgrade_timeout_ms; /* 10000 */
  uint32_t close_timeout_ms;   /* 30000: an orderly close may take */
  size_t max_payload_bytes;    /* PEAL_LIMIT_PAYLOAD_BYTES */
  size_t max_queue_bytes;      /* PEAL_LIMIT_QUEUE_BYTES */
  size_t max_queue_soft_bytes; /* PEAL_LIMIT_QUEUE_SOFT_BYTES */
  peal_eio_policy policy;
  bool no_upgrades; /* server: offer none */
  const peal_mem *mem;
} peal_eio_session_opts;

typedef struct peal_eio_session_callbacks {
  /* Client: the handshake has come, _sid is known. */
  void (*on_open)(peal_eio_session *session, void *user);
  /* `data` is borrowed until the return. */
  void (*on_message)(peal_eio_session *session, bool binary, peal_slice data,
                     void *user);
  /* Client: the probe was answered; bring polling to rest, then call
   * _switch. */
  void (*on_probed)(peal_eio_session *session, void *user);
  /* The WebSocket is current now; polling is to be ended by the owner. */
  void (*on_upgrade)(peal_eio_session *session, void *user);
  /* The queue had refused, dropped or passed the soft ceiling, and is empty
   * again. */
  void (*on_drain)(peal_eio_session *session, void *user);
  /* Exactly once: the session is over. `err` says more exactly why. Packets
   * (a close) may still be taken by _next. */
  void (*on_close)(peal_eio_session *session, peal_eio_reason reason,
                   peal_err err, void *user);
} peal_eio_session_callbacks;

/* A packet to send. */
typedef struct peal_eio_out {
  uint8_t type; /* peal_eio_type */
  bool binary;  /* a message of bytes */
  bool no_compress;
  peal_message *message; /* whose part this is (borrowed until _pop), or NULL */
  size_t part;
  peal_slice data; /* borrowed until _pop */
} peal_eio_out;

/* Server role: a session that begins on `via`, with an `open` packet first in
 * its queue. `sid` is 20 characters (copied). Client role: `sid` is NULL, it
 * comes with the handshake.
 * Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_eio_session *peal_eio_session_new(
    const peal_eio_session_opts *opts,
    const peal_eio_session_callbacks *callbacks, void *user, const char *sid,
    peal_eio_via via, uint64_t now_ms);
/* Allowed in callbacks: takes effect when the outermost call returns; no
 * callback comes after it, not even on_close. */
void peal_eio_session_free(peal_eio_session *session);

/* A polling body: POST (server), answer to GET (client). Base64 goes to the
 * arena. All its packets are processed in order until one closes the session.
 * Returns: PEAL_OK; an error of class PEER, LIMIT or MEMORY that has closed
 * the session; PEAL_ERR_CLOSED if it was closed before (a `1` still ends it);
 * PEAL_ERR_SIO_STATE if the WebSocket is current: the body is dropped, as the
 * rest of a transport that was left (reference 3.3). */
PEAL_MUST_CHECK peal_err
peal_eio_session_feed_payload(peal_eio_session *session, peal_slice body,
                              peal_arena *arena, uint64_t now_ms);
/* A WebSocket message. Returns as above; PEAL_ERR_SIO_STATE if the probe broke
 * the upgrade: close that WebSocket, the session lives on polling. */
PEAL_MUST_CHECK peal_err peal_eio_session_feed_frame(peal_eio_session *session,
                                                     bool binary,
                                                     peal_slice data,
                                                     peal_arena *arena,
                                                     uint64_t now_ms);

/* Server: a WebSocket came with this session's id. Client: it is open, the
 * probe may begin. It ends without an answer if it takes too long: then
 * _is_upgrading is false after a _tick, and the owner closes the WebSocket.
 * Returns: PEAL_OK, PEAL_ERR_SIO_STATE (there is one already, none was offered,
 * or the session is closing). */
PEAL_MUST_CHECK peal_err peal_eio_session_attach(peal_eio_session *session,
                                                 uint64_t now_ms);
/* This way is gone. The probe's end leaves the session on polling; the
 * current way's end closes it with `reason`. */
void peal_eio_session_detach(peal_eio_session *session, peal_eio_via via,
                             peal_eio_reason reason, peal_err err,
                             uint64_t now_ms);
/* End at once for a reason of the owner's, both ways being there: what waits is
 * dropped, a waiting GET is released with `1`. */
void peal_eio_session_kill(peal_eio_session *session, peal_eio_reason reason,
                           peal_err err, uint64_t now_ms);

/* Queue a message (one more reference is held). A message that replaces one of
 * the same key is charged with the difference only.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED; PEAL_ERR_NOMEM; PEAL_ERR_QUEUE_FULL: not
 * queued (and closed, if the policy says so). */
PEAL_MUST_CHECK peal_err peal_eio_session_send(peal_eio_session *session,
                                               const peal_eio_item *item,
                                               uint64_t now_ms);
/* Send what is queued, then a close packet, then end; on_close comes at once
 * with PEAL_EIO_FORCED_CLOSE and `err`. `discard`: drop the queue. */
void peal_eio_session_close(peal_eio_session *session, bool discard,
                            peal_err err, uint64_t now_ms);

/* The next packet for this way; false if there is none. */
bool peal_eio_session_next(peal_eio_session *session, peal_eio_via via,
                           peal_eio_out *out);
/* What _next showed has been handed to the transport. */
void peal_eio_session_pop(peal_eio_session *session, peal_eio_via via,
                          uint64_t now_ms);
/* Client: the probe was answered (on_probed) and polling has come to rest: send
 * `upgrade` and make the WebSocket current. Returns: PEAL_OK,
 * PEAL_ERR_SIO_STATE (no answered probe). */
PEAL_MUST_CHECK peal_err peal_eio_session_switch(peal_eio_session *session,
                                                 uint64_t now_ms);
/* Server, polling: a GET waits. Used for the no-ops of an upgrade: every
 * 100 ms a waiting GET is released (reference: 3.3). */
void peal_eio_session_poll_waits(peal_eio_session *session, bool waits,
                                 uint64_t now_ms);
/* Can the current way take a message without delay? Set by the owner; decides
 * over volatile messages together with the soft ceiling. */
void peal_eio_session_set_writable(peal_eio_session *session, bool writable);
bool peal_eio_session_is_writable(const peal_eio_session *session);

uint64_t peal_eio_session_deadline(const peal_eio_session *session);
void peal_eio_session_tick(peal_eio_session *session, uint64_t now_ms);

/* 20 characters, terminated; "" before a client's handshake. */
const char *peal_eio_session_sid(const peal_eio_session *session);
/* Client, after the handshake: does the server offer a WebSocket, and how many
 * bytes may a polling body have? */
bool peal_eio_session_can_upgrade(const peal_eio_session *session);
size_t peal_eio_session_peer_max_payload(const peal_eio_session *session);
peal_eio_via peal_eio_session_current(const peal_eio_session *session);
bool peal_eio_session_is_open(const peal_eio_session *session);
/* Closed, and nothing is left to take by _next. */
bool peal_eio_session_is_done(const peal_eio_session *session);
bool peal_eio_session_is_upgrading(const peal_eio_session *session);
size_t peal_eio_session_queued_bytes(const peal_eio_session *session);
/* Another ceiling and policy than the options'; 0: the options'. */
void peal_eio_session_set_queue(peal_eio_session *session, size_t max_bytes,
                                peal_eio_policy policy);
