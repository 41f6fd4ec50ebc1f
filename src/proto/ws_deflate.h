/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_deflate: messages that leave deflated (RFC7692 7.2.1): one form for all
 * receivers of a window that remember nothing, or one message after the other
 * in the context of a connection.
 * In the flow: a queue, or proto/ws_conn -> [ws_deflate] -> proto/ws_queue. */
#include <peal/base.h>

#include "base/account.h"
#include "proto/message.h"
#include "wire/deflate_verbs.h"

/* How a message goes on the wire. */
typedef struct peal_ws_shape {
  uint8_t opcode; /* peal_ws_opcode; with PEAL_WS_RSV1 if body is deflated */
  char prefix;    /* 0: none, or it is in body */
  peal_slice body;
} peal_ws_shape;

typedef struct peal_ws_deflate_rules {
  const peal_deflate_verbs *verbs;
  peal_account *account; /* contexts are charged to it; NULL: not counted */
  uint8_t bits;          /* of the window; with 8 nothing is deflated */
} peal_ws_deflate_rules;

/* Is a payload of this length deflated? */
bool peal_ws_deflate_is_worth(const peal_ws_deflate_rules *rules, size_t len);
/* Let `shape`, that of a part of this message, be the form that all share, if
 * there is one or `make`, and it is shorter. */
void peal_ws_deflate_shape(const peal_ws_deflate_rules *rules,
                           peal_ws_shape *shape, peal_message *message,
                           size_t part, bool make);
/* Room for what _own makes of a payload of this length. */
size_t peal_ws_deflate_room(size_t len);
/* Deflate one message in the context, which is made if it is NULL; `context`
 * NULL: in none. Returns its length; 0: it goes as it is. */
size_t peal_ws_deflate_own(const peal_ws_deflate_rules *rules, void **context,
                           char prefix, peal_slice data, char *out,
                           size_t room);
/* The next message refers to none before. */
void peal_ws_deflate_drop(const peal_ws_deflate_rules *rules, void **context);
