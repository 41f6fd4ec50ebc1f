/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_nearest: which known word was meant? Feed it the candidates one by
 * one. */
#include <stddef.h>

typedef struct cli_nearest {
  const char *wanted;
  const char *best; /* borrowed; NULL: nothing is near */
  size_t distance;  /* of `best` */
} cli_nearest;

void cli_nearest_init(cli_nearest *nearest, const char *wanted);
void cli_nearest_feed(cli_nearest *nearest, const char *candidate);
