/* SPDX-License-Identifier: MIT */
#include "sim_job.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_scene.h"
#include "sim_sound.h"

#define BOUNDARY "peal-sim-5f1c2ab79d"

static const char json_type[] = "application/json";

/* Take over `len` bytes of `bytes` by copying them. */
static bool set_body(peal_kit_sim_job *job, const void *bytes, size_t len) {
  job->body = malloc(len > 0 ? len : 1);
  if (job->body == NULL)
    return false;
  memcpy(job->body, bytes, len);
  job->len = len;
  return true;
}

static bool set_text(peal_kit_sim_job *job, const char *type,
                     const char *text) {
  job->content_type = type;
  return set_body(job, text, strlen(text));
}

PEAL_PRINTF(2, 3)

static bool set_json(peal_kit_sim_job *job, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return set_text(job, json_type, text);
}

static void set_path(peal_kit_sim_job *job, const char *path) {
  snprintf(job->path, sizeof job->path, "%s", path);
}

/* ---- sound requests ------------------------------------------------- */

static bool sensor(peal_kit_sim_job *job, const char *id,
                   const sim_reading *r) {
  set_path(job, "/api/sensor-data");
  return set_json(job,
                  "{\"device_id\":\"%s\",\"accel_x\":%.3f,\"accel_y\":%.3f,"
                  "\"accel_z\":%.3f,\"gyro_x\":%.2f,\"gyro_y\":%.2f,"
                  "\"gyro_z\":%.2f,\"mic_level\":%d}",
                  id, r->accel[0], r->accel[1], r->accel[2], r->gyro[0],
                  r->gyro[1], r->gyro[2], r->mic_level);
}

static bool orientation(peal_kit_sim_job *job, const char *id,
                        const sim_reading *r) {
  set_path(job, "/api/orientation-data");
  return set_json(job,
                  "{\"device_id\":\"%s\",\"pitch\":%.2f,\"roll\":%.2f,"
                  "\"yaw\":%.2f}",
                  id, r->pitch, r->roll, r->yaw);
}

/* Wrap the picture into a form with one file field, as some sketches do. */
static bool wrap_multipart(peal_kit_sim_job *job) {
  static const char head[] =
      "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"image\"; "
      "filename=\"camera.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n";
  static const char tail[] = "\r\n--" BOUNDARY "--\r\n";
  size_t len = sizeof head - 1 + job->len + sizeof tail - 1;
  uint8_t *body = malloc(len);
  if (body == NULL)
    return false;
  memcpy(body, head, sizeof head - 1);
  memcpy(body + sizeof head - 1, job->body, job->len);
  memcpy(body + len - (sizeof tail - 1), tail, sizeof tail - 1);
  free(job->body);
  job->body = body;
  job->len = len;
  job->content_type = "multipart/form-data; boundary=" BOUNDARY;
  return true;
}

static bool picture(peal_kit_sim_job *job, const char *id, uint32_t device,
                    peal_kit_dice *dice, uint64_t wall_ms) {
  snprintf(job->path, sizeof job->path, "/upload?device_id=%s", id);
  job->content_type = "image/jpeg";
  job->body = sim_scene_jpeg(device, wall_ms, &job->len);
  if (job->body == NULL)
    return false;
  return peal_kit_dice_is(dice, 0.25) ? wrap_multipart(job) : true;
}

static bool audio(peal_kit_sim_job *job, const char *id, peal_kit_dice *dice) {
  bool as_wav = peal_kit_dice_is(dice, 0.7);
  uint32_t duration_ms = (uint32_t)peal_kit_dice_between(dice, 800, 4000);
  if (as_wav)
    snprintf(job->path, sizeof job->path, "/upload-audio?device_id=%s", id);
  else
    snprintf(job->path, sizeof job->path, "/upload-audio?rate=%d&device_id=%s",
             SIM_SOUND_RATE, id);
  job->content_type = as_wav ? "audio/wav" : "application/octet-stream";
  job->body = sim_sound_record(dice, duration_ms, as_wav, &job->len);
  return job->body != NULL;
}

/* ---- broken requests ------------------------------------------------ */

static bool bad_sensor(peal_kit_sim_job *job, const char *id,
                       peal_kit_dice *dice) {
  set_path(job, "/api/sensor-data");
  switch (peal_kit_dice_u32(dice) % 7) {
  case 0:
    return set_json(job, "{\"device_id\":\"%s\",\"accel_x\":0.1,\"acc", id);
  case 1:
    return set_text(job, "text/plain", "{\"accel_x\":1}");
  case 2:
    return set_json(job, "{\"device_id\":\"%s\",\"accel_x\":\"fast\"}", id);
  case 3:
    return set_json(job, "[1,2,3]");
  case 4:
    return set_text(job, json_type, "");
  case 5:
    return set_text(job, json_type, "{\"device_id\":\"\xC3(\"}");
  default:
    return set_json(job, "{\"device_id\":\"%s\",\"accel_x\":NaN}", id);
  }
}

static bool bad_orientation(peal_kit_sim_job *job, const char *id,
                            peal_kit_dice *dice) {
  set_path(job, "/api/orientation-data");
  if (peal_kit_dice_is(dice, 0.5))
    return set_json(job, "{\"device_id\":\"%s\",\"pitch\":null,\"roll\":[]}",
                    id);
  return set_json(job, "{\"device_id\":\"%s\",\"pitch\":1,\"roll\":2,", id);
}

static bool bad_picture(peal_kit_sim_job *job, peal_kit_dice *dice) {
  // a PNG that claims 60000 x 60000 pixels
  static const uint8_t bomb[33] = {
      0x89, 'P',  'N', 'G', '\r', '\n', 0x1A, '\n', 0,    0, 0,
      13,   'I',  'H', 'D', 'R',  0,    0,    0xEA, 0x60, 0, 0,
      0xEA, 0x60, 8,   2,   0,    0,    0,    0,    0,    0, 0};
  set_path(job, "/upload");
  job->content_type = "image/jpeg";
  switch (peal_kit_dice_u32(dice) % 4) {
  case 0:
    return set_body(job, "\xFF\xD8\xFF\xE0\x00\x10JF", 8);
  case 1:
    return set_text(job, "image/jpeg", "<html>no picture</html>");
  case 2:
    job->content_type = "image/png";
    return set_body(job, bomb, sizeof bomb);
  default:
    return set_text(job, "multipart/form-data; boundary=" BOUNDARY,
                    "--" BOUNDARY "\r\nno headers and no end");
  }
}

static bool bad_audio(peal_kit_sim_job *job, peal_kit_dice *dice) {
  set_path(job, "/upload-audio");
  job->content_type = "audio/wav";
  switch (peal_kit_dice_u32(dice) % 4) {
  case 0: // a data chunk that reaches past the end
    return set_body(job,
                    "RIFF\x2C\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3E\0\0"
                    "\0\x7D\0\0\2\0\x10\0data\xFF\xFF\0\0\1\0",
                    46);
  case 1:
    return set_body(job, "RIFF\4\0\0\0AVI ", 12);
  case 2:
    set_path(job, "/upload-audio?rate=5");
    job->content_type = "application/octet-stream";
    return set_body(job, "\0\0\0\0", 4);
  default: // half a sample
    set_path(job, "/upload-audio?rate=16000");
    job->content_type = "application/octet-stream";
    return set_body(job, "\0\0\0", 3);
  }
}

static bool build_bad(peal_kit_sim_job *job, const char *id,
                      peal_kit_dice *dice) {
  switch ((sim_kind)job->kind) {
  case SIM_SENSOR:
    return bad_sensor(job, id, dice);
  case SIM_ORIENTATION:
    return bad_orientation(job, id, dice);
  case SIM_PICTURE:
    return bad_picture(job, dice);
  case SIM_AUDIO:
    return bad_audio(job, dice);
  case SIM_OLED:
    set_path(job, "/api/oled-display/set");
    return set_json(job, "{\"animation_id\":99,\"animation_type\":\"pet\"}");
  case SIM_KIND_COUNT:
    break;
  }
  return false;
}

/* ---- the door ------------------------------------------------------- */

bool sim_job_make(peal_kit_sim_job *out, const peal_kit_sim_who *who,
                  const sim_reading *reading) {
  if (out->fault == PEAL_KIT_SIM_BAD)
    return build_bad(out, who->id, who->dice);
  switch ((sim_kind)out->kind) {
  case SIM_SENSOR:
    return sensor(out, who->id, reading);
  case SIM_ORIENTATION:
    return orientation(out, who->id, reading);
  case SIM_PICTURE:
    return picture(out, who->id, who->number, who->dice,
                   (uint64_t)who->wall_ms);
  case SIM_AUDIO:
    return audio(out, who->id, who->dice);
  case SIM_OLED:
    set_path(out, "/api/oled-display/get");
    return true;
  case SIM_KIND_COUNT:
    break;
  }
  return false;
}
