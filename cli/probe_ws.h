/* SPDX-License-Identifier: MIT */
#pragma once
/* probe_ws: one WebSocket of the probe: the opening handshake and short texts,
 * each waited for (RFC6455). The connection is libcurl's: through proxies and
 * TLS. */
#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "probe_http.h"

enum { PROBE_WS_TEXT = 64 * 1024, PROBE_WS_HEAD = 16 * 1024 };

typedef enum probe_ws_result {
  PROBE_WS_OK,
  PROBE_WS_CONNECT, /* no connection: `words` */
  PROBE_WS_STATUS,  /* another answer than 101: `status`, `body` */
  PROBE_WS_BROKEN,  /* no WebSocket, or closed: `words` */
  PROBE_WS_TIMEOUT
} probe_ws_result;

typedef struct probe_ws {
  CURL *curl;
  char words[CURL_ERROR_SIZE];
  long status;
  unsigned close_code; /* of a close frame; 0: none */
  size_t in_len;
  char in[PROBE_WS_HEAD + PROBE_WS_TEXT]; /* read and not yet understood */
  char head[PROBE_WS_HEAD + 1];           /* of an answer that is no 101 */
  char text[PROBE_WS_TEXT + 1];           /* the last message, terminated */
  size_t text_len;
} probe_ws;

/* `sid` NULL: a session of its own. In any case to be closed. */
probe_ws_result probe_ws_open(probe_ws *ws, probe_http *http, const char *sid,
                              double timeout_ms);
void probe_ws_close(probe_ws *ws);

probe_ws_result probe_ws_send(probe_ws *ws, const char *text);
/* The next text in `text`. */
probe_ws_result probe_ws_receive(probe_ws *ws, double timeout_ms);
