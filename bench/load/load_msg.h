/* SPDX-License-Identifier: MIT */
#pragma once
/* load_msg: the event a run sends and the answer it must get, byte for byte.
 *
 *   echo       42["echo","hello <n>xx…"]      ->  the same
 *   ack        42<n>["echo","hello <n>xx…"]   ->  43<n>["hello <n>xx…"]
 *   broadcast  42["broadcast","hello <n>xx…"] ->  the same, to everyone
 *
 * In MessagePack (echo and broadcast) the packet is one binary message,
 * {type: 2, data: ["echo", "hello <n>xx…"], nsp: "/"}.
 *
 * A server that recovers clients adds its offset, a text: ,"…"] ends the reply.
 *
 * <n> always has eight digits, so a message is one copy of a prepared frame,
 * already masked, with the digits written over it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LOAD_MSG_DIGITS = 8,
  LOAD_MSG_MIN_BYTES = sizeof "hello " - 1 + LOAD_MSG_DIGITS,
  LOAD_MSG_SLOTS = 2, /* places of <n> in one message, at most */
  LOAD_MSG_MAX_HEAD = 14,
};

typedef enum load_msg_kind {
  LOAD_MSG_ECHO,
  LOAD_MSG_ACK,
  LOAD_MSG_BROADCAST
} load_msg_kind;

/* Text with the places of <n> in it. */
typedef struct load_msg_text {
  char *ptr;
  size_t len;
  size_t slot[LOAD_MSG_SLOTS]; /* offsets of the digits */
  uint32_t slots;
} load_msg_text;

typedef struct load_msg {
  load_msg_text request; /* masked, if framed */
  load_msg_text reply;
  uint8_t head[LOAD_MSG_MAX_HEAD];
  size_t head_len; /* 0: plain text for a polling body */
  bool offsets;    /* an event has one more argument, of the server */
  uint8_t mask[4];
} load_msg;

/* Prepare messages whose string argument has `bytes` bytes; `framed`: each in
 * a WebSocket frame. */
void load_msg_init(load_msg *msg, load_msg_kind kind, uint32_t bytes,
                   bool framed);
/* The same in MessagePack, framed; not for LOAD_MSG_ACK. */
void load_msg_init_packed(load_msg *msg, load_msg_kind kind, uint32_t bytes);
void load_msg_deinit(load_msg *msg);

/* Bytes of one request on the wire. */
size_t load_msg_size(const load_msg *msg);

/* Write request number `n` to `out`, which has room for load_msg_size. */
void load_msg_encode(const load_msg *msg, uint32_t n, uint8_t *out);

/* Is `payload` exactly the answer to request number `n`? */
bool load_msg_is_reply(load_msg *msg, uint32_t n, const uint8_t *payload,
                       size_t len);
