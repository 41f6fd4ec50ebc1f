/* SPDX-License-Identifier: MIT */
/* version: the number of the library that runs. */
#include <peal/base.h>

const char *peal_version(void) {
  return PEAL_VERSION;
}
