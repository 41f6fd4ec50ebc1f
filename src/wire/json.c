/* SPDX-License-Identifier: MIT */
#include "wire/json.h"

peal_bytes *peal_json_bytes(peal_val value) {
  peal_buf text;
  peal_buf_init(&text, NULL, 0);
  peal_json_encode(&text, value, NULL);
  peal_bytes *bytes =
      text.err == PEAL_OK ? peal_bytes_new(peal_buf_slice(&text)) : NULL;
  peal_buf_deinit(&text);
  return bytes;
}
