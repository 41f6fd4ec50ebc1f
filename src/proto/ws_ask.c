/* SPDX-License-Identifier: MIT */
#include "proto/ws_ask.h"

#include <string.h>

#include "base/err_site.h"
#include "wire/base64.h"

/* RFC6455 1.3: what is hashed behind the key. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define ACCEPT_LEN 28u

_Static_assert(PEAL_WS_ASK_TEXT_LEN == PEAL_WS_ASK_KEY_LEN + sizeof(GUID) - 1,
               "the key and the GUID");

void peal_ws_ask_key(char out[PEAL_WS_ASK_KEY_LEN],
                     const unsigned char dice[PEAL_WS_ASK_DICE_BYTES]) {
  peal_base64_encode_to(
      out, (peal_slice){(const char *)dice, PEAL_WS_ASK_DICE_BYTES});
}

void peal_ws_ask_lines(peal_buf *out, const char key[PEAL_WS_ASK_KEY_LEN]) {
  peal_buf_add_str(out, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: ");
  peal_buf_add(out, (peal_slice){key, PEAL_WS_ASK_KEY_LEN});
  peal_buf_add_str(out, "\r\n");
}

void peal_ws_ask_text(char out[PEAL_WS_ASK_TEXT_LEN],
                      const char key[PEAL_WS_ASK_KEY_LEN]) {
  memcpy(out, key, PEAL_WS_ASK_KEY_LEN);
  memcpy(out + PEAL_WS_ASK_KEY_LEN, GUID, sizeof(GUID) - 1);
}

bool peal_ws_ask_is_digest(peal_slice value, const unsigned char sum[20]) {
  char awaited[ACCEPT_LEN];
  peal_base64_encode_to(awaited, (peal_slice){(const char *)sum, 20});
  return value.len == ACCEPT_LEN && memcmp(value.ptr, awaited, value.len) == 0;
}

peal_err peal_ws_ask_check(const peal_http1_head *head,
                           const unsigned char sum[20], bool extends,
                           const char **text) {
  *text = NULL;
  if (!peal_slice_is_nocase(peal_http1_field_get(head, "Upgrade"),
                            "websocket") ||
      !peal_http1_field_has_token(head, "Connection", "upgrade"))
    *text = "the server switches to another protocol than WebSocket";
  else if (!peal_ws_ask_is_digest(
               peal_http1_field_get(head, "Sec-WebSocket-Accept"), sum))
    *text = "the server's Sec-WebSocket-Accept does not belong to what was "
            "asked: something between us answers from memory";
  else if (!extends &&
           peal_http1_field_get(head, "Sec-WebSocket-Extensions").len)
    *text = "the server uses a WebSocket extension that was not offered";
  else if (peal_http1_field_get(head, "Sec-WebSocket-Protocol").len)
    *text = "the server uses a WebSocket protocol that was not offered";
  return *text ? PEAL_FAIL(PEAL_ERR_ANSWER) : PEAL_OK;
}
