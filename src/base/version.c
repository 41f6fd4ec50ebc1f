/* SPDX-License-Identifier: MIT */
#include <peal/base.h>

const char *peal_version(void) {
  return PEAL_VERSION;
}
