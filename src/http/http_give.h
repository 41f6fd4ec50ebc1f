/* SPDX-License-Identifier: MIT */
#pragma once
/* http_give: what an HTTP server hands to another process, and takes from one:
 * listening sockets by the names of their places, connections between two
 * requests, and streams that have been upgraded. */
#include "http/http_link.h"

typedef bool (*peal_http_give_place_fn)(void *user, peal_slice name, int fd);
/* Each socket at which it listens, with the name of its place; ends when `fn`
 * returns false. Returns false then. */
bool peal_http_give_places(const peal_http_server *server,
                           peal_http_give_place_fn fn, void *user);
/* Before peal_http_listen: what is to be used for the place of this name. `fd` is
 * taken, also on failure. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_give_take_place(peal_http_server *server,
                                                   peal_slice name, int fd);
/* The places are this process's alone from now on; or another one's. */
void peal_http_give_own(peal_http_server *server);
void peal_http_give_leave(peal_http_server *server);

/* On the calling worker: accept nothing, offer connections, end the others; and
 * back. */
size_t peal_http_give_links(peal_http_server *server, const peal_worker *worker,
                            peal_http_link_offer_fn fn, void *user);
void peal_http_give_resume(peal_http_server *server, const peal_worker *worker);
/* A connection from another process; its descriptor is taken. */
void peal_http_give_take_link(peal_http_server *server,
                              const peal_worker *worker,
                              const peal_http_link_offer *offer);

/* Before the run: who may take requests to another process. */
void peal_http_give_set_pass(peal_http_server *server, peal_http_pass_fn fn,
                             void *user);

/* A stream behind an upgrade: another process has it. */
void peal_http_give_stream(peal_http_server *server, peal_stream *stream);
/* One of another process; `fd` is taken, also on failure. NULL: too many of its
 * address, or no memory. */
PEAL_MUST_CHECK peal_stream *peal_http_give_take_stream(
    peal_http_server *server, peal_worker *worker, int fd,
    const peal_stream_callbacks *callbacks, void *user);
