/* SPDX-License-Identifier: MIT */
/* person_draw: the room, the person and the noise of the camera. */
#include <math.h>

#include "person_body.h"

typedef struct clothes {
  colour skin, hair, shirt;
} clothes;

static const colour WALL = {172, 178, 186}, FLOORED = {150, 152, 150};

static const clothes LOOKS[PERSON_LOOKS + 1] = {
    {{224, 180, 150}, {60, 42, 30}, {52, 84, 140}},
    {{150, 104, 74}, {24, 20, 20}, {190, 70, 58}},
    {{92, 62, 46}, {20, 18, 18}, {236, 232, 222}},
    {{236, 200, 176}, {196, 160, 100}, {44, 48, 54}},
    {{208, 160, 124}, {120, 118, 120}, {70, 120, 76}},
    {{186, 138, 104}, {40, 30, 26}, {96, 70, 120}},
    [PERSON_LOOK_CAMOUFLAGE] = {{190, 174, 164}, {60, 42, 30}, {166, 172, 180}},
};

static const clothes *look_of(unsigned look) {
  return &LOOKS[look <= PERSON_LOOKS ? look : look % PERSON_LOOKS];
}

/* Books of many colours, and a picture on the wall: things that stand still. */
static void draw_shelf(canvas *c, double light) {
  static const colour books[] = {{150, 60, 50},  {60, 90, 130},
                                 {190, 170, 90}, {70, 110, 80},
                                 {120, 80, 140}, {210, 200, 190}};
  double w = c->width, h = c->height;
  canvas_box(c, w * 0.78, h * 0.06, w * 0.2, h * 0.5,
             colour_lit((colour){112, 82, 56}, light));
  for (int row = 0; row < 2; row++) {
    double top = h * (0.09 + 0.24 * row);
    canvas_box(c, w * 0.79, top, w * 0.18, h * 0.2,
               colour_lit((colour){70, 52, 40}, light));
    for (int i = 0; i < 9; i++) {
      double tall = h * (0.13 + 0.05 * ((i * 7 + row * 3) % 5) / 4.0);
      canvas_box(c, w * (0.795 + 0.0185 * i), top + h * 0.2 - tall, w * 0.016,
                 tall, colour_lit(books[(i * 5 + row * 2) % 6], light));
    }
  }
  canvas_box(c, w * 0.08, h * 0.1, w * 0.14, h * 0.2,
             colour_lit((colour){90, 70, 50}, light));
  canvas_box(c, w * 0.09, h * 0.115, w * 0.12, h * 0.17,
             colour_lit((colour){120, 160, 190}, light));
  canvas_ellipse(c, (dot){w * 0.15, h * 0.24}, w * 0.04, h * 0.04,
                 colour_lit((colour){90, 130, 80}, light));
}

static void draw_room(canvas *c, double light) {
  for (int y = 0; y < c->height; y++)
    canvas_box(
        c, 0, y, c->width, 1,
        colour_lit(colour_mix(WALL, FLOORED, (double)y / c->height), light));
  draw_shelf(c, light);
}

static void draw_desk(canvas *c, double light) {
  double w = c->width, h = c->height, top = h * PERSON_DESK;
  canvas_box(c, 0, top, w, h - top, colour_lit((colour){132, 98, 66}, light));
  canvas_box(c, 0, top, w, h * 0.012,
             colour_lit((colour){176, 136, 96}, light));
  canvas_box(c, w * 0.07, top - h * 0.06, w * 0.045, h * 0.09,
             colour_lit((colour){214, 214, 208}, light));
}

static void draw_trunk(canvas *c, const person_body *b, colour shirt) {
  const person_joint *l = &b->shoulders[PERSON_LEFT];
  const person_joint *r = &b->shoulders[PERSON_RIGHT];
  double ls = l->scale, rs = r->scale;
  const dot corners[] = {
      {b->neck.at.x - 0.055 * b->neck.scale, b->neck.at.y - 0.035 * rs},
      {b->neck.at.x + 0.055 * b->neck.scale, b->neck.at.y - 0.035 * ls},
      {l->at.x, l->at.y - 0.055 * ls},
      {l->at.x + 0.03 * ls, l->at.y + 0.05 * ls},
      {b->hips[PERSON_LEFT].at.x + 0.04 * ls, b->hips[PERSON_LEFT].at.y},
      {b->hips[PERSON_RIGHT].at.x - 0.04 * rs, b->hips[PERSON_RIGHT].at.y},
      {r->at.x - 0.03 * rs, r->at.y + 0.05 * rs},
      {r->at.x, r->at.y - 0.055 * rs},
  };
  canvas_polygon(c, corners, sizeof corners / sizeof *corners, shirt);
}

static void draw_arms(canvas *c, const person_body *b, const clothes *look,
                      double light) {
  colour shirt = colour_lit(look->shirt, light * 0.9);
  for (int side = 0; side < 2; side++) {
    const person_joint *s = &b->shoulders[side], *e = &b->elbows[side];
    const person_joint *h = &b->hands[side];
    canvas_limb(c, s->at, 0.056 * s->scale, e->at, 0.042 * e->scale, shirt);
    canvas_limb(c, e->at, 0.042 * e->scale, h->at, 0.03 * h->scale, shirt);
    canvas_ellipse(c, h->at, 0.038 * h->scale, 0.034 * h->scale,
                   colour_lit(look->skin, light));
  }
}

/* `along` metres up the axis of the head, `aside` metres to its left. */
static dot on_head(const person_body *b, double along, double aside) {
  double ux = b->crown.at.x - b->head.at.x, uy = b->crown.at.y - b->head.at.y;
  double length = fmax(hypot(ux, uy), 1e-6), s = b->head.scale;
  ux /= length;
  uy /= length;
  return (dot){b->head.at.x + (ux * along - uy * aside) * s,
               b->head.at.y + (uy * along + ux * aside) * s};
}

static void draw_head(canvas *c, const person_body *b, const clothes *look,
                      double light) {
  double s = b->head.scale;
  colour skin = colour_lit(look->skin, light);
  colour shade = colour_lit(look->skin, light * 0.8);
  colour dark = colour_lit((colour){40, 32, 30}, light);
  canvas_limb(c, b->neck.at, 0.055 * b->neck.scale, on_head(b, -0.06, 0),
              0.05 * s, shade);
  canvas_ellipse(c, on_head(b, 0.03, 0), 0.086 * s, 0.11 * s,
                 colour_lit(look->hair, light));
  for (int side = -1; side <= 1; side += 2)
    canvas_ellipse(c, on_head(b, 0, side * 0.077), 0.014 * s, 0.026 * s, skin);
  canvas_ellipse(c, on_head(b, -0.02, 0), 0.075 * s, 0.105 * s, skin);
  canvas_ellipse(c, on_head(b, 0.085, 0), 0.07 * s, 0.042 * s,
                 colour_lit(look->hair, light));
  for (int side = -1; side <= 1; side += 2)
    canvas_ellipse(c, on_head(b, 0.015, side * 0.03), 0.012 * s, 0.007 * s,
                   dark);
  canvas_ellipse(c, on_head(b, -0.022, 0), 0.009 * s, 0.02 * s, shade);
  canvas_ellipse(c, on_head(b, -0.065, 0), 0.024 * s, 0.006 * s, dark);
}

static void draw_body(canvas *c, const person_pose *pose, double light) {
  person_body body = person_body_of(pose, c->width, c->height);
  const clothes *look = look_of(pose->look);
  draw_trunk(c, &body, colour_lit(look->shirt, light));
  draw_arms(c, &body, look, light);
  draw_head(c, &body, look, light);
}

static uint64_t next_word(uint64_t *state) {
  // xorshift64*, by Vigna: quick, and good enough for grain
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 2685821657736338717u;
}

/* The sum of four bytes is as good as normal; its deviation is 147.8. */
static int grain_of(uint64_t word) {
  return (int)(word & 255) + (int)(word >> 8 & 255) + (int)(word >> 16 & 255) +
         (int)(word >> 24 & 255) - 510;
}

static void add_noise(canvas *c, double deviation, uint64_t seed) {
  uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15u;
  int share = (int)(deviation * 65536 / 147.8);
  size_t pixels = (size_t)c->width * (size_t)c->height;
  for (size_t i = 0; i < pixels; i++) {
    int more = grain_of(next_word(&state)) * share / 65536;
    for (uint8_t *p = c->rgb + i * 3; p < c->rgb + i * 3 + 3; p++) {
      int value = *p + more;
      *p = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
  }
}

void person_draw(canvas *c, const person_pose *pose) {
  double light = pose->light > 0 ? pose->light : 1;
  draw_room(c, light);
  if (pose->second && !pose->nobody) {
    person_pose other = {.size = (pose->size > 0 ? pose->size : 1) * 0.8,
                         .x = pose->second_x,
                         .look = (pose->look + 1) % PERSON_LOOKS};
    draw_body(c, &other, light * 0.95);
  }
  if (!pose->nobody)
    draw_body(c, pose, light);
  draw_desk(c, light);
  if (pose->noise > 0)
    add_noise(c, pose->noise, pose->grain);
}
