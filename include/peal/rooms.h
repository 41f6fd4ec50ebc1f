/* SPDX-License-Identifier: MIT */
#pragma once
/* rooms: what becomes of the rooms of a namespace, and which there are.
 *
 *   peal_join ──> CREATED (the first who joins), JOINED
 *   peal_leave, the socket's end, its refusal ──> LEFT, DELETED (the last)
 *
 * Joining and leaving are in <peal/server.h>. */
#include <peal/base.h>
#include <peal/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- what becomes of them --------------------------------------------------- */

/* Reference: create-room, join-room, leave-room, delete-room of an adapter. */
typedef enum peal_room_change {
  PEAL_ROOM_CREATED, /* nobody of this node was in it */
  PEAL_ROOM_JOINED,  /* the socket is in it */
  PEAL_ROOM_LEFT,    /* the socket is not in it any more */
  PEAL_ROOM_DELETED  /* nobody of this node is in it any more */
} peal_room_change;

/* A room of this namespace has changed; all is borrowed until the function
 * returns. `socket` is NULL of CREATED and DELETED. The room of a socket's own
 * id is one as others: JOINED in front of its connect handlers, LEFT behind the
 * disconnecting ones. */
typedef void (*peal_room_fn)(peal_nsp *nsp, peal_room_change change,
                             peal_slice room, peal_socket *socket, void *user);
/* Call `fn` for each change, on the worker of the socket, inside the call that
 * makes it: CREATED in front of JOINED, DELETED behind LEFT. Of several workers
 * the one whose socket was first, or last, tells CREATED, or DELETED: for all
 * together, exactly once. Registered as peal_on; who registers during the run
 * hears of what comes, and of rooms that there are neither CREATED nor JOINED.
 * While nobody has registered it costs nothing.
 * Returns: as all that register. Thread: any. */
PEAL_API peal_err peal_on_room(peal_nsp *nsp, peal_room_fn fn, void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_room(peal_nsp *nsp, peal_room_fn fn, void *user);

/* -- which there are --------------------------------------------------------- */

/* Ask all workers, and all nodes of a cluster, which rooms there are: for each an
 * object with `room`, its name, and `count`, how many are in it; `count` of what
 * was fetched is how many rooms there are. The room of an id is among them only if
 * another socket is in it, too. Other nodes are asked for all their sockets (peal_nsp_fetch): in a large cluster that
 * is much; `to` with is_local asks this node alone, and takes as long as it has
 * rooms. Otherwise `to` is to be NULL, or {0}.
 * `fn` comes as that of peal_nsp_count. Returns: as peal_nsp_count. Reference:
 * adapter.rooms. Thread: any. */
PEAL_API peal_err peal_nsp_rooms(peal_nsp *nsp, const peal_to *to,
                                 peal_fetched_fn fn, void *user);
/* The rooms of one socket, wherever it is, as texts, its own id among them; none
 * if there is no such socket. Otherwise as peal_nsp_rooms (python-socketio:
 * rooms). Thread: any. */
PEAL_API peal_err peal_nsp_rooms_of(peal_nsp *nsp, const char *id,
                                    peal_fetched_fn fn, void *user);
/* All leave it, on all nodes (python-socketio: close_room). Returns: as
 * peal_nsp_leave. Thread: any. */
PEAL_API peal_err peal_nsp_close_room(peal_nsp *nsp, const char *room);

#ifdef __cplusplus
}
#endif
