/* SPDX-License-Identifier: MIT */
#include "proto/eio_hello.h"

#include "base/err_site.h"
#include "proto/proto_limits.h"
#include "wire/json.h"

void peal_eio_hello_encode(peal_buf *out, const peal_eio_hello *hello) {
  peal_buf_add_str(out, "{\"sid\":\"");
  peal_buf_add(out, hello->sid);
  peal_buf_add_str(out, "\",\"upgrades\":[");
  if (hello->upgrade_websocket)
    peal_buf_add_str(out, "\"websocket\"");
  peal_buf_add_str(out, "],\"pingInterval\":");
  peal_buf_add_u64(out, hello->ping_interval_ms);
  peal_buf_add_str(out, ",\"pingTimeout\":");
  peal_buf_add_u64(out, hello->ping_timeout_ms);
  peal_buf_add_str(out, ",\"maxPayload\":");
  peal_buf_add_u64(out, hello->max_payload);
  peal_buf_add_char(out, '}');
}

/* It goes into the client's requests: nothing that would have to be escaped. */
static bool is_sid(peal_slice sid) {
  if (!sid.len || sid.len > PEAL_EIO_HELLO_SID_MAX)
    return false;
  for (size_t i = 0; i < sid.len; i++)
    if (sid.ptr[i] <= ' ' || sid.ptr[i] > '~')
      return false;
  return true;
}

static bool offers_websocket(peal_val upgrades) {
  for (uint32_t i = 0; peal_val_is(upgrades, PEAL_ARRAY) && i < upgrades.len;
       i++)
    if (peal_slice_is(peal_val_str(peal_val_at(upgrades, i)), "websocket"))
      return true;
  return false;
}

static uint32_t number(peal_val hello, const char *key, uint32_t otherwise) {
  int64_t value = peal_val_int(peal_val_get(hello, key), otherwise);
  return value > 0 && value < UINT32_MAX / 4 ? (uint32_t)value : otherwise;
}

peal_err peal_eio_hello_decode(peal_eio_hello *out, peal_slice text,
                               peal_arena *arena) {
  peal_val hello;
  peal_err err = peal_json_decode(&hello, text, arena, NULL);
  if (err == PEAL_ERR_NOMEM)
    return err;
  peal_slice sid = peal_val_str(peal_val_get(hello, "sid"));
  if (err || !is_sid(sid))
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  *out = (peal_eio_hello){
      .sid = sid,
      .ping_interval_ms = number(hello, "pingInterval", 25000),
      .ping_timeout_ms = number(hello, "pingTimeout", 20000),
      .max_payload = number(hello, "maxPayload", PEAL_LIMIT_PAYLOAD_BYTES),
      .upgrade_websocket = offers_websocket(peal_val_get(hello, "upgrades"))};
  return PEAL_OK;
}
