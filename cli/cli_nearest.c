/* SPDX-License-Identifier: MIT */
#include "cli_nearest.h"

#include <string.h>

enum { LONGEST = 32, FAR = 4 };

static size_t least(size_t a, size_t b, size_t c) {
  size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein's: letters to change, to add, to leave out. */
static size_t distance(const char *a, const char *b) {
  size_t rows = strlen(a), columns = strlen(b);
  size_t line[LONGEST + 1];
  if (rows > LONGEST || columns > LONGEST)
    return FAR;
  for (size_t j = 0; j <= columns; j++)
    line[j] = j;
  for (size_t i = 1; i <= rows; i++) {
    size_t corner = line[0];
    line[0] = i;
    for (size_t j = 1; j <= columns; j++) {
      size_t above = line[j];
      line[j] =
          least(above + 1, line[j - 1] + 1, corner + (a[i - 1] != b[j - 1]));
      corner = above;
    }
  }
  return line[columns];
}

void cli_nearest_init(cli_nearest *nearest, const char *wanted) {
  // of a short word a few letters are nearly all
  size_t most = strlen(wanted) / 2 + 1;
  *nearest =
      (cli_nearest){.wanted = wanted, .distance = most < FAR ? most : FAR};
}

void cli_nearest_feed(cli_nearest *nearest, const char *candidate) {
  size_t d = distance(nearest->wanted, candidate);
  // the beginning of a word is as good as a letter too few
  if (strlen(nearest->wanted) > 1 &&
      strncmp(candidate, nearest->wanted, strlen(nearest->wanted)) == 0)
    d = d > 0;
  if (d >= nearest->distance)
    return;
  nearest->best = candidate;
  nearest->distance = d;
}
