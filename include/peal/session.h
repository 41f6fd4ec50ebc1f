/* SPDX-License-Identifier: MIT */
#pragma once
/* session: named values of one client in one namespace, for longer than its
 * socket: a client that leaves the namespace and joins it again on the same
 * connection finds them, and so does one that comes back by recovery
 * (peal_recovery_opts, in memory). They end with the connection, or with what
 * recovery keeps of it. Reference: python-socketio's get_session, save_session
 * and session(), Flask-SocketIO's session.
 *
 *   connection ── namespace ── "user": {"id": 7}
 *                         └─── "seen": 12
 *
 * What is the socket's alone is in <peal/handle.h> (peal_socket_key), what other
 * nodes may see is peal_socket_set_data.
 *
 * All functions run on the worker of the socket, from its middleware on until its
 * last disconnect handler has returned. */
#include <peal/base.h>
#include <peal/server.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Keep a copy of this value under this name, which is copied, instead of what was
 * there; undefined: nothing any more. It is charged to the client.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_CLOSED (its client has gone),
 * PEAL_ERR_LIMIT (more than its client may make us hold), PEAL_ERR_NOMEM (also if
 * it is nested deeper than 128): it is as before. */
PEAL_API peal_err peal_session_set(peal_socket *socket, const char *name,
                                   peal_val value);
/* What is kept under this name; undefined if nothing. Borrowed until it is set
 * again, or the handler has returned. */
PEAL_API peal_val peal_session_get(const peal_socket *socket, const char *name);
/* How many values are kept. */
PEAL_API size_t peal_session_count(const peal_socket *socket);
/* The name of value `index` below the count, in the order of their first setting,
 * and the value (`value` may be NULL); NULL if there are not so many. Borrowed as
 * that of peal_session_get. */
PEAL_API const char *peal_session_at(const peal_socket *socket, size_t index,
                                     peal_val *value);
/* Forget all of them. */
PEAL_API void peal_session_clear(peal_socket *socket);

#ifdef __cplusplus
}
#endif
