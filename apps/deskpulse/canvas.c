/* SPDX-License-Identifier: MIT */
#include "canvas.h"

#include <math.h>

static uint8_t level(double value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

colour colour_mix(colour a, colour b, double share) {
  return (colour){a.red + (b.red - a.red) * share,
                  a.green + (b.green - a.green) * share,
                  a.blue + (b.blue - a.blue) * share};
}

colour colour_lit(colour c, double light) {
  return (colour){c.red * light, c.green * light, c.blue * light};
}

/* A whole number within 0..most. */
static int within(double value, int most) {
  return value <= 0 ? 0 : value >= most ? most : (int)value;
}

/* One row from `left` up to but not including `right`. */
static void span(canvas *c, int y, double left, double right, colour paint) {
  int x = within(ceil(left), c->width), end = within(ceil(right), c->width);
  const uint8_t levels[3] = {level(paint.red), level(paint.green),
                             level(paint.blue)};
  uint8_t *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
  for (; x < end; x++, p += 3) {
    p[0] = levels[0];
    p[1] = levels[1];
    p[2] = levels[2];
  }
}

void canvas_box(canvas *c, double left, double top, double width, double height,
                colour paint) {
  int end = within(ceil(top + height), c->height);
  for (int y = within(ceil(top), c->height); y < end; y++)
    span(c, y, left, left + width, paint);
}

void canvas_ellipse(canvas *c, dot centre, double rx, double ry, colour paint) {
  int end = within(ceil(centre.y + ry), c->height);
  for (int y = within(ceil(centre.y - ry), c->height); y < end; y++) {
    double high = (y - centre.y) / ry;
    double half = rx * sqrt(fmax(0, 1 - high * high));
    span(c, y, centre.x - half, centre.x + half, paint);
  }
}

/* Where the edges cross the row, in order. Returns how many times. */
static size_t crossings(const dot *corners, size_t count, double y,
                        double *at) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    dot a = corners[i], b = corners[(i + 1) % count];
    if ((a.y <= y) == (b.y <= y))
      continue;
    double x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
    size_t place = found++;
    for (; place > 0 && at[place - 1] > x; place--)
      at[place] = at[place - 1];
    at[place] = x;
  }
  return found;
}

void canvas_polygon(canvas *c, const dot *corners, size_t count, colour paint) {
  double at[CANVAS_CORNERS], top = INFINITY, bottom = -INFINITY;
  if (count > CANVAS_CORNERS)
    return;
  for (size_t i = 0; i < count; i++) {
    top = fmin(top, corners[i].y);
    bottom = fmax(bottom, corners[i].y);
  }
  int end = within(ceil(bottom), c->height);
  for (int y = within(ceil(top), c->height); y < end; y++) {
    size_t found = crossings(corners, count, y, at);
    for (size_t i = 0; i + 1 < found; i += 2)
      span(c, y, at[i], at[i + 1], paint);
  }
}

void canvas_limb(canvas *c, dot from, double from_radius, dot to,
                 double to_radius, colour paint) {
  canvas_ellipse(c, from, from_radius, from_radius, paint);
  canvas_ellipse(c, to, to_radius, to_radius, paint);
  double length = hypot(to.x - from.x, to.y - from.y);
  if (!(length > 0))
    return;
  dot across = {-(to.y - from.y) / length, (to.x - from.x) / length};
  const dot corners[4] = {
      {from.x + across.x * from_radius, from.y + across.y * from_radius},
      {to.x + across.x * to_radius, to.y + across.y * to_radius},
      {to.x - across.x * to_radius, to.y - across.y * to_radius},
      {from.x - across.x * from_radius, from.y - across.y * from_radius},
  };
  canvas_polygon(c, corners, 4, paint);
}
