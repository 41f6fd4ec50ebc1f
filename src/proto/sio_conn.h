/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_conn: the Socket.IO 5 side of one client connection, either role: which
 * namespaces it is in, packets and their attachments put together, order and
 * shape of everything that comes.
 * In the flow: proto/eio_session -> [sio_conn] -> server/ or client/.
 *
 * It has no queue of its own: what it sends (CONNECT, DISCONNECT,
 * CONNECT_ERROR) is handed to `on_send` at once, which puts it into the
 * session's queue; events and acknowledgements are encoded by the owner
 * (wire/sio_packet) once for all receivers.
 *
 * Events that arrive for a namespace before it has been accepted are held,
 * within limits, and delivered in order behind the acceptance (a client's
 * on_connect delivers them at once).
 *
 * What crosses a DISCONNECT or a refusal on the wire is nobody's mistake: a
 * client drops packets for namespaces it is not in, a server those for the ones
 * it has sent the client away from lately. */
#include <peal/val.h>

#include "base/arena.h"
#include "wire/sio_packet.h"

typedef struct peal_sio_conn peal_sio_conn;
/* One namespace of the connection; lives until its on_disconnect (or refusal)
 * returns. It is out of _next before that, so a handler may join again. */
typedef struct peal_sio_link peal_sio_link;

/* Shared by all connections of an owner; borrowed for life. Zero: default. */
typedef struct peal_sio_conn_opts {
  bool client;
  uint32_t max_attachments;    /* PEAL_LIMIT_SIO_ATTACHMENTS */
  uint32_t max_namespaces;     /* PEAL_LIMIT_SIO_NAMESPACES */
  size_t max_packet_bytes;     /* text and attachments together */
  uint32_t connect_timeout_ms; /* server: 45000 to have joined one */
  uint32_t attach_timeout_ms;  /* PEAL_LIMIT_SIO_ATTACH_MS */
  const peal_mem *mem;
} peal_sio_conn_opts;

typedef struct peal_sio_conn_callbacks {
  /* A text message for the session's queue; taken. */
  void (*on_send)(peal_sio_conn *conn, peal_bytes *text, void *user);
  /* Server: the client wants to join; `auth` is borrowed. Answer by _accept or
   * _refuse, now or later. Client: joined; `auth` is the server's data. */
  void (*on_connect)(peal_sio_conn *conn, peal_sio_link *link, peal_val auth,
                     void *user);
  /* Client: refused; the link is gone after it. */
  void (*on_connect_error)(peal_sio_conn *conn, peal_sio_link *link,
                           peal_val data, void *user);
  /* The peer has left the namespace; the link is gone after it. */
  void (*on_disconnect)(peal_sio_conn *conn, peal_sio_link *link, void *user);
  /* EVENT and BINARY_EVENT: data is an array, attachments are in place. */
  void (*on_event)(peal_sio_conn *conn, peal_sio_link *link,
                   const peal_sio_packet *packet, void *user);
  void (*on_ack)(peal_sio_conn *conn, peal_sio_link *link,
                 const peal_sio_packet *packet, void *user);
} peal_sio_conn_callbacks;

/* Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_sio_conn *peal_sio_conn_new(
    const peal_sio_conn_opts *opts, const peal_sio_conn_callbacks *callbacks,
    void *user, uint64_t now_ms);
/* Allowed in callbacks: takes effect when the outermost call returns; no
 * callback comes after it. None comes for links that are open: walk them
 * first. */
void peal_sio_conn_free(peal_sio_conn *conn);

/* An Engine.IO message. `data` is borrowed, values lie in the arena.
 * Returns: PEAL_OK, or what was wrong; then the machine is dead and the owner
 * closes the connection. */
PEAL_MUST_CHECK peal_err peal_sio_conn_feed(peal_sio_conn *conn, bool binary,
                                            peal_slice data, peal_arena *arena,
                                            uint64_t now_ms);

/* Client: ask to join; `auth` may be undefined. NULL if memory is out, the
 * name is none, there are too many, or it is joined or being joined. */
PEAL_MUST_CHECK peal_sio_link *peal_sio_conn_join(peal_sio_conn *conn,
                                                  peal_slice nsp, peal_val auth,
                                                  void *user);
/* Server: CONNECT with `data`; events are held until _deliver.
 * Returns: PEAL_OK; PEAL_ERR_NOMEM (not accepted); what killed the machine, if
 * it is dead. */
PEAL_MUST_CHECK peal_err peal_sio_conn_accept(peal_sio_conn *conn,
                                              peal_sio_link *link,
                                              peal_val data);
/* Server, behind _accept: deliver what was held, in order, and everything from
 * now on at once. Behind each packet the arena goes back to where it was.
 * Returns: PEAL_OK, or what was wrong with a held packet (the machine is
 * dead). */
PEAL_MUST_CHECK peal_err peal_sio_conn_deliver(peal_sio_conn *conn,
                                               peal_sio_link *link,
                                               peal_arena *arena);
/* Server: CONNECT_ERROR with `data`; the link is gone, what was held is
 * dropped. If memory is out for it, or for the DISCONNECT of _leave, the peer
 * would wait for ever: then the machine is dead, its deadline 0, and the next
 * _feed or _tick says PEAL_ERR_NOMEM. */
void peal_sio_conn_refuse(peal_sio_conn *conn, peal_sio_link *link,
                          peal_val data);
/* Leave: DISCONNECT is sent, the link is gone. No callback. */
void peal_sio_conn_leave(peal_sio_conn *conn, peal_sio_link *link);

/* Links of the connection: start with NULL. Behind a link that is gone there
 * is none: get the next one first. */
peal_sio_link *peal_sio_conn_next(const peal_sio_conn *conn,
                                  const peal_sio_link *link);
/* Server: PEAL_ERR_TIMEOUT at the deadlines (nothing joined in time,
 * attachments that do not come). */
PEAL_MUST_CHECK peal_err peal_sio_conn_tick(peal_sio_conn *conn,
                                            uint64_t now_ms);
uint64_t peal_sio_conn_deadline(const peal_sio_conn *conn);

peal_slice peal_sio_link_nsp(const peal_sio_link *link);
bool peal_sio_link_is_connected(const peal_sio_link *link);
void peal_sio_link_set_user(peal_sio_link *link, void *user);
void *peal_sio_link_user(const peal_sio_link *link);
