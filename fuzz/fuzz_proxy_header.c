/* SPDX-License-Identifier: MIT */
/* wire/proxy_header: what is decided of the whole is decided of its pieces, and
 * never more is asked for than may be. */
#include <stdlib.h>
#include <string.h>

#include "wire/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

/* A copy of its own, so that reading behind the end is seen. */
static peal_err decode(peal_proxy_header *out, const uint8_t *data, size_t len,
                       size_t *used) {
  char *copy = malloc(len ? len : 1);
  must(copy != NULL);
  if (len)
    memcpy(copy, data, len);
  *out = (peal_proxy_header){.port = 0};
  peal_err err = peal_proxy_header_decode(out, (peal_slice){copy, len}, used);
  (void)peal_proxy_header_is_likely((peal_slice){copy, len});
  free(copy);
  if (err == PEAL_ERR_AGAIN)
    must(*used > len && *used <= PEAL_PROXY_HEADER_MAX);
  else if (!err)
    must(*used <= len && *used <= PEAL_PROXY_HEADER_MAX);
  return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_proxy_header whole, part;
  size_t used, part_used;
  if (len > 2 * PEAL_PROXY_HEADER_MAX)
    return 0;
  peal_err err = decode(&whole, data, len, &used);
  size_t end = len < 64 ? len : 64;
  for (size_t i = 0; i < end; i++) {
    peal_err early = decode(&part, data, i, &part_used);
    if (early == PEAL_ERR_AGAIN)
      continue;
    must(early == err);
    if (!err)
      must(part_used == used && !memcmp(&part, &whole, sizeof part));
    break;
  }
  return 0;
}
