/* SPDX-License-Identifier: MIT */
#include "uploads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"
#include "audio.h"
#include "devices.h"
#include "gate.h"
#include "media.h"
#include "picture.h"
#include "slots.h"

enum { DEFAULT_RATE = 16000 };

/* An upload between its body and its answer. */
typedef struct upload {
  dash *app;
  peal_http_req *req;
  peal_bytes *body; /* a reference */
  media_kind kind;
  image image;   /* name, device and time of recordings, too */
  uint32_t rate; /* of bare samples; 0: a WAV file */
  audio_info audio;
  audio_err audio_err;
  int io_err; /* errno; 0: it is on disk */
} upload;

static upload *upload_new(dash *app, peal_http_req *req, media_kind kind,
                          const peal_web_file *file) {
  upload *u = calloc(1, sizeof *u);
  if (u == NULL)
    return NULL;
  u->app = app;
  u->req = req;
  u->kind = kind;
  u->body = peal_bytes_ref(file->data);
  return u;
}

static void upload_free(upload *u) {
  peal_bytes_unref(u->body);
  free(u);
}

/* ---- before the body ----------------------------------------------------- */

typedef struct holder {
  char network[PEAL_KIT_ADDRESS_BYTES];
} holder;

static bool take_slot(peal_http_req *req, dash *app, peal_kit_refusal *out) {
  holder *h = peal_http_req_alloc(req, sizeof *h);
  if (h == NULL) {
    peal_kit_refusal_set(out, 503, NULL, "%s", peal_kit_words(PEAL_ERR_NOMEM));
    return false;
  }
  peal_kit_address_network(h->network, peal_http_req_address(req));
  if (slots_take(app->uploads, h->network)) {
    peal_http_req_set_user(req, h);
    return true;
  }
  peal_kit_refusal_set(out, 429, NULL,
                       "too many uploads of this address at once");
  out->retry_ms = 1000;
  return false;
}

/* Only uploads leave something with their request. */
void uploads_on_done(peal_http_req *req, const peal_http_done *done,
                     void *user) {
  dash *app = user;
  const holder *h = peal_http_req_user(req);
  (void)done;
  if (h != NULL)
    slots_give(app->uploads, h->network);
}

peal_web_verdict uploads_before(peal_http_req *req, void *user) {
  dash *app = user;
  peal_kit_refusal why;
  peal_kit_guest guest = gate_guest_of(req, (peal_slice){0});
  // a form may still name another device: then its key is asked for behind it
  if ((peal_web_type_is(req, "multipart/form-data") ||
       peal_kit_gate_check(app->gate, &guest, &why)) &&
      (guest.has_shown_key || take_slot(req, app, &why)))
    return PEAL_WEB_PASS;
  peal_kit_refusal_answer(req, &why);
  return PEAL_WEB_STOP;
}

/* ---- stored ---------------------------------------------------------------- */

static void emit_audio(dash *app, const upload *u, int64_t audio_id) {
  char timestamp[25], url[sizeof MEDIA_URL + MEDIA_NAME_BYTES];
  peal_web_time_iso(timestamp, u->image.stamp);
  snprintf(url, sizeof url, MEDIA_URL "%s", u->image.file);
  peal_kit_emit(
      &app->house, "audio_update",
      PEAL_ARGS(PEAL_OBJECT(
          {"audio_id", peal_int(audio_id)}, {"timestamp", peal_str(timestamp)},
          {"device_id", peal_str(u->image.device_id)},
          {"duration_ms", peal_int(u->audio.duration_ms)},
          {"rms_db", peal_double(u->audio.rms_db)},
          {"peak_db", peal_double(u->audio.peak_db)},
          {"sample_rate", peal_int(u->audio.sample_rate)},
          {"bytes", peal_int(u->image.bytes)}, {"url", peal_str(url)})));
}

static void remove_file(void *user) {
  upload *u = user;
  peal_kit_files_remove(u->app->media, u->image.file);
}

static void on_file_removed(peal_worker *worker, peal_err err, void *user) {
  (void)worker;
  (void)err; // what is left over, the next start sweeps up
  upload_free(user);
}

static void fail(upload *u, peal_err err) {
  peal_web_error_of(u->req, err);
  if (peal_task_run(peal_worker_self(), remove_file, on_file_removed, u) !=
      PEAL_OK)
    upload_free(u);
}

static void on_stored(const peal_store_result *result, void *user) {
  upload *u = user;
  dash *app = u->app;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&app->house, "an upload was not stored", result);
    fail(u, result->err);
    return;
  }
  bool is_image = u->kind == MEDIA_IMAGE;
  peal_http_answer(u->req, 200, "text/plain; charset=utf-8", PEAL_S("OK"));
  devices_count(app->devices, peal_slice_of(u->image.device_id),
                is_image ? DEVICE_IMAGE : DEVICE_AUDIO);
  if (is_image) {
    u->image.image_id = result->last_id;
    analysis_emit(app, &u->image, NULL, 0);
    analysis_add(app->analysis, &u->image);
  } else {
    emit_audio(app, u, result->last_id);
  }
  peal_kit_files_added(app->media, u->kind, u->image.file, u->image.bytes);
  upload_free(u);
}

static peal_err store(upload *u) {
  const image *i = &u->image;
  const audio_info *a = &u->audio;
  if (u->kind == MEDIA_IMAGE)
    return peal_store_write(
        u->app->house.store,
        "INSERT INTO images (device_id, ts, file, bytes, width, height)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        PEAL_ARGS(peal_str(i->device_id), peal_int(i->stamp), peal_str(i->file),
                  peal_int(i->bytes), peal_int(i->width), peal_int(i->height)),
        on_stored, u);
  return peal_store_write(
      u->app->house.store,
      "INSERT INTO audio (device_id, ts, file, bytes, duration_ms, sample_rate,"
      " channels, rms_db, peak_db) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      PEAL_ARGS(peal_str(i->device_id), peal_int(i->stamp), peal_str(i->file),
                peal_int(i->bytes), peal_int(a->duration_ms),
                peal_int(a->sample_rate), peal_int(a->channels),
                peal_double(a->rms_db), peal_double(a->peak_db)),
      on_stored, u);
}

/* ---- on the pool ------------------------------------------------------------ */

static void write_image(upload *u) {
  peal_slice body = peal_bytes_slice(u->body);
  u->image.bytes = (int64_t)body.len;
  u->io_err =
      peal_kit_files_write(u->app->media, u->image.file, &body, 1) ? 0 : errno;
}

/* Whatever came, what is kept is a WAV file that every browser plays. */
static void write_audio(upload *u) {
  peal_slice body = peal_bytes_slice(u->body);
  u->audio_err =
      u->rate == 0 ? audio_measure_wav(&u->audio, body.ptr, body.len)
                   : audio_measure_pcm(&u->audio, body.ptr, body.len, u->rate);
  uint8_t header[AUDIO_WAV_HEADER_BYTES];
  if (u->audio_err == AUDIO_OK)
    u->audio_err = audio_wav_header_encode(header, &u->audio);
  if (u->audio_err != AUDIO_OK)
    return;
  const peal_slice parts[MEDIA_MAX_PARTS] = {
      {(const char *)header, sizeof header},
      {body.ptr + u->audio.data_pos, u->audio.data_bytes},
      {"", u->audio.data_bytes % 2}, // RIFF: chunks are even
  };
  u->image.bytes = (int64_t)(parts[0].len + parts[1].len + parts[2].len);
  u->io_err =
      peal_kit_files_write(u->app->media, u->image.file, parts, MEDIA_MAX_PARTS)
          ? 0
          : errno;
}

static void work(void *user) {
  upload *u = user;
  if (u->kind == MEDIA_IMAGE)
    write_image(u);
  else
    write_audio(u);
}

static void on_written(peal_http_req *req, peal_err err, void *user) {
  upload *u = user;
  if (err == PEAL_OK && u->audio_err != AUDIO_OK) {
    bool is_type =
        u->audio_err == AUDIO_ERR_TYPE || u->audio_err == AUDIO_ERR_FORMAT;
    peal_web_error(req, is_type ? 415 : 422, audio_err_text(u->audio_err),
                   NULL);
    upload_free(u);
    return;
  }
  if (err == PEAL_OK && u->io_err != 0) {
    peal_kit_log(&u->app->house, PEAL_LOG_ERROR, "media",
                 "an upload was not written: %s", strerror(u->io_err));
    err = PEAL_ERR_IO;
  }
  if (err != PEAL_OK) {
    peal_web_error_of(req, err);
    upload_free(u);
    return;
  }
  err = store(u);
  if (err != PEAL_OK)
    fail(u, err);
}

/* ---- the way in --------------------------------------------------------------- */

/* Name and time of the upload; false: answered. */
static bool admit(upload *u, const peal_web_file *file, const char *extension) {
  peal_slice named = peal_val_str(peal_val_get(file->fields, "device_id"));
  peal_kit_guest guest = gate_guest_of(u->req, named);
  peal_kit_refusal why;
  if (!peal_kit_gate_enter(u->app->gate, &guest, &u->image.stamp, &why)) {
    peal_kit_refusal_answer(u->req, &why);
    return false;
  }
  memcpy(u->image.device_id, guest.id.ptr, guest.id.len); // good: it fits
  if (peal_kit_files_name(u->app->media, u->image.file, u->kind, u->image.stamp,
                          extension))
    return true;
  peal_web_error_of(u->req, PEAL_ERR_SYSTEM);
  return false;
}

static void take(peal_http_req *req, upload *u, const peal_web_file *file,
                 const char *extension) {
  if (!admit(u, file, extension) || !peal_web_task(req, work, on_written, u))
    upload_free(u);
}

/* 0: the status that fits why a picture is refused. */
static unsigned status_of(picture_err err) {
  switch (err) {
  case PICTURE_ERR_TYPE:
  case PICTURE_ERR_FORM:
    return 415;
  case PICTURE_ERR_MEMORY:
    return 503;
  case PICTURE_OK:
  case PICTURE_ERR_TRUNCATED:
  case PICTURE_ERR_HEADER:
  case PICTURE_ERR_SIZE:
  case PICTURE_ERR_PIXELS:
  case PICTURE_ERR_DECODE:
    break;
  }
  return 422;
}

void uploads_on_image(peal_http_req *req, const peal_web_file *file,
                      void *user) {
  peal_slice body = peal_bytes_slice(file->data);
  picture_head head;
  if (body.len == 0) {
    peal_web_error(req, 400, "expected a JPEG or PNG picture as the body",
                   NULL);
    return;
  }
  picture_err err = picture_head_read(&head, body.ptr, body.len);
  if (err != PICTURE_OK) {
    peal_web_error(req, status_of(err), picture_err_text(err), NULL);
    return;
  }
  upload *u = upload_new(user, req, MEDIA_IMAGE, file);
  if (u == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  u->image.width = head.width;
  u->image.height = head.height;
  take(req, u, file, picture_type_extension(head.type));
}

/* Does it say, or look as if, it were a file and not bare samples? */
static bool claims_wav(peal_http_req *req, const peal_web_file *file) {
  static const char *const types[] = {"audio/wav", "audio/x-wav", "audio/wave",
                                      "audio/vnd.wave"};
  peal_slice body = peal_bytes_slice(file->data);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (peal_web_type_is(req, types[i]) ||
        peal_slice_is_nocase(file->type, types[i]))
      return true;
  return body.len >= 4 && memcmp(body.ptr, "RIFF", 4) == 0;
}

void uploads_on_audio(peal_http_req *req, const peal_web_file *file,
                      void *user) {
  int64_t rate = 0;
  if (!claims_wav(req, file) &&
      !peal_web_query_int(req, "rate", DEFAULT_RATE, AUDIO_MIN_RATE,
                          AUDIO_MAX_RATE, &rate))
    return;
  if (peal_bytes_slice(file->data).len == 0) {
    peal_web_error(req, 400,
                   "expected a WAV file or 16-bit samples as the "
                   "body",
                   NULL);
    return;
  }
  upload *u = upload_new(user, req, MEDIA_AUDIO, file);
  if (u == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  u->rate = (uint32_t)rate;
  take(req, u, file, "wav");
}
