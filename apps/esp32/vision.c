/* SPDX-License-Identifier: MIT */
#include "vision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "vision_form.h"

enum {
  MAX_PAUSE_MS = 8000,        /* of our own doubling */
  MAX_RETRY_AFTER_MS = 30000, /* what a server may ask for */
  CONNECT_MS = 5000,
  SLICE_MS = 50, /* how often a pause looks at `stop` */
  URL_BYTES = 1024,
  MAX_TEXT_BYTES = 256, /* of model and key */
};

static const char default_prompt[] =
    "Describe this camera picture in one plain sentence of at most 25 words. "
    "Say only what is visible.";

struct vision {
  vision_kind kind;
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

vision *vision_new(const vision_opts *opts, vision_err *err) {
  *err = VISION_ERR_OPTS;
  if (!is_valid(opts))
    return NULL;
  *err = VISION_ERR_MEMORY;
  vision *v = calloc(1, sizeof *v);
  if (v == NULL)
    return NULL;
  // curl counts these: each free takes its own back
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    free(v);
    return NULL;
  }
  v->kind = opts->kind;
  v->timeout_ms = opts->timeout_ms > 0 ? opts->timeout_ms : 20000;
  v->backoff_ms = opts->backoff_ms > 0 ? opts->backoff_ms : 500;
  v->retries = opts->retries > 0 ? opts->retries : 2;
  if (opts->retries == VISION_NO_RETRIES)
    v->retries = 0;
  v->max_text_bytes = opts->max_text_bytes > 0 ? opts->max_text_bytes : 400;
  if (!copy_texts(v, opts)) {
    vision_free(v);
    return NULL;
  }
  *err = VISION_OK;
  return v;
}

void vision_free(vision *v) {
  if (v == NULL)
    return;
  if (v->key_header != NULL)
    explicit_bzero(v->key_header, strlen(v->key_header));
  free(v->key_header);
  free(v->url);
  free(v->model);
  free(v->prompt);
  free(v);
  curl_global_cleanup();
}

/* ---- one try -------------------------------------------------------- */

typedef struct attempt {
  const vision *vision;
  peal_slice request;
  const atomic_bool *stop;
  char *reply; /* grows up to VISION_MAX_REPLY_BYTES */
  size_t len, cap;
  bool is_too_long, is_out_of_memory;
  int status;
  uint32_t retry_after_ms;
} attempt;

static bool is_stopped(const atomic_bool *stop) {
  return stop != NULL && atomic_load(stop);
}

static size_t on_reply(char *bytes, size_t size, size_t count, void *user) {
  attempt *a = user;
  size_t len = size * count;
  if (len > VISION_MAX_REPLY_BYTES - a->len) {
    a->is_too_long = true;
    return 0;
  }
  if (a->len + len > a->cap) {
    size_t cap = a->cap > 0 ? a->cap * 2 : 16384;
    cap = cap < a->len + len ? a->len + len : cap;
    char *longer = realloc(a->reply, cap);
    if (longer == NULL) {
      a->is_out_of_memory = true;
      return 0;
    }
    a->reply = longer;
    a->cap = cap;
  }
  memcpy(a->reply + a->len, bytes, len);
  a->len += len;
  return len;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c,
                       curl_off_t d) {
  (void)a, (void)b, (void)c, (void)d;
  return is_stopped(((attempt *)user)->stop) ? 1 : 0;
}

static void set_options(CURL *easy, attempt *a, struct curl_slist *headers) {
  const vision *v = a->vision;
  curl_easy_setopt(easy, CURLOPT_URL, v->url);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // a redirect would carry picture and key to an address nobody configured
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, a->request.ptr);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                   (curl_off_t)a->request.len);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)v->timeout_ms);
  curl_easy_setopt(
      easy, CURLOPT_CONNECTTIMEOUT_MS,
      (long)(v->timeout_ms < CONNECT_MS ? v->timeout_ms : CONNECT_MS));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, a);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, a);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "peal-esp32/" PEAL_VERSION);
}

static bool add_header(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL)
    return false;
  *list = longer;
  return true;
}

static vision_err err_of_status(int status) {
  if (status == 200)
    return VISION_OK;
  if (status == 401 || status == 403)
    return VISION_ERR_KEY;
  if (status == 429)
    return VISION_ERR_BUSY;
  return status >= 400 && status < 500 ? VISION_ERR_REFUSED : VISION_ERR_SERVER;
}

static vision_err err_of_curl(CURLcode code, const attempt *a) {
  if (a->is_out_of_memory || code == CURLE_OUT_OF_MEMORY)
    return VISION_ERR_MEMORY;
  if (a->is_too_long)
    return VISION_ERR_ANSWER;
  if (code == CURLE_OK)
    return err_of_status(a->status);
  if (code == CURLE_ABORTED_BY_CALLBACK)
    return VISION_ERR_STOPPED;
  return code == CURLE_OPERATION_TIMEDOUT ? VISION_ERR_TIMEOUT
                                          : VISION_ERR_UNREACHABLE;
}

static vision_err perform(CURL *easy, attempt *a) {
  CURLcode code = curl_easy_perform(easy);
  long status = 0;
  curl_off_t retry_s = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_s);
  a->status = (int)status;
  a->retry_after_ms = retry_s > MAX_RETRY_AFTER_MS / 1000
                          ? MAX_RETRY_AFTER_MS
                          : (uint32_t)retry_s * 1000;
  return err_of_curl(code, a);
}

static vision_err try_once(attempt *a) {
  a->len = 0;
  a->is_too_long = a->is_out_of_memory = false;
  CURL *easy = curl_easy_init();
  struct curl_slist *headers = NULL;
  const char *key_header = a->vision->key_header;
  vision_err err = VISION_ERR_MEMORY;
  if (easy != NULL && add_header(&headers, "Content-Type: application/json") &&
      add_header(&headers, "Accept: application/json") &&
      add_header(&headers, "Expect:") &&
      (key_header == NULL || add_header(&headers, key_header))) {
    set_options(easy, a, headers);
    err = perform(easy, a);
  }
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
  return err;
}

/* ---- tries and pauses ----------------------------------------------- */

static uint64_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Between half and all of `ms`, so that calls that failed together do not come
 * back together. */
static uint32_t jitter(uint32_t ms) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t dice = (uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15u;
  return ms / 2 + (uint32_t)((dice >> 33) % (ms / 2 + 1));
}

/* Returns: false if it was stopped. */
static bool pause_before(const attempt *a, uint32_t retry) {
  uint64_t ms = a->vision->backoff_ms;
  for (uint32_t i = 0; i < retry && ms < MAX_PAUSE_MS; i++)
    ms *= 2;
  ms = jitter(ms < MAX_PAUSE_MS ? (uint32_t)ms : MAX_PAUSE_MS);
  ms = ms > a->retry_after_ms ? ms : a->retry_after_ms;
  for (uint64_t end = clock_ms() + ms; clock_ms() < end;) {
    if (is_stopped(a->stop))
      return false;
    uint64_t left = end - clock_ms();
    long slice = (long)(left < SLICE_MS ? left : SLICE_MS);
    nanosleep(&(struct timespec){.tv_nsec = slice * 1000000}, NULL);
  }
  return !is_stopped(a->stop);
}

static bool is_worth_a_retry(vision_err err, int status) {
  if (err == VISION_ERR_SERVER)
    return status >= 500 && status != 501;
  return err == VISION_ERR_UNREACHABLE || err == VISION_ERR_TIMEOUT ||
         err == VISION_ERR_BUSY;
}

static vision_err try_often(attempt *a, uint32_t *tries) {
  for (;;) {
    if (is_stopped(a->stop))
      return VISION_ERR_STOPPED;
    vision_err err = try_once(a);
    uint32_t retry = (*tries)++;
    if (!is_worth_a_retry(err, a->status) || retry >= a->vision->retries)
      return err;
    if (!pause_before(a, retry))
      return VISION_ERR_STOPPED;
  }
}

vision_err vision_describe(const vision *v, const char *mime,
                           const void *picture, size_t len,
                           const atomic_bool *stop, char **text,
                           vision_report *report) {
  *text = NULL;
  vision_report done = {0};
  uint64_t start = clock_ms();
  if (len == 0 || len > VISION_MAX_PICTURE_BYTES)
    return VISION_ERR_PICTURE;
  peal_bytes *request =
      vision_form_request(v->kind, v->model, v->prompt, mime,
                          (peal_slice){.ptr = picture, .len = len});
  if (request == NULL)
    return VISION_ERR_MEMORY;
  attempt a = {.vision = v, .request = peal_bytes_slice(request), .stop = stop};
  vision_err err = try_often(&a, &done.tries);
  peal_bytes_unref(request);
  if (err == VISION_OK)
    err =
        vision_form_answer(v->kind, (peal_slice){.ptr = a.reply, .len = a.len},
                           v->max_text_bytes, text);
  free(a.reply);
  done.http_status = a.status;
  done.elapsed_ms = (uint32_t)(clock_ms() - start);
  if (report != NULL)
    *report = done;
  return err;
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
