/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_history: what was said, by pages, newest message first: to a socket, with
 * what is being written just now, and by HTTP. */
#include "chat_order.h"

enum { CHAT_HISTORY_ROWS = 50, CHAT_HISTORY_MAX_ROWS = 200 };

/* On worker 0; takes the order. */
void chat_history_send(chat_order *o);
/* GET /api/conversations?cursor&limit: {"status","data":[messages],"next"};
 * `user` is the chat. */
void chat_history_on_get(peal_http_req *req, void *user);
