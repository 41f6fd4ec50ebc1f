/* SPDX-License-Identifier: MIT */
#pragma once
/* canvas: a picture of colours in memory and what is drawn into it: boxes,
 * ellipses, polygons. For the synthetic person. What lies outside of it is not
 * drawn. Thread: pure. */
#include <stddef.h>
#include <stdint.h>

typedef struct canvas {
  uint8_t *rgb; /* width * height * 3 bytes, rows from the top; the caller's */
  int width, height;
} canvas;

typedef struct colour {
  double red, green, blue; /* 0..255; beyond is cut when it is drawn */
} colour;

typedef struct dot {
  double x, y; /* pixels */
} dot;

/* `share` of `b` in `a`, 0..1. */
colour colour_mix(colour a, colour b, double share);
/* Brighter (above 1) or darker. */
colour colour_lit(colour c, double light);

void canvas_box(canvas *c, double left, double top, double width, double height,
                colour paint);
void canvas_ellipse(canvas *c, dot centre, double rx, double ry, colour paint);

/* `count` corners, at most CANVAS_CORNERS, in order; what lies inside an odd
 * number of times is filled. */
enum { CANVAS_CORNERS = 16 };

void canvas_polygon(canvas *c, const dot *corners, size_t count, colour paint);
/* A thick line with round ends. */
void canvas_limb(canvas *c, dot from, double from_radius, dot to,
                 double to_radius, colour paint);
