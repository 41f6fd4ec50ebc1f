/* SPDX-License-Identifier: MIT */
#include "hub.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <peal/kit.h>

#define ROOM_BASE64 "frames base64"
#define ROOM_BINARY "frames binary"
/* What still waits under this key is replaced. */
#define KEY "frame"

struct hub {
  desk *app;
  atomic_uint_fast64_t base64, binary; /* who watches */
  atomic_uint_fast64_t shown, written;
  char *text; /* base64 of a picture; worker 0 */
  size_t text_cap;
};

hub *hub_new(desk *app) {
  hub *h = calloc(1, sizeof *h);
  if (h != NULL)
    h->app = app;
  return h;
}

void hub_free(hub *h) {
  if (h == NULL)
    return;
  free(h->text);
  free(h);
}

/* ---- viewers ------------------------------------------------------------------- */

static void on_gone(void *user) {
  atomic_uint_fast64_t *form = user;
  atomic_fetch_sub(form, 1);
}

/* However a socket ends, it is counted out. */
peal_err hub_join(hub *h, peal_socket *socket) {
  bool is_binary = peal_slice_is(
      peal_val_str(peal_val_get(peal_socket_auth(socket), "frames")), "binary");
  atomic_uint_fast64_t *form = is_binary ? &h->binary : &h->base64;
  peal_err err = peal_socket_set_user_free(socket, on_gone);
  if (err != PEAL_OK)
    return err;
  atomic_fetch_add(form, 1);
  peal_socket_set_user(socket, form);
  return peal_join(socket, is_binary ? ROOM_BINARY : ROOM_BASE64);
}

uint64_t hub_viewers(const hub *h) {
  return atomic_load(&h->base64) + atomic_load(&h->binary);
}

uint64_t hub_shown(const hub *h) {
  return atomic_load(&h->shown);
}

uint64_t hub_written(const hub *h) {
  return atomic_load(&h->written);
}

/* ---- showing --------------------------------------------------------------------- */

/* Empty: memory is out. */
static peal_slice base64_of(hub *h, peal_slice jpeg) {
  size_t need = PEAL_KIT_BASE64_BYTES(jpeg.len);
  if (need > h->text_cap) {
    char *more = realloc(h->text, need);
    if (more == NULL)
      return (peal_slice){0};
    h->text = more;
    h->text_cap = need;
  }
  size_t len = peal_kit_base64_write(h->text, jpeg, PEAL_KIT_BASE64_STANDARD);
  return (peal_slice){h->text, len};
}

static peal_val text_or_null(const char *text) {
  return text != NULL ? peal_str(text) : peal_null();
}

static void send(hub *h, const char *event, const char *room, peal_val body) {
  peal_err err = peal_nsp_emit(h->app->house.nsp,
                               &(peal_to){.rooms = PEAL_ROOMS(room),
                                          .conflate = KEY,
                                          .no_compress = true},
                               event, PEAL_ARGS(body));
  atomic_fetch_add(&h->written, 1);
  // a worker that is behind gets the next one
  if (err != PEAL_OK && err != PEAL_ERR_QUEUE_FULL)
    peal_kit_log(&h->app->house, PEAL_LOG_WARN, "hub",
                 "a picture is not shown: %s", peal_kit_words(err));
}

/* What both forms have; `picture` stands under `name`. */
static peal_val body_of(peal_build *build, const source_frame *f,
                        const posture_verdict *v, const char *name,
                        peal_val picture) {
  char timestamp[25];
  peal_web_time_iso(timestamp, (int64_t)(f->captured_at * 1000));
  peal_val marks = f->decided ? landmarks_val(build, &f->marks) : peal_null();
  peal_val body = PEAL_OBJECT(
      {"timestamp", peal_build_copy(build, peal_str(timestamp))},
      {"posture_state", text_or_null(posture_state_text(v->state))},
      {"user_present", peal_bool(v->present)},
      {"confidence_score", peal_double(v->confidence)}, {name, picture},
      {"captured_at", peal_double(f->captured_at)},
      {"seq", peal_int((int64_t)f->seq)}, {"landmarks", marks},
      {"cause", text_or_null(posture_cause_text(v->cause))},
      {"note", text_or_null(f->note)}, {"width", peal_int(f->width)},
      {"height", peal_int(f->height)}, {"simulated", peal_bool(f->simulated)});
  return peal_build_keep(build, body);
}

void hub_show(hub *h, const source_frame *frame,
              const posture_verdict *verdict) {
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_slice jpeg = peal_bytes_slice(frame->jpeg);
  atomic_fetch_add(&h->shown, 1);
  if (atomic_load(&h->binary) > 0)
    send(h, "posture_frame", ROOM_BINARY,
         body_of(build, frame, verdict, "frame", peal_binary(jpeg)));
  if (atomic_load(&h->base64) == 0)
    return;
  peal_slice text = base64_of(h, jpeg);
  if (text.len > 0)
    send(h, "posture_update", ROOM_BASE64,
         body_of(build, frame, verdict, "frame_base64", peal_str_slice(text)));
}
