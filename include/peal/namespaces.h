/* SPDX-License-Identifier: MIT */
#pragma once
/* namespaces: namespaces that come and go while a server runs: parents, which
 * stand for all of a pattern or of a function, and their children, which clients
 * make by asking for them.
 *
 *   CONNECT to a name
 *      |  there is one of this name  ----------------------> its middleware
 *      |  none: the parents, in the order of registration
 *      |     a pattern: does it match?      yes: a child --> its middleware
 *      |     a function: may it be?         yes: a child --> its middleware
 *      v
 *   CONNECT_ERROR {"message":"Invalid namespace"}
 *
 * A parent is a peal_nsp without sockets of its own. What is registered with it
 * (peal_on, peal_use and all others that register) is registered with each of
 * its children, with those that there are and with those that come; what is
 * removed from it is removed from each. A child may have more of its own.
 *
 *   peal_nsp_emit, _join, _leave, _disconnect, _each   go to all children
 *   those that ask (_count, _members, _fetch, _rooms, _emit_ack, _emit_stored,
 *   _server_emit)                return PEAL_ERR_USAGE: ask each child
 *
 * In a cluster it is to the children that this node has, and for each to all
 * nodes.
 *
 * A child lives as long as the server; with cleanup_empty_namespaces
 * (peal_server_opts) it ends when nobody is left in it: with its last socket, be
 * that one that was refused; with recovery, when nobody may come back to it any
 * more. What was asked for by name (peal_server_of) never ends.
 *
 * Handlers, events and the functions below see a peal_nsp that is valid until
 * they have returned; so it is as long as one of its sockets is. To keep one
 * beyond that take a reference (peal_nsp_ref).
 *
 * Example: examples/namespaces/main.c */
#include <peal/base.h>
#include <peal/server.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- parents --------------------------------------------------------------- */

/* A parent of all names that match this POSIX extended regular expression. It
 * looks for a match anywhere: write "^/room-[0-9]+$" for whole names, which
 * begin with a slash. Before the run or during it; for what comes from then on.
 * The same pattern again is another parent, of which the first one has all
 * children. Borrowed for the life of the server.
 * Returns NULL if memory is out, or it is no regular expression (logged).
 * Reference: io.of(RegExp). Thread: any during the run; before it the one that
 * sets up. */
PEAL_API peal_nsp *peal_server_of_pattern(peal_server *server,
                                          const char *pattern);

/* May there be a namespace of this name, for a client with this `auth`
 * (undefined: none)? Both are borrowed until the function returns. Answer by
 * peal_next_ok, or by peal_next_refuse: then the next parent is asked, and the
 * words are dropped. Now or later, on this worker; what comes when the client
 * has gone is dropped. It is asked for each client that asks for a name that is
 * not there. */
typedef void (*peal_nsp_ask_fn)(const char *name, peal_val auth,
                                peal_next *next, void *user);
/* A parent of all names of which a function says so; otherwise as
 * peal_server_of_pattern. Reference: io.of(function). Thread: any during the
 * run; before it the one that sets up. */
PEAL_API peal_nsp *peal_server_of_fn(peal_server *server, peal_nsp_ask_fn fn,
                                     void *user);
/* False for others, and NULL. Thread: any. */
PEAL_API bool peal_nsp_is_parent(const peal_nsp *nsp);
/* How many children a parent may have at one time; 0: 10000. Who asks for one
 * more is refused ("too many namespaces").
 * Returns: PEAL_OK, PEAL_ERR_USAGE (it is none). Thread: any. */
PEAL_API peal_err peal_nsp_set_max_children(peal_nsp *nsp, uint32_t max);
/* How many children a parent has now; 0 of what is none. Thread: any. */
PEAL_API size_t peal_nsp_child_count(peal_nsp *nsp);

/* -- their life ------------------------------------------------------------ */

/* The namespace of this name, if there is one; none is made. With a reference
 * (peal_nsp_unref). NULL: there is none. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_nsp *peal_server_find(peal_server *server,
                                                    const char *name);
/* Keep a namespace valid beyond a handler, by one who may use it now. It may end
 * all the same: then what is emitted to it reaches nobody. Each is given back,
 * before peal_server_free. Thread: any. */
PEAL_API void peal_nsp_ref(peal_nsp *nsp);
/* The reverse of peal_nsp_ref and peal_server_find. NULL is a no-op. Thread:
 * any. */
PEAL_API void peal_nsp_unref(peal_nsp *nsp);

/* A namespace, valid until the function returns. */
typedef void (*peal_nsp_fn)(peal_nsp *nsp, void *user);
/* Call `made` for each namespace that is made from now on (reference:
 * new_namespace), by peal_server_of or by a client, before anybody can be in it,
 * where it is made: there is the place to register what it alone has. Call
 * `ended` for each that has ended, on worker 0. Either may be NULL. Before the
 * run; several are called in the order of their registration.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (it runs), PEAL_ERR_NOMEM. Thread: the one that
 * sets up. */
PEAL_API peal_err peal_on_namespace(peal_server *server, peal_nsp_fn made,
                                    peal_nsp_fn ended, void *user);

#ifdef __cplusplus
}
#endif
