/* SPDX-License-Identifier: MIT */
#include "kit/kit_curl.h"

#include <stdlib.h>

enum { BLIND_MS = 50 };

struct peal_kit_curl {
  peal_worker *worker;
  CURLM *multi;
  peal_timer *timer; /* libcurl's one timer */
  peal_timer *blind; /* runs while a socket is not watched */
  peal_kit_curl_done_fn on_done;
  peal_kit_curl_rest_fn on_rest;
  void *user;
  bool is_inside;
};

/* A socket of libcurl's. */
typedef struct socket_watch {
  peal_kit_curl *curl;
  peal_watch *watch;
  curl_socket_t fd;
} socket_watch;

bool peal_kit_curl_is_inside(const peal_kit_curl *curl) {
  return curl->is_inside;
}

/* ---- transfers that are over ------------------------------------------------ */

static void take_done(peal_kit_curl *curl) {
  int left = 0;
  for (;;) {
    CURLMsg *said = curl_multi_info_read(curl->multi, &left);
    if (said == NULL)
      return;
    if (said->msg != CURLMSG_DONE)
      continue;
    // what was said goes with its transfer
    CURL *easy = said->easy_handle;
    CURLcode code = said->data.result;
    curl_multi_remove_handle(curl->multi, easy);
    curl->on_done(easy, code, curl->user);
  }
}

static void act(peal_kit_curl *curl, curl_socket_t fd, int events) {
  int running = 0;
  curl->is_inside = true;
  (void)curl_multi_socket_action(curl->multi, fd, events, &running);
  curl->is_inside = false;
  take_done(curl);
  curl->on_rest(curl->user);
}

/* Memory was out for a watch: libcurl looks at all of its sockets by itself now
 * and then, until it has none. */
static void on_blind(peal_timer *timer, void *user) {
  peal_kit_curl *curl = user;
  int running = 0;
  curl->is_inside = true;
  (void)curl_multi_perform(curl->multi, &running);
  curl->is_inside = false;
  if (running == 0)
    peal_timer_stop(timer);
  take_done(curl);
  curl->on_rest(curl->user);
}

/* ---- sockets ----------------------------------------------------------------- */

static void on_ready(peal_watch *watch, unsigned events, void *user) {
  socket_watch *one = user;
  (void)watch;
  act(one->curl, one->fd,
      (events & PEAL_WATCH_READ ? CURL_CSELECT_IN : 0) |
          (events & PEAL_WATCH_WRITE ? CURL_CSELECT_OUT : 0) |
          (events & PEAL_WATCH_ERROR ? CURL_CSELECT_ERR : 0));
}

static void forget(socket_watch *one) {
  if (one == NULL)
    return;
  peal_watch_free(one->watch);
  free(one);
}

static socket_watch *watch_socket(peal_kit_curl *curl, curl_socket_t fd) {
  socket_watch *one = malloc(sizeof *one);
  if (one == NULL)
    return NULL;
  *one = (socket_watch){.curl = curl, .fd = fd};
  one->watch = peal_watch_new(curl->worker, fd, on_ready, one);
  if (one->watch != NULL && curl_multi_assign(curl->multi, fd, one) == CURLM_OK)
    return one;
  forget(one);
  return NULL;
}

/* Does the worker wait for it from now on? */
static bool watch(peal_kit_curl *curl, socket_watch *one, curl_socket_t fd,
                  unsigned events) {
  one = one != NULL ? one : watch_socket(curl, fd);
  return one != NULL && peal_watch_set(one->watch, events) == PEAL_OK;
}

/* CURLMOPT_SOCKETFUNCTION. An error from here would make libcurl's handle useless
 * for good. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                     void *of_socket) {
  peal_kit_curl *curl = user;
  socket_watch *one = of_socket;
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    curl_multi_assign(curl->multi, fd, NULL);
    forget(one);
    return 0;
  }
  unsigned events = (what & CURL_POLL_IN ? PEAL_WATCH_READ : 0) |
                    (what & CURL_POLL_OUT ? PEAL_WATCH_WRITE : 0);
  if (!watch(curl, one, fd, events))
    peal_timer_start(curl->blind, BLIND_MS, BLIND_MS);
  return 0;
}

/* ---- time --------------------------------------------------------------------- */

static void on_time(peal_timer *timer, void *user) {
  (void)timer;
  act(user, CURL_SOCKET_TIMEOUT, 0);
}

/* CURLMOPT_TIMERFUNCTION: -1 is none. */
static int on_timer(CURLM *multi, long timeout_ms, void *user) {
  peal_kit_curl *curl = user;
  (void)multi;
  if (timeout_ms < 0)
    peal_timer_stop(curl->timer);
  else
    peal_timer_start(curl->timer, (uint64_t)timeout_ms, 0);
  return 0;
}

/* ---- life ---------------------------------------------------------------------- */

static bool set_up(peal_kit_curl *curl) {
  CURLM *multi = curl->multi;
  return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) ==
             CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl) == CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) ==
             CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl) == CURLM_OK;
}

peal_kit_curl *peal_kit_curl_new(peal_worker *worker,
                                 peal_kit_curl_done_fn on_done,
                                 peal_kit_curl_rest_fn on_rest, void *user) {
  // counted by libcurl: each free takes its own back
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return NULL;
  peal_kit_curl *curl = calloc(1, sizeof *curl);
  if (curl == NULL) {
    curl_global_cleanup();
    return NULL;
  }
  *curl = (peal_kit_curl){
      .worker = worker, .on_done = on_done, .on_rest = on_rest, .user = user};
  curl->timer = peal_timer_new(worker, on_time, curl);
  curl->blind = peal_timer_new(worker, on_blind, curl);
  curl->multi = curl_multi_init();
  if (curl->timer != NULL && curl->blind != NULL && curl->multi != NULL &&
      set_up(curl))
    return curl;
  peal_kit_curl_free(curl);
  return NULL;
}

void peal_kit_curl_free(peal_kit_curl *curl) {
  if (curl == NULL)
    return;
  curl_multi_cleanup(curl->multi);
  peal_timer_free(curl->timer);
  peal_timer_free(curl->blind);
  free(curl);
  curl_global_cleanup();
}

bool peal_kit_curl_add(peal_kit_curl *curl, CURL *easy) {
  return curl_multi_add_handle(curl->multi, easy) == CURLM_OK;
}

void peal_kit_curl_remove(peal_kit_curl *curl, CURL *easy) {
  curl_multi_remove_handle(curl->multi, easy);
}
