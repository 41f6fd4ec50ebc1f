/* SPDX-License-Identifier: MIT */
/* kit_stream: a long answer out of the store, piece by piece, as fast as it is
 * taken. */
#include <stdio.h>

#include <peal/kit_history.h>

struct peal_kit_stream {
  peal_http_req *req;
  peal_kit_walks *walks;
  peal_kit_stream_fn read;
  void *user;
  bool is_reading; /* a read is under way: it comes back */
};

/* One that is not whole must not look as if it were: then the connection
 * breaks. */
static void finish(peal_kit_stream *s, bool is_whole) {
  peal_kit_walks_end(s->walks);
  peal_http_req_on_abort(s->req, NULL, NULL);
  peal_http_answer_on_drain(s->req, NULL, NULL);
  if (is_whole)
    peal_http_answer_end(s->req);
  else
    peal_http_answer_break(s->req);
}

static void next_piece(peal_http_req *req, void *user) {
  peal_kit_stream *s = user;
  (void)req;
  s->is_reading = s->read(s, s->user) == PEAL_OK;
  if (!s->is_reading)
    finish(s, false);
}

static void on_abort(peal_http_req *req, void *user) {
  peal_kit_stream *s = user;
  (void)req;
  if (!s->is_reading) // else the piece sees it
    finish(s, false);
}

/* What the write answers, or why there is none. */
static peal_err write_text(peal_kit_stream *s, const peal_kit_csv *text) {
  if (text->failed)
    return PEAL_ERR_NOMEM;
  if (peal_http_req_is_aborted(s->req))
    return PEAL_ERR_CLOSED;
  return text->len > 0 ? peal_http_answer_write(
                             s->req, (peal_slice){text->bytes, text->len})
                       : PEAL_OK;
}

void peal_kit_stream_piece(peal_kit_stream *s, peal_err err, peal_kit_csv *text,
                           bool is_last) {
  s->is_reading = false;
  if (err == PEAL_OK)
    err = write_text(s, text);
  peal_kit_csv_free(text);
  // more than enough waits: on_drain goes on
  if (err == PEAL_ERR_AGAIN && !is_last)
    return;
  if (err != PEAL_OK && err != PEAL_ERR_AGAIN)
    finish(s, false);
  else if (is_last)
    finish(s, true);
  else
    next_piece(s->req, s);
}

static void begin_answer(peal_http_req *req, const peal_kit_stream_opts *opts) {
  char name[120];
  int len =
      snprintf(name, sizeof name, "attachment; filename=\"%s\"", opts->file);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  (void)peal_http_answer_header(req, "Content-Disposition",
                                (peal_slice){name, (size_t)len});
  peal_http_answer_begin(req, 200, opts->type, UINT64_MAX);
  // failures come back with the first piece, too
  (void)peal_http_answer_write(req, opts->head);
}

void peal_kit_stream_begin(peal_http_req *req, const peal_kit_stream_opts *opts,
                           void *user) {
  peal_kit_stream *s = peal_http_req_alloc(req, sizeof *s);
  if (s == NULL) {
    peal_kit_walks_end(opts->walks);
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  *s = (peal_kit_stream){
      .req = req, .walks = opts->walks, .read = opts->read, .user = user};
  begin_answer(req, opts);
  peal_http_answer_on_drain(req, next_piece, s);
  peal_http_req_on_abort(req, on_abort, s);
  if (peal_http_req_is_method(req, "HEAD"))
    finish(s, true);
  else
    next_piece(req, s);
}
