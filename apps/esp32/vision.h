/* SPDX-License-Identifier: MIT */
#pragma once
/* vision: a sentence about a picture from a vision model over HTTP.
 * In the flow: POST /upload -> file, store, answer; on the pool the request is
 * made; on worker 0 [vision_ask] -> caption -> `camera_update`; where it is off
 * or fails, the caption of picture.h stands.
 *
 * Calls are made on a worker's loop (<peal/kit_calls.h>); how many run at once is
 * the caller's to limit. The key goes into a header, never into an address, a
 * log or an error text. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <peal/base.h>
#include <peal/worker.h>

enum {
  VISION_MAX_PICTURE_BYTES = 10 * 1024 * 1024, /* as /upload */
  VISION_MAX_REPLY_BYTES = 1024 * 1024,        /* a longer reply is no answer */
  VISION_NO_RETRIES = UINT16_MAX,              /* for vision_opts.retries */
};

typedef enum vision_kind {
  VISION_NONE,
  VISION_GEMINI, /* POST <base>/v1beta/models/<model>:generateContent */
  VISION_OPENAI, /* POST <base>/chat/completions, as many servers speak */
} vision_kind;

typedef enum vision_err {
  VISION_OK = 0,
  VISION_ERR_OPTS = -1,        /* an option is missing or malformed */
  VISION_ERR_PICTURE = -2,     /* empty or over VISION_MAX_PICTURE_BYTES */
  VISION_ERR_UNREACHABLE = -3, /* no connection, also after retries */
  VISION_ERR_TIMEOUT = -4,
  VISION_ERR_KEY = -5,     /* 401, 403 */
  VISION_ERR_BUSY = -6,    /* 429, also after retries */
  VISION_ERR_REFUSED = -7, /* any other 4xx */
  VISION_ERR_SERVER = -8,  /* 5xx, also after retries; redirects */
  VISION_ERR_ANSWER = -9,  /* not the JSON that was asked for, no text in it */
  VISION_ERR_STOPPED = -10,
  VISION_ERR_MEMORY = -11,
} vision_err;

/* All text is copied. Zero is the default of every field. */
typedef struct vision_opts {
  vision_kind kind;        /* VISION_NONE: vision_new refuses */
  const char *base_url;    /* default: the public address of the kind */
  const char *model;       /* required: letters, digits and . _ : / - */
  const char *key;         /* may be NULL, as local models want none */
  const char *prompt;      /* default: one plain sentence is asked for */
  uint32_t timeout_ms;     /* of one try; default 20000 */
  uint32_t backoff_ms;     /* before the second try, doubling; default 500 */
  uint16_t retries;        /* tries after the first; default 2 */
  uint16_t max_text_bytes; /* longer answers are cut; default 400 */
} vision_opts;

/* For the log and the metrics. */
typedef struct vision_report {
  uint32_t tries;
  uint32_t elapsed_ms;
  int http_status; /* of the last try, 0: none */
} vision_report;

typedef struct vision vision;

/* "none", "gemini" or "openai". Returns: false for anything else. */
bool vision_kind_parse(vision_kind *out, const char *name);

/* Calls are made on `worker`. Returns: NULL and *err VISION_ERR_OPTS or
 * VISION_ERR_MEMORY. Before the run, or on it. */
vision *vision_new(const vision_opts *opts, peal_worker *worker,
                   vision_err *err);
/* End what is under way: each is told VISION_ERR_STOPPED. On the worker, or
 * behind the run. */
void vision_stop(vision *vision);
/* Stopped, too. */
void vision_free(vision *vision);

/* What is asked about a picture (borrowed) of type `mime`. Takes its time.
 * Returns: VISION_OK and *request, to be given to vision_ask or unreferenced;
 * VISION_ERR_PICTURE, VISION_ERR_MEMORY. Thread: any. */
vision_err vision_request(const vision *vision, const char *mime,
                          const void *picture, size_t len,
                          peal_bytes **request);

/* VISION_OK and the text, UTF-8 on one line, terminated and borrowed; or the
 * error and NULL. */
typedef void (*vision_fn)(vision_err err, const char *text,
                          const vision_report *report, void *user);

/* Ask (`request` is taken): at most retries + 1 times, each of timeout_ms, with
 * pauses between of at most 8 s or what Retry-After asks for up to 30 s. On the
 * worker; `fn` comes once, perhaps inside of this call. */
void vision_ask(vision *vision, peal_bytes *request, vision_fn fn, void *user);

/* One line for log and page, without any inner text. */
const char *vision_err_text(vision_err err);
