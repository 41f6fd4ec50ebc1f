/* SPDX-License-Identifier: MIT */
#include "sim_scene.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <turbojpeg.h>

#define PI 3.14159265358979323846

enum {
  WIDTH = SIM_SCENE_WIDTH,
  HEIGHT = SIM_SCENE_HEIGHT,
  HORIZON = 140,
  ROAD_TOP = 185,
  ROAD_BOTTOM = 215,
  DAY_MS = 240000, /* a day of the scene lasts four minutes */
  JPEG_QUALITY = 75,
};

typedef struct colour {
  double red, green, blue;
} colour;

static colour mix(colour a, colour b, double share) {
  return (colour){a.red + (b.red - a.red) * share,
                  a.green + (b.green - a.green) * share,
                  a.blue + (b.blue - a.blue) * share};
}

static uint8_t level(double value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void dot(uint8_t *rgb, int x, int y, colour c) {
  if (x < 0 || y < 0 || x >= WIDTH || y >= HEIGHT)
    return;
  uint8_t *p = rgb + 3 * (y * WIDTH + x);
  p[0] = level(c.red);
  p[1] = level(c.green);
  p[2] = level(c.blue);
}

static void box(uint8_t *rgb, int left, int top, int width, int height,
                colour c) {
  for (int y = top; y < top + height; y++)
    for (int x = left; x < left + width; x++)
      dot(rgb, x, y, c);
}

static void disc(uint8_t *rgb, int cx, int cy, int radius, colour c) {
  for (int y = -radius; y <= radius; y++)
    for (int x = -radius; x <= radius; x++)
      if (x * x + y * y <= radius * radius)
        dot(rgb, cx + x, cy + y, c);
}

/* 0 at midnight, 1 at noon. */
static double light_at(uint32_t device, uint64_t time_ms) {
  double turn = (double)((time_ms + device * 17000u) % DAY_MS) / DAY_MS;
  // no camera is of use at night, so the nights are short and not black
  return 0.6 + 0.4 * sin(turn * 2 * PI);
}

static void draw_sky(uint8_t *rgb, double light, uint32_t device,
                     uint64_t time_ms) {
  colour top = mix((colour){10, 18, 50}, (colour){70, 130, 225}, light);
  colour low = mix((colour){70, 45, 75}, (colour){185, 215, 245}, light);
  for (int y = 0; y < HORIZON; y++)
    box(rgb, 0, y, WIDTH, 1, mix(top, low, (double)y / HORIZON));
  double turn = (double)((time_ms + device * 17000u) % DAY_MS) / DAY_MS;
  int x = (int)(turn * (WIDTH + 60)) - 30;
  int y = 95 - (int)(70 * sin(turn * PI));
  disc(rgb, x, y, 14,
       mix((colour){250, 190, 120}, (colour){255, 245, 190}, light));
}

static void draw_land(uint8_t *rgb, double light, uint32_t device) {
  colour far = mix((colour){25, 35, 50}, (colour){95, 135, 125}, light);
  colour near = mix((colour){15, 30, 18}, (colour){80, 150, 62}, light);
  for (int x = 0; x < WIDTH; x++) {
    double at = x + device * 71.0;
    int hill = HORIZON - 18 - (int)(14 * sin(at / 37) + 9 * sin(at / 17));
    box(rgb, x, hill, 1, HEIGHT - hill, far);
    int field = HORIZON + (int)(6 * sin(at / 53 + 2));
    for (int y = field; y < HEIGHT; y++) {
      // grass: a texture that stands still, so that only real change counts
      unsigned grain = ((unsigned)x * 7919u ^ (unsigned)y * 104729u) >> 4;
      dot(rgb, x, y, mix(near, far, (grain % 16) / 60.0));
    }
  }
  colour road = mix((colour){30, 30, 34}, (colour){110, 110, 115}, light);
  box(rgb, 0, ROAD_TOP, WIDTH, ROAD_BOTTOM - ROAD_TOP, road);
  for (int x = 0; x < WIDTH; x += 32)
    box(rgb, x, (ROAD_TOP + ROAD_BOTTOM) / 2, 16, 2,
        mix((colour){90, 90, 80}, (colour){235, 235, 220}, light));
}

static void draw_tree(uint8_t *rgb, double light, uint32_t device) {
  int x = 30 + (int)(device * 53 % 240);
  box(rgb, x - 3, 130, 7, 45,
      mix((colour){30, 20, 15}, (colour){105, 70, 40}, light));
  colour leaf = mix((colour){10, 25, 12}, (colour){40, 115, 40}, light);
  disc(rgb, x, 115, 22, leaf);
  disc(rgb, x - 14, 126, 15, leaf);
  disc(rgb, x + 14, 126, 15, leaf);
}

static void draw_car(uint8_t *rgb, double light, uint32_t device,
                     uint64_t time_ms) {
  static const colour paints[] = {
      {205, 40, 40}, {235, 190, 40}, {40, 80, 200}, {230, 230, 230}};
  uint64_t way = time_ms / 25 + device * 101u;
  int x = (int)(way % (WIDTH + 140)) - 70;
  colour paint = paints[way / (WIDTH + 140) % 4];
  paint = mix(mix(paint, (colour){0, 0, 0}, 0.6), paint, light);
  box(rgb, x, 186, 62, 14, paint);
  box(rgb, x + 14, 174, 32, 13, paint);
  box(rgb, x + 18, 177, 11, 9, (colour){150, 190, 210});
  box(rgb, x + 32, 177, 11, 9, (colour){150, 190, 210});
  disc(rgb, x + 14, 201, 7, (colour){20, 20, 20});
  disc(rgb, x + 48, 201, 7, (colour){20, 20, 20});
  if (light < 0.45)
    disc(rgb, x + 62, 191, 3, (colour){255, 250, 200});
}

static void draw_birds(uint8_t *rgb, uint32_t device, uint64_t time_ms) {
  for (int i = 0; i < 3; i++) {
    uint64_t way = time_ms / 40 + (uint64_t)i * 37 + device * 29u;
    int x = WIDTH - (int)(way % (WIDTH + 20));
    int y = 30 + 9 * i + (int)(4 * sin((double)way / 9));
    int wing = (int)(time_ms / 150 + (uint64_t)i) % 2 == 0 ? 3 : 1;
    for (int k = 0; k < 6; k++) {
      dot(rgb, x - k, y - k * wing / 5, (colour){25, 25, 30});
      dot(rgb, x + k, y - k * wing / 5, (colour){25, 25, 30});
    }
  }
}

/* Digits of 3 x 5 dots; one row per three bits, from the top. The colon is the
 * eleventh. */
static const uint16_t glyphs[11] = {075557, 026227, 071747, 071717,
                                    055711, 074717, 074757, 071111,
                                    075757, 075717, 002020};

static void draw_clock(uint8_t *rgb, uint64_t time_ms) {
  time_t seconds = (time_t)(time_ms / 1000);
  struct tm now = {0};
  char text[16] = "";
  if (gmtime_r(&seconds, &now) == NULL ||
      strftime(text, sizeof text, "%H:%M:%S", &now) == 0)
    return;
  box(rgb, 4, HEIGHT - 22, 8 * 12 + 6, 18, (colour){0, 0, 0});
  for (int i = 0; text[i] != '\0'; i++) {
    uint16_t glyph = glyphs[text[i] == ':' ? 10 : text[i] - '0'];
    for (int bit = 0; bit < 15; bit++)
      if ((glyph >> (14 - bit) & 1) != 0)
        box(rgb, 8 + i * 12 + bit % 3 * 3, HEIGHT - 20 + bit / 3 * 3, 3, 3,
            (colour){255, 240, 120});
  }
}

static uint8_t *encode(const uint8_t *rgb, size_t *len) {
  tjhandle tj = tjInitCompress();
  if (tj == NULL)
    return NULL;
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  int failed = tjCompress2(tj, rgb, WIDTH, 0, HEIGHT, TJPF_RGB, &bytes, &size,
                           TJSAMP_420, JPEG_QUALITY, 0);
  uint8_t *out = failed ? NULL : malloc(size);
  if (out != NULL) {
    memcpy(out, bytes, size);
    *len = size;
  }
  tjFree(bytes);
  tjDestroy(tj);
  return out;
}

uint8_t *sim_scene_jpeg(uint32_t device, uint64_t time_ms, size_t *len) {
  uint8_t *rgb = calloc(1, (size_t)WIDTH * HEIGHT * 3);
  if (rgb == NULL)
    return NULL;
  double light = light_at(device, time_ms);
  draw_sky(rgb, light, device, time_ms);
  draw_birds(rgb, device, time_ms);
  draw_land(rgb, light, device);
  draw_tree(rgb, light, device);
  draw_car(rgb, light, device, time_ms);
  draw_clock(rgb, time_ms);
  uint8_t *jpeg = encode(rgb, len);
  free(rgb);
  return jpeg;
}
