/* SPDX-License-Identifier: MIT */
/* An outside program that only asks who is there. */
#include <stdio.h>
#include <string.h>

#include <peal/base.h>

int main(void) {
  puts(peal_version());
  return strcmp(peal_version(), PEAL_VERSION) == 0 ? 0 : 1;
}
