/* SPDX-License-Identifier: MIT */
#include "silhouette.h"

#include <stdlib.h>
#include <string.h>

enum {
  OUTSIDE = 2, /* mark of what is not a hole */
  PIECE = 3,   /* mark of pieces that have been measured */
  SPECK = 400, /* a piece below a 400th of the picture is none */
};

static bool has_room(silhouette *s, size_t count, int width) {
  if (count > s->room) {
    silhouette_deinit(s);
    s->mask = malloc(count);
    s->spare = malloc(count);
    s->stack = malloc(count * sizeof *s->stack);
    s->top = malloc(SILHOUETTE_MAX * sizeof *s->top);
    if (s->mask == NULL || s->spare == NULL || s->stack == NULL ||
        s->top == NULL) {
      silhouette_deinit(s);
      return false;
    }
    s->room = count;
  }
  s->width = width;
  s->height = (int)(count / (size_t)width);
  return true;
}

void silhouette_deinit(silhouette *s) {
  free(s->mask);
  free(s->spare);
  free(s->stack);
  free(s->top);
  *s = (silhouette){0};
}

/* How many of the `reach` neighbours each way are set, itself included; rows
 * and columns outside count as unset. */
static int set_around(const uint8_t *from, int width, int height, int x,
                      int y) {
  int count = 0;
  for (int row = y > 0 ? y - 1 : 0; row <= y + 1 && row < height; row++)
    for (int col = x > 0 ? x - 1 : 0; col <= x + 1 && col < width; col++)
      count += from[row * width + col] != 0;
  return count;
}

/* A pixel is set if at least `least` of the nine around it are: 5 takes noise
 * out, 1 grows, 9 shrinks. */
static void vote(const silhouette *s, const uint8_t *from, uint8_t *to,
                 int least) {
  for (int y = 0; y < s->height; y++)
    for (int x = 0; x < s->width; x++)
      to[y * s->width + x] =
          set_around(from, s->width, s->height, x, y) >= least;
}

/* Growing by two and shrinking by two closes gaps of up to four pixels. The
 * edges are voted by what is inside: a body that leaves the picture stays. */
static void close_gaps(silhouette *s) {
  vote(s, s->spare, s->mask, 1);
  vote(s, s->mask, s->spare, 1);
  for (int pass = 0; pass < 2; pass++) {
    uint8_t *from = pass == 0 ? s->spare : s->mask;
    uint8_t *to = pass == 0 ? s->mask : s->spare;
    for (int y = 0; y < s->height; y++)
      for (int x = 0; x < s->width; x++) {
        bool edge = x == 0 || y == 0 || x == s->width - 1 || y == s->height - 1;
        to[y * s->width + x] =
            set_around(from, s->width, s->height, x, y) >= (edge ? 6 : 9);
      }
  }
}

/* Turn everything that is `from` and hangs together with (x, y) into `to`.
 * Returns how many pixels. */
static int flood(silhouette *s, uint8_t *mask, int start, uint8_t from,
                 uint8_t to) {
  int count = 0, depth = 0;
  if (mask[start] != from)
    return 0;
  mask[start] = to;
  s->stack[depth++] = start;
  while (depth > 0) {
    int at = s->stack[--depth], x = at % s->width, y = at / s->width;
    const int next[4] = {x > 0 ? at - 1 : -1, x < s->width - 1 ? at + 1 : -1,
                         y > 0 ? at - s->width : -1,
                         y < s->height - 1 ? at + s->width : -1};
    count++;
    for (int i = 0; i < 4; i++)
      if (next[i] >= 0 && mask[next[i]] == from) {
        mask[next[i]] = to;
        s->stack[depth++] = next[i];
      }
  }
  return count;
}

/* Keep the largest piece of `spare`, as 1 in `mask`, and count the others. */
static void choose(silhouette *s) {
  int count = s->width * s->height, largest = -1, sizes[64], found = 0;
  memcpy(s->mask, s->spare, (size_t)count);
  s->area = s->all = s->pieces = 0;
  for (int i = 0; i < count; i++) {
    int size = flood(s, s->mask, i, 1, PIECE);
    if (size * SPECK < count)
      continue;
    s->all += size;
    if (found < 64)
      sizes[found++] = size;
    if (size <= s->area)
      continue;
    s->area = size;
    largest = i;
  }
  for (int i = 0; i < found; i++)
    s->pieces += sizes[i] * 5 >= s->area;
  if (largest >= 0)
    flood(s, s->spare, largest, 1, PIECE);
  for (int i = 0; i < count; i++)
    s->mask[i] = s->spare[i] == PIECE;
}

/* What is not reached from the edges is inside. A body that leaves the picture
 * below is open there, so the bottom row counts as inside between its ends. */
static void fill_holes(silhouette *s) {
  int w = s->width, h = s->height;
  for (int x = 0; x < w; x++)
    flood(s, s->mask, x, 0, OUTSIDE);
  for (int y = 0; y < h; y++) {
    flood(s, s->mask, y * w, 0, OUTSIDE);
    flood(s, s->mask, y * w + w - 1, 0, OUTSIDE);
  }
  for (int x = 0; x < w; x++)
    flood(s, s->mask, (h - 1) * w + x, 0, OUTSIDE);
  for (int i = 0; i < w * h; i++)
    s->mask[i] = s->mask[i] != OUTSIDE;
}

static void measure(silhouette *s, const uint8_t *differs) {
  int64_t set = 0, sum = 0;
  s->area = 0;
  for (int x = 0; x < s->width; x++)
    s->top[x] = s->height;
  for (int i = s->width * s->height - 1; i >= 0; i--) {
    if (s->mask[i] == 0)
      continue;
    s->area++;
    s->top[i % s->width] = i / s->width;
    set += differs[i] != 0;
    sum += differs[i];
  }
  s->solid = s->area > 0 ? (double)set / s->area : 0;
  s->contrast = set > 0 ? (double)sum / (double)set / 4 : 0;
}

bool silhouette_trace(silhouette *s, const uint8_t *differs, int width,
                      int height) {
  if (width < 1 || height < 1 || width > SILHOUETTE_MAX ||
      height > SILHOUETTE_MAX ||
      !has_room(s, (size_t)width * (size_t)height, width))
    return false;
  vote(s, differs, s->spare, 5);
  close_gaps(s);
  choose(s);
  fill_holes(s);
  measure(s, differs);
  return true;
}

int silhouette_run(const silhouette *s, int x, int y, int *left, int *right) {
  if (x < 0 || y < 0 || x >= s->width || y >= s->height)
    return 0;
  const uint8_t *row = s->mask + (ptrdiff_t)y * s->width;
  if (row[x] == 0)
    return 0;
  for (*left = x; *left > 0 && row[*left - 1] != 0;)
    --*left;
  for (*right = x; *right < s->width - 1 && row[*right + 1] != 0;)
    ++*right;
  return *right - *left + 1;
}
