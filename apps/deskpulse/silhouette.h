/* SPDX-License-Identifier: MIT */
#pragma once
/* silhouette: from the pixels that differ from the room to the shape of whoever
 * is there: noise taken out, gaps closed, holes filled, the largest piece, its
 * upper edge. Thread: pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SILHOUETTE_MAX = 240 }; /* longer side of what it takes */

typedef struct silhouette {
  int width, height;
  uint8_t *mask; /* 1: the largest piece, without holes */
  int *top;     /* first row of it in each column; height where there is none */
  int area;     /* pixels of the largest piece */
  int all;      /* pixels of all pieces that are not specks */
  int pieces;   /* of at least a fifth of the largest */
  double solid; /* 0..1: share of it that differed before holes were filled */
  double contrast; /* how far beyond the limit it differs, 1 is at the limit */
  uint8_t *spare;  /* memory for the steps between */
  int *stack;
  size_t room; /* pixels that there is memory for */
} silhouette;

/* Trace `differs` (width * height, as backdrop_view) into `s`, which keeps its
 * memory from picture to picture; begin with {0}. Returns false if memory is
 * out or a side is above SILHOUETTE_MAX. */
bool silhouette_trace(silhouette *s, const uint8_t *differs, int width,
                      int height);
void silhouette_deinit(silhouette *s);
/* The run of the mask in row `y` that holds column `x`: from *left to *right,
 * both included. Returns its width, 0 if (x, y) is not in the mask. */
int silhouette_run(const silhouette *s, int x, int y, int *left, int *right);
