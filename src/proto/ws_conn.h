/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_conn: one WebSocket connection after its opening handshake, either role
 * (RFC6455): frames to messages and messages to frames, control frames,
 * the close handshake.
 * In the flow: net/stream -> [ws_conn] -> proto/eio_session, and back by pull.
 *
 * After any call the owner pulls until empty, writes, reports _sent and
 * re-arms _deadline. An idle connection owns no buffers. */
#include <peal/base.h>

#include "base/bytes.h"
#include "base/iovs.h"
#include "wire/ws_frame.h"

typedef struct peal_ws_conn peal_ws_conn;

typedef struct peal_ws_conn_opts {
  bool client;               /* role: masks what it sends, else demands masks */
  size_t max_message_bytes;  /* 0: PEAL_LIMIT_PAYLOAD_BYTES */
  uint32_t close_timeout_ms; /* wait for the peer's close; 0: 5000 */
  peal_bytes *head;    /* sent before the first frame: the answer to the opening
                       handshake (a reference is taken); NULL: nothing */
  const peal_mem *mem; /* borrowed; NULL: libc */
  uint32_t (*mask)(void *user); /* client: a fresh unpredictable key */
} peal_ws_conn_opts;

typedef struct peal_ws_conn_callbacks {
  /* A whole message: `opcode` is PEAL_WS_TEXT (valid UTF-8) or
   * PEAL_WS_BINARY; `data` is borrowed. */
  void (*on_message)(peal_ws_conn *conn, peal_ws_opcode opcode, peal_slice data,
                     void *user);
  /* Exactly once: the handshake is over or was broken. `err` is PEAL_OK after
   * a clean close; `code` is the peer's close code, 1005 if it gave none, 1006
   * if no close frame came. Bytes may still wait to be pulled (our close
   * frame): write them, then close the stream. No message comes after it. */
  void (*on_close)(peal_ws_conn *conn, peal_err err, unsigned code,
                   peal_slice reason, void *user);
} peal_ws_conn_callbacks;

/* Returns NULL if memory is out. `callbacks` is borrowed for life. */
PEAL_MUST_CHECK peal_ws_conn *peal_ws_conn_new(
    const peal_ws_conn_opts *opts, const peal_ws_conn_callbacks *callbacks,
    void *user);
/* Allowed inside a callback (takes effect when _feed returns). */
void peal_ws_conn_free(peal_ws_conn *conn);

/* Bytes of the stream. `data` is borrowed and WRITTEN TO: payloads are
 * unmasked in place, whole messages inside `data` are delivered without a
 * copy. All of it is used. A violation queues the close frame with its code
 * (1002, 1007, 1009), reports on_close and makes the machine dead: each later
 * feed returns the same error. The size limit is applied to the announced
 * length before any buffering.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED after the end, the violation,
 * PEAL_ERR_NOMEM (1011). */
PEAL_MUST_CHECK peal_err peal_ws_conn_feed(peal_ws_conn *conn, char *data,
                                           size_t len, uint64_t now_ms);

/* Queue a message; the bytes are shared (a reference is taken and given back
 * when sent). `prefix`, if not 0, is a byte sent before them in the same frame
 * (the Engine.IO type digit).
 * Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_ws_conn_send(peal_ws_conn *conn,
                                           peal_ws_opcode opcode, char prefix,
                                           peal_bytes *bytes);
/* Queue a ping (payload copied, at most 125 bytes). */
PEAL_MUST_CHECK peal_err peal_ws_conn_ping(peal_ws_conn *conn,
                                           peal_slice payload);
/* Begin the close handshake; code 0 sends a close frame without code.
 * Messages queued before it are still sent. A no-op once closing. */
void peal_ws_conn_close(peal_ws_conn *conn, unsigned code, peal_slice reason,
                        uint64_t now_ms);

/* Bytes to write, see base/iovs.h; queued messages and control frames in
 * order (a pong may overtake messages, never cuts into a frame). */
void peal_ws_conn_pull(peal_ws_conn *conn, peal_iovs *out);
/* `len` bytes of what was pulled have left. */
void peal_ws_conn_sent(peal_ws_conn *conn, size_t len);
/* Bytes queued and not sent. */
size_t peal_ws_conn_queued(const peal_ws_conn *conn);
/* Messages queued and not wholly sent. */
size_t peal_ws_conn_queued_messages(const peal_ws_conn *conn);

/* When _tick wants to be called; UINT64_MAX: never. */
uint64_t peal_ws_conn_deadline(const peal_ws_conn *conn);
void peal_ws_conn_tick(peal_ws_conn *conn, uint64_t now_ms);
/* Closed on both sides and nothing left to pull: the stream can be closed. */
bool peal_ws_conn_is_done(const peal_ws_conn *conn);
