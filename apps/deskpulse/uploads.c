/* SPDX-License-Identifier: MIT */
#include "uploads.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "monitor.h"
#include "source.h"

enum {
  AT_ONCE = 16,
  MAX_BODY_BYTES = SOURCE_MAX_FRAME_BYTES + LANDMARKS_MAX_JSON + 4096,
  MAX_PARTS = 8,
};

struct uploads {
  desk *app;
  atomic_uint count;
};

/* One on its way; the memory is that of its request, which ends it. */
typedef struct upload {
  uploads *all;
  char *frame, *marks; /* parts */
  size_t frame_len, frame_cap, marks_len, marks_cap;

  enum { PART_NONE, PART_FRAME, PART_MARKS } part;

  bool has_frame, has_marks;
} upload;

uploads *uploads_new(desk *app) {
  uploads *u = calloc(1, sizeof *u);
  if (u != NULL)
    u->app = app;
  return u;
}

void uploads_free(uploads *u) {
  free(u);
}

/* ---- room ---------------------------------------------------------------------- */

static void busy(peal_http_req *req) {
  (void)peal_http_answer_header(req, "Retry-After", PEAL_S("1"));
  peal_web_error(req, 429, "too many pictures at once", NULL);
}

peal_web_verdict uploads_before(peal_http_req *req, void *user) {
  desk *app = user;
  peal_web_verdict verdict = door_hook(req, app);
  if (verdict != PEAL_WEB_PASS)
    return verdict;
  if (strcmp(app->conf.source, "push") != 0) {
    peal_web_error(req, 409,
                   "pictures come from another source: start it with --source "
                   "push",
                   NULL);
    return PEAL_WEB_STOP;
  }
  uploads *all = app->uploads;
  if (atomic_fetch_add(&all->count, 1) >= AT_ONCE) {
    atomic_fetch_sub(&all->count, 1);
    busy(req);
    return PEAL_WEB_STOP;
  }
  upload *u = peal_http_req_alloc(req, sizeof *u);
  if (u == NULL) {
    atomic_fetch_sub(&all->count, 1);
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return PEAL_WEB_STOP;
  }
  *u = (upload){.all = all};
  peal_http_req_set_user(req, u);
  return PEAL_WEB_PASS;
}

void uploads_on_done(peal_http_req *req, const peal_http_done *done,
                     void *user) {
  upload *u = peal_http_req_user(req);
  (void)done, (void)user;
  if (u == NULL)
    return;
  free(u->frame);
  free(u->marks);
  atomic_fetch_sub(&u->all->count, 1);
}

/* ---- whole ------------------------------------------------------------------------ */

static void answer(peal_http_req *req, peal_err err) {
  switch ((int)err) {
  case PEAL_OK:
  case PEAL_ERR_CANCELLED:
    peal_http_answer_json(
        req, 200,
        PEAL_OBJECT({"status", peal_str("success")},
                    {"paused", peal_bool(err == PEAL_ERR_CANCELLED)}));
    return;
  case PEAL_ERR_TOO_LONG:
    peal_web_error(req, 413, "the picture is too large", "frame");
    return;
  case PEAL_ERR_OPTION:
    peal_web_error(req, 422, "the picture is no JPEG", "frame");
    return;
  default:
    peal_web_error_of(req, err);
    return;
  }
}

static void take(peal_http_req *req, upload *u, peal_slice jpeg,
                 const landmarks *marks) {
  peal_bytes *bytes = peal_bytes_new(jpeg);
  peal_err err = bytes != NULL
                     ? monitor_push(u->all->app->monitor, bytes, marks)
                     : PEAL_ERR_NOMEM;
  peal_bytes_unref(bytes);
  answer(req, err);
}

static void on_bare(peal_http_req *req, peal_err err, peal_slice body,
                    void *user) {
  if (err != PEAL_OK)
    return; // it has been answered
  if (body.len == 0)
    peal_web_error(req, 422, "the picture is no JPEG", "frame");
  else
    take(req, user, body, NULL);
}

/* ---- in parts ---------------------------------------------------------------------- */

static peal_err on_part(peal_http_req *req, const peal_web_part *part,
                        void *user) {
  upload *u = user;
  (void)req;
  u->part = PART_NONE;
  if (peal_slice_is(part->name, "frame") && !u->has_frame) {
    u->part = PART_FRAME;
    u->has_frame = true;
  } else if (peal_slice_is(part->name, "landmarks") && !u->has_marks) {
    u->part = PART_MARKS;
    u->has_marks = true;
  }
  return PEAL_OK;
}

static peal_err append(char **to, size_t *len, size_t *cap, size_t max,
                       peal_slice data) {
  if (data.len > max - *len)
    return PEAL_ERR_HTTP_BODY_LEN;
  if (*len + data.len > *cap) {
    size_t want = 2 * (*len + data.len);
    char *more = realloc(*to, want < max ? want : max);
    if (more == NULL)
      return PEAL_ERR_NOMEM;
    *to = more;
    *cap = want < max ? want : max;
  }
  if (data.len > 0)
    memcpy(*to + *len, data.ptr, data.len);
  *len += data.len;
  return PEAL_OK;
}

static peal_err on_data(peal_http_req *req, peal_slice data, void *user) {
  upload *u = user;
  (void)req;
  if (u->part == PART_FRAME)
    return append(&u->frame, &u->frame_len, &u->frame_cap,
                  SOURCE_MAX_FRAME_BYTES, data);
  if (u->part == PART_MARKS)
    return append(&u->marks, &u->marks_len, &u->marks_cap, LANDMARKS_MAX_JSON,
                  data);
  return PEAL_OK;
}

static void on_end(peal_http_req *req, peal_err err, void *user) {
  upload *u = user;
  landmarks marks;
  const char *why = NULL;
  if (err != PEAL_OK)
    return; // it has been answered
  if (!u->has_frame || u->frame_len == 0) {
    peal_web_error(req, 422, "the part `frame` is missing", "frame");
    return;
  }
  if (u->has_marks &&
      landmarks_parse(&marks, (peal_slice){u->marks, u->marks_len}, &why) !=
          PEAL_OK) {
    peal_web_error(req, 422, why != NULL ? why : "the landmarks are no JSON",
                   "landmarks");
    return;
  }
  take(req, u, (peal_slice){u->frame, u->frame_len},
       u->has_marks ? &marks : NULL);
}

/* ---- the handler ----------------------------------------------------------------------- */

/* What scripts send by themselves; what it is, its content says. */
static bool is_type_good(const peal_http_req *req) {
  return peal_http_req_header(req, "Content-Type").ptr == NULL ||
         peal_web_type_is(req, "image/jpeg") ||
         peal_web_type_is(req, "image/jpg") ||
         peal_web_type_is(req, "application/octet-stream") ||
         peal_web_type_is(req, "application/x-www-form-urlencoded");
}

void uploads_on_frame(peal_http_req *req, void *user) {
  upload *u = peal_http_req_user(req);
  (void)user;
  if (peal_web_type_is(req, "multipart/form-data"))
    peal_web_multipart(req,
                       &(peal_web_multipart_opts){.on_part = on_part,
                                                  .on_data = on_data,
                                                  .on_end = on_end,
                                                  .user = u,
                                                  .max_bytes = MAX_BODY_BYTES,
                                                  .max_parts = MAX_PARTS});
  else if (is_type_good(req))
    peal_http_req_collect(req, SOURCE_MAX_FRAME_BYTES, on_bare, u);
  else
    peal_web_error(req, 415,
                   "Content-Type must be image/jpeg, or multipart/form-data "
                   "with frame and landmarks",
                   NULL);
}
