/* SPDX-License-Identifier: MIT */
/* fuzz_ws_ask: an answer to WebSocket's opening handshake; what is accepted has
 * the digest that was awaited. */
#include <stdlib.h>
#include <string.h>

#include "proto/ws_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* RFC6455 1.3 */
static const unsigned char sum[20] = {0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f,
                                      0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38,
                                      0x59, 0x45, 0xb2, 0xbe, 0xc4, 0xea};

static void must(bool holds) {
  if (!holds)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_http1_head head;
  const char *text = "";
  peal_slice in = {(const char *)data, len};
  if (peal_http1_response_decode(&head, in, NULL, false, NULL))
    return 0;
  peal_err err = peal_ws_ask_check(&head, sum, false, &text);
  must(!err || (err == PEAL_ERR_ANSWER && text));
  must(err || peal_slice_is(peal_http1_field_get(&head, "Sec-WebSocket-Accept"),
                            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  return 0;
}
