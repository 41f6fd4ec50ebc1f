/* SPDX-License-Identifier: MIT */
#pragma once
/* deflate: options of permessage-deflate (RFC 7692), for servers, clients and
 * plain WebSocket endpoints. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Compression of WebSocket messages (reference: perMessageDeflate); {0}: none
 * is offered or accepted. */
typedef struct peal_deflate_opts {
  bool on;
  /* May a message refer to those before it: what the server sends, what the
   * client sends? Better on small messages of one kind; each connection then
   * keeps its window, some 2^bits bytes for inflating and four times that and
   * more for deflating, and a broadcast is deflated for each receiver. Default:
   * no. Spec: RFC7692 7.1.1. */
  bool server_context_takeover;
  bool client_context_takeover;
  /* Of the windows, at most; 9 to 15; default 15. Spec: RFC7692 7.1.2. */
  uint8_t server_max_window_bits;
  uint8_t client_max_window_bits;
  uint8_t level;     /* 1 (fast) to 9; default 6 */
  uint8_t mem_level; /* 1 to 9; default 8 */
  /* Messages below are sent as they are; default 1024; PEAL_OFF: none. */
  size_t threshold_bytes;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[2];
} peal_deflate_opts;

#ifdef __cplusplus
}
#endif
