/* SPDX-License-Identifier: MIT */
#include "http/ws_accept.h"

#include <string.h>

#include "base/text.h"
#include "net/crypto.h"
#include "wire/base64.h"

#define KEY_LEN 24u
/* RFC6455 1.3: what is hashed behind the key. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static bool is_base64_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* RFC6455 4.1: 16 bytes as base64. The four bits that belong to no byte are
 * not looked at, as in the reference: clients exist that leave dice there. */
static bool is_key(peal_slice key) {
  if (key.len != KEY_LEN)
    return false;
  for (size_t i = 0; i < KEY_LEN - 2; i++)
    if (!is_base64_char(key.ptr[i]))
      return false;
  return key.ptr[KEY_LEN - 2] == '=' && key.ptr[KEY_LEN - 1] == '=';
}

bool peal_ws_accept_is_offered(peal_slice upgrade) {
  peal_slice protocol;
  while (peal_text_next(&upgrade, ',', &protocol))
    if (peal_slice_is_nocase(protocol, "websocket"))
      return true;
  return false;
}

peal_ws_accept_verdict peal_ws_accept_check(const peal_ws_accept_head *head) {
  if (!peal_slice_is(head->version, "13"))
    return PEAL_WS_ACCEPT_VERSION;
  if (!head->is_get || !peal_ws_accept_is_offered(head->upgrade) ||
      !is_key(head->key))
    return PEAL_WS_ACCEPT_REQUEST;
  return PEAL_WS_ACCEPT_OK;
}

peal_err peal_ws_accept_value(char out[29], peal_slice key) {
  char text[KEY_LEN + sizeof(GUID) - 1];
  unsigned char sum[20];
  if (!is_key(key))
    return PEAL_ERR_USAGE;
  memcpy(text, key.ptr, KEY_LEN);
  memcpy(text + KEY_LEN, GUID, sizeof(GUID) - 1);
  peal_err err = peal_crypto_sha1(sum, (peal_slice){text, sizeof(text)});
  if (err)
    return err;
  peal_base64_encode_to(out, (peal_slice){(const char *)sum, sizeof(sum)});
  out[28] = '\0';
  return PEAL_OK;
}

peal_err peal_ws_accept_answer(peal_buf *out, peal_slice key,
                               peal_slice lines) {
  char value[29];
  peal_err err = peal_ws_accept_value(value, key);
  if (err)
    return err;
  peal_buf_add_str(out, "HTTP/1.1 101 Switching Protocols\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: ");
  peal_buf_add_str(out, value);
  peal_buf_add_str(out, "\r\n");
  peal_buf_add(out, lines);
  peal_buf_add_str(out, "\r\n");
  return out->err;
}
