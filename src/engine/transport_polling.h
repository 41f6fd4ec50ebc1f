/* SPDX-License-Identifier: MIT */
#pragma once
/* transport_polling: a session's packets as bodies of GET and POST. */
#include "engine/engine_conn.h"

/* The request is answered now or later. */
void peal_transport_polling_get(peal_engine_conn *conn, peal_http_req *req);
void peal_transport_polling_post(peal_engine_conn *conn, peal_http_req *req);
/* Answer the waiting GET if the session has packets for it. */
void peal_transport_polling_flush(peal_engine_conn *conn);
/* The WebSocket has taken over: a GET that still waits is answered. */
void peal_transport_polling_end(peal_engine_conn *conn);
