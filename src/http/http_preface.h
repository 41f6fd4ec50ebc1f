/* SPDX-License-Identifier: MIT */
#pragma once
/* http_preface: a connection of a trusted proxy until its header of the PROXY
 * protocol has come: whose it is, is known then, and it becomes a link. Its
 * bytes (PEAL_PROXY_HEADER_MAX) and its time (head_timeout_ms) are bounded.
 * In the flow: net/listener -> [http_preface] -> http/http_link. */
#include "http/http_home.h"

/* Must the peer at this address begin with a header? */
bool peal_http_preface_is_due(const peal_http_server *server,
                              const peal_address *peer);
/* Take an accepted socket. */
void peal_http_preface_open(peal_http_home *home, int fd,
                            const peal_address *address);
/* End them all, at the beginning of a stop. */
void peal_http_preface_stop_all(peal_http_home *home);
