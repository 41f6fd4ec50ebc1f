/* SPDX-License-Identifier: MIT */
#pragma once
/* refusal: the answers to requests that the engine does not take (reference
 * 1.3). Each is the request's only answer. */
#include "engine/incoming.h"

/* `text` NULL: that of the code. */
void peal_refusal_answer(const peal_incoming *incoming, peal_incoming_code code,
                         const char *text);
/* The same with another status. */
void peal_refusal_with(const peal_incoming *incoming, peal_incoming_code code,
                       unsigned status, const char *text);
/* An origin that may not; the log names it, and the option. */
void peal_refusal_origin(const peal_incoming *incoming);
/* 503: too many clients, no memory, or the server is stopping. */
void peal_refusal_unavailable(const peal_incoming *incoming);
/* Is it an opening handshake of WebSocket? If not it has been refused. */
bool peal_refusal_check_websocket(const peal_incoming *incoming);
/* reference 3.3: a WebSocket for a session that upgrades already, or has
 * upgraded, is opened and closed; the first one is unaffected. */
void peal_refusal_second_websocket(const peal_incoming *incoming);
