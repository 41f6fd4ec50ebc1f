/* SPDX-License-Identifier: MIT */
/* SSD1306, 128 x 64, over I2C (SSD1306 data sheet, revision 1.1): the animal of
 * the chosen age, its name, and whether the dashboard answers. Drawn into a
 * page buffer of 1 KB; eight chunks are sent per turn of loop(), so that
 * drawing never holds it up for long. */
#include <math.h>
#include <string.h>

#include <Arduino.h>
#include <Wire.h>

#include "config.h"
#include "device.h"

namespace {

const uint8_t ADDRESS = 0x3C;
const int WIDTH = 128, HEIGHT = 64;
const int CHUNK = 16; /* what fits into every Wire buffer */
const int CHUNKS = WIDTH * HEIGHT / 8 / CHUNK;
const int CHUNKS_PER_TURN = 8; /* 4 ms at 400 kHz */
const uint32_t STEP_MS = 250;

uint8_t pages[WIDTH * HEIGHT / 8]; /* eight rows per byte, the lowest bit up */
int next_chunk = CHUNKS;           /* CHUNKS: all is shown */

bool commands(const uint8_t *list, size_t count) {
  Wire.beginTransmission(ADDRESS);
  Wire.write(static_cast<uint8_t>(0x00));
  for (size_t i = 0; i < count; i++)
    Wire.write(list[i]);
  return Wire.endTransmission() == 0;
}

/* ---- drawing -------------------------------------------------------- */

void dot(int x, int y) {
  if (x >= 0 && y >= 0 && x < WIDTH && y < HEIGHT)
    pages[y / 8 * WIDTH + x] |= static_cast<uint8_t>(1 << (y % 8));
}

void clear_dot(int x, int y) {
  if (x >= 0 && y >= 0 && x < WIDTH && y < HEIGHT)
    pages[y / 8 * WIDTH + x] &= static_cast<uint8_t>(~(1 << (y % 8)));
}

void oval(int cx, int cy, int rx, int ry, bool is_light) {
  for (int y = -ry; y <= ry; y++)
    for (int x = -rx; x <= rx; x++)
      if (x * x * ry * ry + y * y * rx * rx <= rx * rx * ry * ry)
        is_light ? dot(cx + x, cy + y) : clear_dot(cx + x, cy + y);
}

void bar(int x, int y, int width, int height) {
  for (int i = 0; i < width * height; i++)
    dot(x + i % width, y + i / width);
}

/* Letters of 5 x 7, one column per byte; only those of the five names. */
struct Letter {
  char name;
  uint8_t columns[5];
};

const Letter letters[] = {
    {'A', {0x7E, 0x11, 0x11, 0x11, 0x7E}},
    {'B', {0x7F, 0x49, 0x49, 0x49, 0x36}},
    {'C', {0x3E, 0x41, 0x41, 0x41, 0x22}},
    {'D', {0x7F, 0x41, 0x41, 0x22, 0x1C}},
    {'E', {0x7F, 0x49, 0x49, 0x49, 0x41}},
    {'H', {0x7F, 0x08, 0x08, 0x08, 0x7F}},
    {'I', {0x00, 0x41, 0x7F, 0x41, 0x00}},
    {'L', {0x7F, 0x40, 0x40, 0x40, 0x40}},
    {'N', {0x7F, 0x04, 0x08, 0x10, 0x7F}},
    {'R', {0x7F, 0x09, 0x19, 0x29, 0x46}},
    {'T', {0x01, 0x01, 0x7F, 0x01, 0x01}},
    {'U', {0x3F, 0x40, 0x40, 0x40, 0x3F}},
    {'Y', {0x07, 0x08, 0x70, 0x08, 0x07}},
};

void write_text(int x, int y, const char *text) {
  for (; *text != '\0'; text++, x += 6)
    for (const Letter &letter : letters)
      if (letter.name == *text)
        for (int i = 0; i < 35; i++)
          if (letter.columns[i / 7] >> (i % 7) & 1)
            dot(x + i / 7, y + i % 7);
}

/* Grows with its age; the elder has a stick. Breathes, and blinks now and
 * then. */
void draw_pet(int id, uint32_t step) {
  const int size = 7 + id * 2 - (id == 4 ? 2 : 0);
  const int breath = step % 4 < 2 ? 0 : 1;
  const int cx = 64, cy = 40 - size / 2 + breath;
  oval(cx, cy + size, size, size, true);
  oval(cx, cy - size / 2, size, size - 1, true);
  oval(cx - size + 2, cy - size - size / 3, size / 3 + 1, size / 2, true);
  oval(cx + size - 2, cy - size - size / 3, size / 3 + 1, size / 2, true);
  const int eye_height = step % 12 == 0 ? 0 : 2;
  oval(cx - size / 2, cy - size / 2, 1, eye_height, false);
  oval(cx + size / 2, cy - size / 2, 1, eye_height, false);
  oval(cx, cy, 2, 1, false);
  if (id == 4)
    bar(cx + size + 5, cy, 2, 2 * size);
}

void draw_all(int id, bool is_online, uint32_t step) {
  static const char *const names[] = {"BABY", "CHILD", "TEEN", "ADULT",
                                      "ELDER"};
  memset(pages, 0, sizeof pages);
  if (id >= 0 && id <= 4) {
    draw_pet(id, step);
    const int len = static_cast<int>(strlen(names[id]));
    write_text((WIDTH - len * 6) / 2, 1, names[id]);
  }
  // stairs at the right: all of them online, a dot if not
  for (int i = 0; i < (is_online ? 4 : 1); i++)
    bar(112 + i * 4, 62 - 2 - i * 3, 3, 3 + i * 3);
}

/* Send some of the buffer. A chunk that fails is given up: the next picture
 * comes soon. */
void send_some() {
  for (int i = 0; i < CHUNKS_PER_TURN && next_chunk < CHUNKS; i++) {
    Wire.beginTransmission(ADDRESS);
    Wire.write(static_cast<uint8_t>(0x40));
    Wire.write(pages + next_chunk * CHUNK, CHUNK);
    Wire.endTransmission();
    next_chunk++;
  }
}

} // namespace

bool display_begin() {
  static const uint8_t start[] = {
      0xAE,             // off
      0xD5, 0x80,       // clock
      0xA8, HEIGHT - 1, // rows
      0xD3, 0x00,       // no offset
      0x40,             // first row
      0x8D, 0x14,       // charge pump on
      0x20, 0x00,       // horizontal addressing
      0xA1, 0xC8,       // not mirrored
      0xDA, 0x12,       // pins of 128 x 64
      0x81, 0x7F,       // half contrast
      0xD9, 0xF1,       // precharge
      0xDB, 0x40,       // deselect level
      0xA4, 0xA6,       // from memory, not inverted
      0xAF,             // on
  };
  Wire.begin(PIN_I2C_SDA, PIN_I2C_SCL);
  Wire.setClock(400000);
  Wire.setTimeOut(20);
  return commands(start, sizeof start);
}

void display_draw(int id, bool is_online, uint32_t now_ms) {
  static uint32_t shown_step = UINT32_MAX;
  if (next_chunk < CHUNKS) {
    send_some();
    return;
  }
  const uint32_t step = now_ms / STEP_MS;
  if (step == shown_step)
    return;
  shown_step = step;
  draw_all(id, is_online, step);
  static const uint8_t whole[] = {0x21, 0, WIDTH - 1, 0x22, 0, HEIGHT / 8 - 1};
  if (commands(whole, sizeof whole))
    next_chunk = 0;
}
