/* SPDX-License-Identifier: MIT */
#include "load_msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_sys.h"
#include "load_ws.h"

static const char blank[] = "00000000";

/* <n> starts with a digit other than 0: as an id it must stay as written. */
static void digits_write(char *out, uint32_t n) {
  uint32_t value = 10000000u + n % 90000000u;
  for (int i = LOAD_MSG_DIGITS - 1; i >= 0; i--) {
    out[i] = (char)('0' + value % 10);
    value /= 10;
  }
}

static void text_add(load_msg_text *text, const char *piece, size_t len) {
  memcpy(text->ptr + text->len, piece, len);
  text->len += len;
}

static void text_add_slot(load_msg_text *text) {
  text->slot[text->slots++] = text->len;
  text_add(text, blank, LOAD_MSG_DIGITS);
}

/* hello <n>xx… */
static void text_add_argument(load_msg_text *text, uint32_t bytes) {
  text_add(text, "hello ", 6);
  text_add_slot(text);
  for (uint32_t i = LOAD_MSG_MIN_BYTES; i < bytes; i++)
    text_add(text, &"abcdefghijklmnopqrstuvwxyz"[i % 26], 1);
}

/* <prefix>[<n>]<open>hello <n>xx…"] */
static load_msg_text text_new(const char *prefix, bool numbered,
                              const char *open, uint32_t bytes) {
  load_msg_text text = {.ptr = load_sys_alloc((size_t)bytes + 64)};
  text_add(&text, prefix, strlen(prefix));
  if (numbered)
    text_add_slot(&text);
  text_add(&text, open, strlen(open));
  text_add_argument(&text, bytes);
  text_add(&text, "\"]", 2);
  return text;
}

/* The smallest head of a text, as the package writes it. */
static void packed_add_head(load_msg_text *text, uint32_t len) {
  char head[5] = {(char)0xdb};
  size_t size = len <= 0xff ? 1 : len <= 0xffff ? 2 : 4;
  if (len < 32) {
    text_add(text, &(char){(char)(0xa0 | len)}, 1);
    return;
  }
  head[0] = (char)(size == 1 ? 0xd9 : size == 2 ? 0xda : 0xdb);
  for (size_t i = 0; i < size; i++)
    head[size - i] = (char)(uint8_t)(len >> (8 * i));
  text_add(text, head, size + 1);
}

static load_msg_text packed_new(const char *event, uint32_t bytes) {
  static const char open[] = "\x83\xa4type\x02\xa4"
                             "data\x92";
  static const char end[] = "\xa3nsp\xa1/";
  load_msg_text text = {.ptr = load_sys_alloc((size_t)bytes + 64)};
  text_add(&text, open, sizeof open - 1);
  packed_add_head(&text, (uint32_t)strlen(event));
  text_add(&text, event, strlen(event));
  packed_add_head(&text, bytes);
  text_add_argument(&text, bytes);
  text_add(&text, end, sizeof end - 1);
  return text;
}

static void frame(load_msg *msg, uint8_t opcode) {
  msg->head_len = load_ws_head(msg->head, opcode, msg->request.len);
  memcpy(msg->mask, msg->head + msg->head_len - 4, 4);
  load_ws_mask(msg->request.ptr, msg->request.len, msg->mask);
}

void load_msg_init(load_msg *msg, load_msg_kind kind, uint32_t bytes,
                   bool framed) {
  bool ack = kind == LOAD_MSG_ACK;
  const char *open =
      kind == LOAD_MSG_BROADCAST ? "[\"broadcast\",\"" : "[\"echo\",\"";
  *msg = (load_msg){
      .request = text_new("42", ack, open, bytes),
      .reply = text_new(ack ? "43" : "42", ack, ack ? "[\"" : open, bytes),
  };
  if (framed)
    frame(msg, LOAD_WS_TEXT);
}

void load_msg_init_packed(load_msg *msg, load_msg_kind kind, uint32_t bytes) {
  const char *event = kind == LOAD_MSG_BROADCAST ? "broadcast" : "echo";
  *msg = (load_msg){.request = packed_new(event, bytes),
                    .reply = packed_new(event, bytes)};
  frame(msg, LOAD_WS_BINARY);
}

void load_msg_deinit(load_msg *msg) {
  free(msg->request.ptr);
  free(msg->reply.ptr);
  *msg = (load_msg){0};
}

size_t load_msg_size(const load_msg *msg) {
  return msg->head_len + msg->request.len;
}

void load_msg_encode(const load_msg *msg, uint32_t n, uint8_t *out) {
  char digits[LOAD_MSG_DIGITS];
  digits_write(digits, n);
  memcpy(out, msg->head, msg->head_len);
  out += msg->head_len;
  memcpy(out, msg->request.ptr, msg->request.len);
  for (uint32_t s = 0; s < msg->request.slots; s++) {
    size_t at = msg->request.slot[s];
    for (size_t i = 0; i < LOAD_MSG_DIGITS; i++)
      out[at + i] = (uint8_t)((uint8_t)digits[i] ^ msg->mask[(at + i) & 3]);
  }
}

/* Is it ,"<offset>"] as socket.io writes it? It says nothing to a client. */
static bool is_offset(const char *text, size_t len) {
  if (len < 5 || len > 64 || memcmp(text, ",\"", 2) != 0 ||
      memcmp(text + len - 2, "\"]", 2) != 0)
    return false;
  return memchr(text + 2, '"', len - 4) == NULL;
}

bool load_msg_is_reply(load_msg *msg, uint32_t n, const uint8_t *payload,
                       size_t len) {
  size_t same = msg->reply.len;
  if (msg->offsets) {
    same--; /* without its bracket */
    if (len < same || !is_offset((const char *)payload + same, len - same))
      return false;
  } else if (len != same) {
    return false;
  }
  for (uint32_t s = 0; s < msg->reply.slots; s++)
    digits_write(msg->reply.ptr + msg->reply.slot[s], n);
  return memcmp(payload, msg->reply.ptr, same) == 0;
}
