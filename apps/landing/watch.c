/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <pthread.h>

enum {
  EVERY_SECONDS = 2,
  TIMEOUT_MS = 1000,
  BODY_BYTES = 16384, /* of an answer; what is longer is not looked at */
  URL_BYTES = 512,
};

typedef enum state {
  STATE_UNKNOWN,
  STATE_UP,
  STATE_DEGRADED,
  STATE_DOWN
} state;

/* What is known of an application before it is asked. */
typedef struct site {
  const char *name, *title, *about;
  const char *health; /* path that tells how it is */
  /* path whose answer tells of simulated data; NULL: that of its health */
  const char *simulated;
} site;

static const site sites_known[] = {
    {"esp32", "ESP32 dashboard",
     "Motion, sound and pictures of ESP32 devices, and what their display "
     "shows.",
     "/api/health", "/api/devices?limit=20"},
    {"sv30", "SV30 settling tests",
     "How sludge settles in 30 minutes: live, and against earlier tests.",
     "/health", NULL},
    {"carechat", "CareChat",
     "A chat with an assistant, and vital signs with their alerts.", "/health",
     NULL},
    {"hospital", "Hospital alerts",
     "Risk, triage, beds and staff of a hospital: alerts on the right screens, "
     "and none is lost.",
     "/health", NULL},
    {"deskpulse", "DeskPulse",
     "How somebody sits at a desk: live picture, posture and alerts.",
     "/health", NULL},
};

enum { COUNT = sizeof sites_known / sizeof *sites_known };

const peal_config_key watch_keys[] = {
    {.name = "esp32-url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://localhost:5000",
     .help = "of the ESP32 dashboard"},
    {.name = "sv30-url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://localhost:4000",
     .help = "of the settling tests"},
    {.name = "carechat-url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://localhost:5001",
     .help = "of CareChat"},
    {.name = "hospital-url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://localhost:5002",
     .help = "of the hospital's alerts"},
    {.name = "deskpulse-url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://localhost:5003",
     .help = "of DeskPulse"},
    {.name = NULL},
};

/* What was found; each look makes a new one. */
typedef struct found {
  state is;
  bool is_simulated;
  int64_t since_ms; /* wall: so long it has been like that */
} found;

struct watch {
  peal_kit *house;
  const char *urls[COUNT];
  CURL *curl;           /* of the look under way, else of worker 0 */
  found looked[COUNT];  /* the same */
  pthread_mutex_t lock; /* of the next */
  found now[COUNT];
  unsigned seconds; /* worker 0 */
  bool is_looking;  /* worker 0 */
  atomic_bool stopped;
};

/* ---- looking, on the pool --------------------------------------------------- */

typedef struct body {
  char text[BODY_BYTES];
  size_t len;
} body;

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user) {
  body *b = user;
  size_t len = size * count, room = sizeof b->text - 1 - b->len;
  if (len > room)
    return 0; // longer than any answer that is meant
  memcpy(b->text + b->len, bytes, len);
  b->len += len;
  b->text[b->len] = '\0';
  return len;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c,
                       curl_off_t d) {
  watch *w = user;
  (void)a, (void)b, (void)c, (void)d;
  return atomic_load(&w->stopped) ? 1 : 0;
}

/* The status, 0 without an answer. */
static long fetch(watch *w, const char *base, const char *path, body *out) {
  char url[URL_BYTES];
  long status = 0;
  out->len = 0;
  out->text[0] = '\0';
  size_t len = strlen(base);
  while (len > 0 && base[len - 1] == '/')
    len--;
  snprintf(url, sizeof url, "%.*s%s", (int)len, base, path);
  CURL *easy = w->curl;
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, out);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, w);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "peal-landing/" PEAL_VERSION);
  (void)curl_easy_perform(easy);
  // 0 where the connection did not come about
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/* It says one of the words that mean well. */
static state state_of(long status, const char *text) {
  bool is_well = strstr(text, "\"status\":\"ok\"") != NULL ||
                 strstr(text, "\"status\":\"healthy\"") != NULL;
  if (status == 200 && is_well)
    return STATE_UP;
  return status == 503 && strstr(text, "degraded") != NULL ? STATE_DEGRADED
                                                           : STATE_DOWN;
}

static found look_at(watch *w, size_t i) {
  static const char mark[] = "\"simulated\":true";
  const site *s = &sites_known[i];
  body answer;
  long status = fetch(w, w->urls[i], s->health, &answer);
  found out = {.is = state_of(status, answer.text)};
  if (out.is == STATE_UP && s->simulated != NULL)
    (void)fetch(w, w->urls[i], s->simulated, &answer);
  out.is_simulated = out.is == STATE_UP && strstr(answer.text, mark) != NULL;
  return out;
}

static void look(void *user) {
  watch *w = user;
  for (size_t i = 0; i < COUNT && !atomic_load(&w->stopped); i++)
    w->looked[i] = look_at(w, i);
}

/* ---- telling ------------------------------------------------------------------ */

/* Has something changed? */
static bool take_looked(watch *w) {
  bool is_new = false;
  pthread_mutex_lock(&w->lock);
  for (size_t i = 0; i < COUNT; i++) {
    found *now = &w->now[i], *seen = &w->looked[i];
    seen->since_ms = seen->is == now->is ? now->since_ms : peal_wall_ms();
    is_new = is_new || seen->is != now->is ||
             seen->is_simulated != now->is_simulated;
    *now = *seen;
  }
  pthread_mutex_unlock(&w->lock);
  return is_new;
}

static const char *word_of(state of) {
  static const char *const words[] = {"unknown", "up", "degraded", "down"};
  return words[of];
}

static void log_states(watch *w) {
  for (size_t i = 0; i < COUNT; i++)
    peal_kit_log(w->house, PEAL_LOG_INFO, "watch", "%s is %s",
                 sites_known[i].name, word_of(w->looked[i].is));
}

static void on_looked(peal_worker *worker, peal_err err, void *user) {
  watch *w = user;
  (void)worker;
  w->is_looking = false;
  if (err != PEAL_OK || atomic_load(&w->stopped) || !take_looked(w))
    return;
  log_states(w);
  peal_build *build = peal_build_new();
  peal_kit_emit(w->house, "applications", PEAL_ARGS(watch_val(w, build)));
  peal_build_free(build);
}

static peal_val site_val(peal_build *build, const watch *w, size_t i,
                         const found *now) {
  char since[25];
  peal_web_time_iso(since, now->since_ms);
  const site *s = &sites_known[i];
  return peal_build_copy(
      build,
      PEAL_OBJECT({"name", peal_str(s->name)}, {"title", peal_str(s->title)},
                  {"about", peal_str(s->about)}, {"url", peal_str(w->urls[i])},
                  {"state", peal_str(word_of(now->is))},
                  {"since", now->since_ms > 0 ? peal_str(since) : peal_null()},
                  {"simulated", peal_bool(now->is_simulated)}));
}

peal_val watch_val(watch *w, peal_build *build) {
  found now[COUNT];
  pthread_mutex_lock(&w->lock);
  memcpy(now, w->now, sizeof now);
  pthread_mutex_unlock(&w->lock);
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < COUNT; i++)
    peal_items_add(items, site_val(build, w, i, &now[i]));
  return peal_items_val(items);
}

/* ---- life ---------------------------------------------------------------------- */

watch *watch_new(peal_kit *h) {
  watch *w = calloc(1, sizeof *w);
  if (w == NULL)
    return NULL;
  w->house = h;
  pthread_mutex_init(&w->lock, NULL);
  for (size_t i = 0; i < COUNT; i++)
    w->urls[i] = peal_config_str(h->conf.config, watch_keys[i].name);
  bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  w->curl = is_ready ? curl_easy_init() : NULL;
  if (w->curl != NULL)
    return w;
  peal_kit_log(h, PEAL_LOG_ERROR, "watch", "libcurl cannot be used");
  watch_free(w);
  return NULL;
}

void watch_free(watch *w) {
  if (w == NULL)
    return;
  curl_easy_cleanup(w->curl);
  curl_global_cleanup();
  pthread_mutex_destroy(&w->lock);
  free(w);
}

void watch_second(watch *w) {
  if (w->is_looking || w->seconds++ % EVERY_SECONDS != 0)
    return;
  w->is_looking =
      peal_task_run(peal_worker_self(), look, on_looked, w) == PEAL_OK;
}

void watch_stop(watch *w) {
  atomic_store(&w->stopped, true);
}
