/* SPDX-License-Identifier: MIT */
#include "vision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

#include "vision_form.h"

enum {
  MAX_RETRY_AFTER_MS = 30000, /* what a server may ask for */
  MAX_CALLS = 64,
  URL_BYTES = 1024,
  MAX_TEXT_BYTES = 256, /* of model and key */
};

static const char default_prompt[] =
    "Describe this camera picture in one plain sentence of at most 25 words. "
    "Say only what is visible.";

struct vision {
  vision_kind kind;
  peal_worker *worker;
  peal_kit_calls *calls; /* NULL: stopped */
  char *url, *model, *prompt;
  char *key_header; /* or NULL */
  uint32_t timeout_ms, backoff_ms;
  uint16_t retries, max_text_bytes;
};

/* ---- life ----------------------------------------------------------- */

bool vision_kind_parse(vision_kind *out, const char *name) {
  static const char *const names[] = {"none", "gemini", "openai"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) == 0) {
      *out = (vision_kind)i;
      return true;
    }
  }
  return false;
}

/* The model becomes part of the address. */
static bool is_model(const char *model) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-";
  if (model == NULL || *model == '\0' || strlen(model) > MAX_TEXT_BYTES)
    return false;
  return model[strspn(model, allowed)] == '\0' && strstr(model, "..") == NULL;
}

/* The key becomes part of a header line: visible ASCII only. */
static bool is_key(const char *key) {
  for (const char *p = key; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~')
      return false;
  return *key != '\0' && strlen(key) <= MAX_TEXT_BYTES * 16;
}

static bool is_url(const char *url) {
  if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
    return false;
  for (const char *p = url; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~')
      return false;
  return strlen(url) < URL_BYTES / 2;
}

static const char *base_url_of(const vision_opts *opts) {
  bool is_given = opts->base_url != NULL && *opts->base_url != '\0';
  return is_given ? opts->base_url : vision_form_base_url(opts->kind);
}

static bool is_valid(const vision_opts *opts) {
  if (opts->kind != VISION_GEMINI && opts->kind != VISION_OPENAI)
    return false;
  return is_model(opts->model) && is_url(base_url_of(opts)) &&
         (opts->key == NULL || is_key(opts->key));
}

static bool copy_texts(vision *v, const vision_opts *opts) {
  char url[URL_BYTES];
  if (!vision_form_url(url, sizeof url, opts->kind, base_url_of(opts),
                       opts->model))
    return false;
  v->url = strdup(url);
  v->model = strdup(opts->model);
  v->prompt = strdup(opts->prompt != NULL ? opts->prompt : default_prompt);
  if (v->url == NULL || v->model == NULL || v->prompt == NULL)
    return false;
  if (opts->key == NULL)
    return true;
  const char *name = vision_form_key_header(opts->kind);
  size_t cap = strlen(name) + strlen(opts->key) + 1;
  v->key_header = malloc(cap);
  if (v->key_header == NULL)
    return false;
  snprintf(v->key_header, cap, "%s%s", name, opts->key);
  return true;
}

vision *vision_new(const vision_opts *opts, peal_worker *worker,
                   vision_err *err) {
  *err = VISION_ERR_OPTS;
  if (!is_valid(opts))
    return NULL;
  *err = VISION_ERR_MEMORY;
  vision *v = calloc(1, sizeof *v);
  if (v == NULL)
    return NULL;
  v->kind = opts->kind;
  v->worker = worker;
  v->timeout_ms = opts->timeout_ms > 0 ? opts->timeout_ms : 20000;
  v->backoff_ms = opts->backoff_ms > 0 ? opts->backoff_ms : 500;
  v->retries = opts->retries > 0 ? opts->retries : 2;
  if (opts->retries == VISION_NO_RETRIES)
    v->retries = 0;
  v->max_text_bytes = opts->max_text_bytes > 0 ? opts->max_text_bytes : 400;
  v->calls = peal_kit_calls_new(
      worker, &(peal_kit_calls_opts){
                  .max_running = MAX_CALLS,
                  .connect_ms = v->timeout_ms < 5000 ? v->timeout_ms : 5000,
                  .user_agent = "peal-esp32/" PEAL_VERSION});
  if (v->calls == NULL || !copy_texts(v, opts)) {
    vision_free(v);
    return NULL;
  }
  *err = VISION_OK;
  return v;
}

void vision_stop(vision *v) {
  peal_kit_calls *calls = v->calls;
  v->calls = NULL;
  peal_kit_calls_free(calls);
}

void vision_free(vision *v) {
  if (v == NULL)
    return;
  vision_stop(v);
  if (v->key_header != NULL)
    explicit_bzero(v->key_header, strlen(v->key_header));
  free(v->key_header);
  free(v->url);
  free(v->model);
  free(v->prompt);
  free(v);
}

/* ---- asking ------------------------------------------------------------- */

typedef struct question {
  const vision *vision;
  vision_fn fn;
  void *user;
  uint64_t began_ms;
} question;

static vision_err err_of_status(int status) {
  if (status == 401 || status == 403)
    return VISION_ERR_KEY;
  if (status == 429)
    return VISION_ERR_BUSY;
  return status >= 400 && status < 500 ? VISION_ERR_REFUSED : VISION_ERR_SERVER;
}

static vision_err err_of(const peal_kit_call_end *end) {
  switch ((int)end->err) {
  case PEAL_OK:
    return VISION_OK;
  case PEAL_ERR_REFUSED:
    return err_of_status(end->status);
  case PEAL_ERR_TIMEOUT:
    return VISION_ERR_TIMEOUT;
  case PEAL_ERR_TOO_LONG:
    return VISION_ERR_ANSWER;
  case PEAL_ERR_CANCELLED:
    return VISION_ERR_STOPPED;
  case PEAL_ERR_NOMEM:
    return VISION_ERR_MEMORY;
  default:
    return VISION_ERR_UNREACHABLE;
  }
}

static void on_end(peal_kit_call *call, const peal_kit_call_end *end,
                   void *user) {
  question *q = user;
  const vision *v = q->vision;
  char *text = NULL;
  (void)call;
  vision_err err = err_of(end);
  if (err == VISION_OK)
    err = vision_form_answer(v->kind, end->whole, v->max_text_bytes, &text);
  const vision_report report = {
      .tries = end->tries,
      .elapsed_ms = (uint32_t)(peal_worker_now_ms(v->worker) - q->began_ms),
      .http_status = end->status};
  q->fn(err, text, &report, q->user);
  free(text);
  free(q);
}

vision_err vision_request(const vision *v, const char *mime,
                          const void *picture, size_t len,
                          peal_bytes **request) {
  *request = NULL;
  if (len == 0 || len > VISION_MAX_PICTURE_BYTES)
    return VISION_ERR_PICTURE;
  *request = vision_form_request(v->kind, v->model, v->prompt, mime,
                                 (peal_slice){.ptr = picture, .len = len});
  return *request != NULL ? VISION_OK : VISION_ERR_MEMORY;
}

static peal_err start(vision *v, peal_slice request, question *q) {
  const char *const headers[] = {"Content-Type: application/json",
                                 "Accept: application/json", v->key_header,
                                 NULL};
  return peal_kit_call_start(
      v->calls,
      &(peal_kit_call_opts){.url = v->url,
                            .headers = headers,
                            .body = request,
                            .is_whole = true,
                            .on_end = on_end,
                            .user = q,
                            .timeout_ms = v->timeout_ms,
                            .stall_ms = v->timeout_ms,
                            .retries = v->retries > 0 ? v->retries : PEAL_OFF,
                            .backoff_ms = v->backoff_ms,
                            .max_retry_after_ms = MAX_RETRY_AFTER_MS,
                            .max_bytes = VISION_MAX_REPLY_BYTES},
      NULL);
}

void vision_ask(vision *v, peal_bytes *request, vision_fn fn, void *user) {
  vision_err err = v->calls == NULL ? VISION_ERR_STOPPED : VISION_ERR_MEMORY;
  question *q = v->calls != NULL ? malloc(sizeof *q) : NULL;
  if (q != NULL) {
    *q = (question){v, fn, user, peal_worker_now_ms(v->worker)};
    peal_err started = start(v, peal_bytes_slice(request), q);
    err = started == PEAL_OK          ? VISION_OK
          : started == PEAL_ERR_NOMEM ? VISION_ERR_MEMORY
                                      : VISION_ERR_BUSY;
  }
  peal_bytes_unref(request);
  if (err == VISION_OK)
    return;
  free(q);
  fn(err, NULL, &(vision_report){.tries = 0}, user);
}

const char *vision_err_text(vision_err err) {
  switch (err) {
  case VISION_OK:
    return "no error";
  case VISION_ERR_OPTS:
    return "vision model: expected a kind, an http address, a model name and a "
           "key without blanks";
  case VISION_ERR_PICTURE:
    return "vision model: expected a picture of 1 byte to 10 MiB";
  case VISION_ERR_UNREACHABLE:
    return "vision model cannot be reached";
  case VISION_ERR_TIMEOUT:
    return "vision model did not answer in time";
  case VISION_ERR_KEY:
    return "vision model refused the key";
  case VISION_ERR_BUSY:
    return "vision model is busy";
  case VISION_ERR_REFUSED:
    return "vision model refused the request";
  case VISION_ERR_SERVER:
    return "vision model failed";
  case VISION_ERR_ANSWER:
    return "vision model gave no usable answer";
  case VISION_ERR_STOPPED:
    return "analysis was stopped";
  case VISION_ERR_MEMORY:
    return "out of memory";
  }
  return "unknown vision error";
}
