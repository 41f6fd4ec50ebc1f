/* SPDX-License-Identifier: MIT */
#pragma once
/* http_listen: the places where a server listens, and who is accepted there
 * (peal_http_listen of <peal/http.h>). */
#include "http/http_home.h"
#include "net/stream.h"

/* Serve a connection that came to none of its places. Thread: worker. */
void peal_http_listen_take(peal_http_server *server, peal_worker *worker,
                           const peal_stream_parcel *parcel,
                           const peal_address *peer);
/* Close all places. */
void peal_http_listen_deinit(peal_http_server *server);
