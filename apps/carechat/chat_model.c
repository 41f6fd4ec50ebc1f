/* SPDX-License-Identifier: MIT */
#include "chat_model.h"

#include <stdlib.h>

enum {
  MAX_EVENT_BYTES = 256 * 1024,
  STREAM_FACTOR = 64, /* bytes of a stream for a byte of an answer, at most */
  MAX_MS = 300000,    /* of one answer */
};

struct chat_model {
  chat *chat;
  chat_model_fns fns;
  peal_kit_call *call;
  peal_kit_sse sse;
  bool is_inside;    /* on_piece is on the stack */
  bool is_cancelled; /* there: to be freed behind it */
  bool is_whole, has_text;
  const char *why; /* the stream itself is wrong; NULL: it is not */
};

static void model_free(chat_model *m) {
  peal_kit_sse_deinit(&m->sse);
  free(m);
}

void chat_model_cancel(chat_model *m) {
  if (m == NULL)
    return;
  peal_kit_call_cancel(m->call);
  m->call = NULL;
  m->is_cancelled = true;
  if (!m->is_inside)
    model_free(m);
}

/* ---- the stream -------------------------------------------------------------------- */

static void on_text(peal_slice text, void *user) {
  chat_model *m = user;
  if (m->is_cancelled)
    return;
  m->has_text = true;
  m->fns.on_text(text, m->fns.user);
}

static const char *why_of(model_said said) {
  switch (said) {
  case MODEL_SAID_NO:
    return "the model declined to answer";
  case MODEL_SAID_ERROR:
    return "the model reported an error";
  case MODEL_SAID_GARBAGE:
    return "the model sent something that is no answer";
  case MODEL_SAID_NOMEM:
    return "memory is out";
  case MODEL_SAID_NOTHING:
  case MODEL_SAID_TEXT:
  case MODEL_SAID_END:
  case MODEL_SAID_CUT:
    break;
  }
  return NULL;
}

static void take(chat_model *m, peal_slice data) {
  model_said said = model_form_read(m->chat->kind, data, on_text, m);
  if (said == MODEL_SAID_END || said == MODEL_SAID_CUT)
    m->is_whole = true;
  const char *why = why_of(said);
  if (why != NULL && !m->is_whole)
    m->why = why;
}

static void end(chat_model *m, const char *why) {
  chat_model_fns fns = m->fns;
  model_free(m);
  fns.on_end(why, fns.user);
}

static void read_piece(chat_model *m, peal_slice piece) {
  peal_kit_sse_event event;
  if (peal_kit_sse_feed(&m->sse, piece) == PEAL_OK)
    while (!m->is_cancelled && m->why == NULL &&
           peal_kit_sse_next(&m->sse, &event))
      take(m, event.data);
  if (peal_kit_sse_err(&m->sse) != PEAL_OK)
    m->why = "the model sent something that is no answer";
}

static void on_piece(peal_kit_call *call, peal_slice piece, void *user) {
  chat_model *m = user;
  m->is_inside = true;
  read_piece(m, piece);
  m->is_inside = false;
  if (m->is_cancelled) {
    model_free(m);
  } else if (m->why != NULL) {
    peal_kit_call_cancel(call);
    end(m, m->why);
  }
}

/* One that ends without saying that the answer does has broken off, however
 * orderly its connection was closed; but Gemini's form has no mark of its own for
 * the end of the stream, and not every endpoint of it gives a finishReason. */
static bool has_all(const chat_model *m, const peal_kit_call_end *ended) {
  return m->is_whole || (m->chat->kind == MODEL_GEMINI && m->has_text &&
                         ended->err == PEAL_OK);
}

static void on_end(peal_kit_call *call, const peal_kit_call_end *ended,
                   void *user) {
  chat_model *m = user;
  chat *c = m->chat;
  (void)call;
  m->call = NULL;
  const char *why = NULL;
  if (!has_all(m, ended))
    why = ended->err != PEAL_OK ? ended->message
          : m->has_text         ? "the answer broke off"
                                : "the model sent something that is no answer";
  else if (!m->has_text)
    why = "the model's answer was empty";
  if (ended->err != PEAL_ERR_CANCELLED)
    peal_kit_log(&c->app->house, why == NULL ? PEAL_LOG_DEBUG : PEAL_LOG_WARN,
                 "model", "%s: status %d, %u tries, %llu bytes",
                 why == NULL ? "answered" : why, ended->status, ended->tries,
                 (unsigned long long)ended->bytes);
  end(m, why);
}

/* ---- asking ---------------------------------------------------------------------------- */

static peal_err start(chat_model *m, peal_slice body) {
  chat *c = m->chat;
  const chat_settings *conf = c->conf;
  const char *headers[] = {"Content-Type: application/json",
                           "Accept: text/event-stream", c->key_header, NULL};
  return peal_kit_call_start(
      c->calls,
      &(peal_kit_call_opts){
          .url = c->url,
          .headers = headers,
          .body = body,
          .on_piece = on_piece,
          .on_end = on_end,
          .user = m,
          .timeout_ms = MAX_MS,
          .stall_ms = conf->model_stall_ms,
          .retries = conf->model_retries > 0 ? conf->model_retries : PEAL_OFF,
          .backoff_ms = conf->model_backoff_ms,
          .max_bytes = (uint64_t)conf->answer_bytes * STREAM_FACTOR},
      &m->call);
}

chat_model *chat_model_ask(chat *c, const chat_context *context,
                           const chat_model_fns *fns, const char **why) {
  *why = "memory is out";
  chat_model *m = calloc(1, sizeof *m);
  peal_bytes *body =
      model_form_request(c->kind, c->conf->model_name, c->conf->system_prompt,
                         context->turns, context->count);
  if (m == NULL || body == NULL) {
    peal_bytes_unref(body);
    free(m);
    return NULL;
  }
  *m = (chat_model){.chat = c, .fns = *fns};
  peal_kit_sse_init(&m->sse, MAX_EVENT_BYTES);
  peal_err err = start(m, peal_bytes_slice(body));
  peal_bytes_unref(body);
  if (err == PEAL_OK)
    return m;
  if (err != PEAL_ERR_NOMEM)
    *why = err == PEAL_ERR_QUEUE_FULL ? "the model has too much to do"
                                      : "the model cannot be asked";
  model_free(m);
  return NULL;
}
