/* SPDX-License-Identifier: MIT */
/* A program that stands on the kit, of which it wants little. */
#include <stdio.h>

#include <peal/kit.h>

int main(void) {
  uint8_t digest[PEAL_KIT_DIGEST_BYTES];
  char hex[PEAL_KIT_DIGEST_HEX_BYTES];
  if (!peal_kit_device_id_is_good(PEAL_S("a device")) ||
      !peal_kit_digest_of(digest, PEAL_S("")))
    return 1;
  peal_kit_digest_hex(hex, digest, sizeof digest);
  printf("the kit of peal %s: %.8s\n", peal_version(), hex);
  return 0;
}
