/* SPDX-License-Identifier: MIT */
#pragma once
/* event_rate: how many events a socket may send: a bucket of tokens in the
 * worker's clock. A socket gets one with its first event, and only where there
 * is a limit: of its own, of its namespace, or the server's. */
#include "events/event.h"
#include "server/belongings.h"

/* One event has come. False: it is one too many, and has been dealt with. */
bool peal_event_rate_take(peal_socket *socket, const peal_event *event);
