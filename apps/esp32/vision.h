/* SPDX-License-Identifier: MIT */
#pragma once
/* vision: a sentence about a picture from a vision model over HTTP.
 * In the flow: POST /upload -> file, store, answer; then on the pool
 * [vision_describe] -> caption -> `camera_update`; where it is off or fails,
 * the caption of picture.h stands.
 *
 * Blocking, for a thread of the pool; how many run at once is the caller's to
 * limit. The key goes into a header, never into an address, a log or an error
 * text. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Returns: NULL and *err VISION_ERR_OPTS or VISION_ERR_MEMORY. */
vision *vision_new(const vision_opts *opts, vision_err *err);
/* No call of vision_describe may be under way. */
void vision_free(vision *vision);

/* Ask about a picture (borrowed) of type `mime`. Blocks for at most (retries +
 * 1) * timeout_ms and the pauses between, each of at most 8 s or what
 * Retry-After asks for up to 30 s. `stop` (borrowed, may be NULL): once true,
 * the call ends within a second or so. `report` may be NULL.
 * Returns: VISION_OK and *text, UTF-8 on one line, taken by the caller: free();
 * else the error and *text NULL. Thread: any. */
vision_err vision_describe(const vision *vision, const char *mime,
                           const void *picture, size_t len,
                           const atomic_bool *stop, char **text,
                           vision_report *report);

/* One line for log and page, without any inner text. */
const char *vision_err_text(vision_err err);
