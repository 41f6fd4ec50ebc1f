/* SPDX-License-Identifier: MIT */
#pragma once
/* transport_polling: a session's packets as bodies of GET and POST.
 * In the flow: http/ -> [transport_polling] -> proto/eio_session, and back as
 * the answer of the GET that waits. */
#include "engine/engine_conn_impl.h"

extern const peal_engine_way peal_transport_polling;

/* The request is answered now or later. */
void peal_transport_polling_get(peal_engine_conn *conn, peal_http_req *req);
void peal_transport_polling_post(peal_engine_conn *conn, peal_http_req *req);
