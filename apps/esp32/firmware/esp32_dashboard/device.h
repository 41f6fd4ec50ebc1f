/* SPDX-License-Identifier: MIT */
#pragma once
/* device: what the parts of the sketch pass to each other.
 *
 *   loop()  --> readings queue --> network task --> dashboard
 *   button  --> recorder task  --> blob queue   -/        |
 *   camera  --> network task asks for a frame  -/         |
 *   display <-- shown animation <-------------------------/
 *
 * loop() never waits: it measures, puts into a queue and draws. Everything that
 * can wait (Wi-Fi, HTTP) happens in the network task. */
#include <stddef.h>
#include <stdint.h>

struct Reading {
  float accel[3];         /* m/s2 */
  float gyro[3];          /* degrees per second */
  float pitch, roll, yaw; /* degrees */
  uint16_t mic_level;     /* 0..4095 */
  bool is_orientation;    /* which of the two endpoints it is for */
};

/* A recording on its way; whoever takes it out of the queue frees it. */
struct Recording {
  uint8_t *wav;
  size_t len;
};

/* ---- motion.cpp ----------------------------------------------------- */
bool motion_begin();
/* Returns: false if the sensor does not answer; the bus is freed again. */
bool motion_read(Reading *out);

/* ---- microphone.cpp ------------------------------------------------- */
bool microphone_begin();
/* The loudness since the last call; never waits. */
uint16_t microphone_level();
/* Begin and end a recording; the end puts it into the queue. */
void microphone_record(bool on);

/* ---- camera.cpp ----------------------------------------------------- */
bool camera_begin();
/* Returns: a JPEG that camera_release gives back, or NULL. */
const uint8_t *camera_take(size_t *len);
void camera_release();

/* ---- display.cpp ---------------------------------------------------- */
bool display_begin();
/* Draw one step of the animation `id` (0 BABY .. 4 ELDER, negative: none yet)
 * and whether the dashboard answers. Returns at once if nothing changed. */
void display_draw(int id, bool is_online, uint32_t now_ms);

/* ---- link.cpp ------------------------------------------------------- */
void link_begin();
/* Any task. A full queue drops its oldest reading: the newest matter. */
void link_push(const Reading &reading);
/* Any task. Takes the memory of the recording in every case. */
void link_push_recording(const Recording &recording);
/* Any task: what the dashboard wants to be shown, and whether it answers. */
int link_animation();
bool link_is_online();
