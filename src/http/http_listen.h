/* SPDX-License-Identifier: MIT */
#pragma once
/* http_listen: the places where a server listens, and who is accepted there
 * (peal_http_listen of <peal/http.h>). */
#include "http/http_home.h"

/* Close all places. */
void peal_http_listen_deinit(peal_http_server *server);
