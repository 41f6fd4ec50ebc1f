/* SPDX-License-Identifier: MIT */
#pragma once
/* onlooker: who wants to see what happens on a server: its clients' ends and
 * upgrades, sockets, rooms, data. There is at most one, made before the run;
 * without it each place costs a look at a pointer. Each verb is called on the
 * worker of what it is about, in the middle of it: nothing of the server may be
 * called back there that changes it. */
#include <peal/server.h>

typedef struct peal_onlooker peal_onlooker;

typedef struct peal_onlooker_verbs {
  /* An Engine.IO session has ended. */
  void (*ended)(peal_onlooker *onlooker, peal_worker *worker,
                peal_reason reason);
  /* A socket's client has left polling for a WebSocket. */
  void (*upgraded)(peal_onlooker *onlooker, peal_socket *socket);
  /* A socket has become a member of its namespace, or is none any more: it has
   * left its rooms, which were told before. */
  void (*came)(peal_onlooker *onlooker, peal_socket *socket);
  void (*went)(peal_onlooker *onlooker, peal_socket *socket,
               peal_reason reason);
  /* A socket has joined a room, or is about to leave it; not that of its own
   * id. Also before it came. */
  void (*room)(peal_onlooker *onlooker, peal_socket *socket, peal_slice room,
               bool joined);
  /* Another value of peal_socket_set_data. */
  void (*data)(peal_onlooker *onlooker, peal_socket *socket);
} peal_onlooker_verbs;

/* The first member of what an onlooker is. */
struct peal_onlooker {
  const peal_onlooker_verbs *verbs;
  /* `data` of a socket that is described to others has `_admin` in it, as the
   * reference's admin UI has it there. */
  bool marks_data;
};
