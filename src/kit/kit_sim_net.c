/* SPDX-License-Identifier: MIT */
#include "kit/kit_sim_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
  CONNECT_MS = 5000,
  TOTAL_MS = 20000, /* as a device gives up */
  SLOW_S = 3,       /* how long a slow body takes */
  EVENTS = 64,
};

struct peal_kit_sim_net {
  CURLM *multi;
  int epoll;
  uint64_t timer_ms; /* when curl wants to be called; 0: not at all */
  const peal_kit_sim_opts *opts;
  peal_workers *workers; /* of sockets; NULL: none */
};

struct peal_kit_sim_line {
  peal_kit_sim_net *net;
  CURL *easy;
  struct curl_slist *headers;
  char device_id[32];
  peal_kit_sim_net_done done;
  void *user;
  const peal_kit_sim_job *job; /* NULL: nothing under way */
  size_t sent;
  char text[PEAL_KIT_SIM_ANSWER_BYTES];
  size_t text_len;
};

uint64_t peal_kit_sim_net_clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- curl's callbacks ----------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                     void *known) {
  (void)easy;
  peal_kit_sim_net *net = user;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(net->epoll, EPOLL_CTL_DEL, fd, NULL);
    return 0;
  }
  struct epoll_event event = {.data.fd = fd};
  if (what & CURL_POLL_IN)
    event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT)
    event.events |= EPOLLOUT;
  epoll_ctl(net->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
            &event);
  curl_multi_assign(net->multi, fd, net);
  return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *user) {
  (void)multi;
  peal_kit_sim_net *net = user;
  net->timer_ms =
      timeout_ms < 0 ? 0 : peal_kit_sim_net_clock_ms() + (uint64_t)timeout_ms;
  return 0;
}

static size_t on_body_wanted(char *to, size_t size, size_t count, void *user) {
  peal_kit_sim_line *line = user;
  const peal_kit_sim_job *job = line->job;
  size_t room = size * count, left = job->len - line->sent;
  // half of the body is out: now the device loses its Wi-Fi
  if (job->fault == PEAL_KIT_SIM_DROP && line->sent >= job->len / 2)
    return CURL_READFUNC_ABORT;
  size_t step = job->len;
  if (job->fault == PEAL_KIT_SIM_DROP)
    step = job->len / 2 + 1;
  else if (job->fault == PEAL_KIT_SIM_SLOW)
    step = job->len / 20 + 1;
  size_t len = left < room ? left : room;
  len = len < step ? len : step;
  memcpy(to, job->body + line->sent, len);
  line->sent += len;
  return len;
}

/* curl sends the body again if a kept connection turned out to be closed. */
static int on_rewind(void *user, curl_off_t offset, int origin) {
  peal_kit_sim_line *line = user;
  if (origin != SEEK_SET || offset < 0 || (size_t)offset > line->job->len)
    return CURL_SEEKFUNC_FAIL;
  line->sent = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *user) {
  peal_kit_sim_line *line = user;
  size_t room = PEAL_KIT_SIM_ANSWER_BYTES - 1 - line->text_len;
  size_t len = size * count < room ? size * count : room;
  memcpy(line->text + line->text_len, bytes, len);
  line->text_len += len;
  line->text[line->text_len] = '\0';
  return size * count;
}

/* ---- life ----------------------------------------------------------- */

/* Sockets have a loop of their own, which is a descriptor of ours. */
static bool begin_workers(peal_kit_sim_net *net) {
  if (!net->opts->has_events)
    return true;
  net->workers = peal_workers_new(
      &(peal_workers_opts){.count = 1, .poller = PEAL_POLLER_EPOLL});
  if (net->workers == NULL || peal_workers_begin(net->workers) != PEAL_OK)
    return false;
  struct epoll_event event = {.events = EPOLLIN,
                              .data.fd = peal_workers_fd(net->workers)};
  return epoll_ctl(net->epoll, EPOLL_CTL_ADD, event.data.fd, &event) == 0;
}

peal_worker *peal_kit_sim_net_worker(const peal_kit_sim_net *net) {
  return net->workers != NULL ? peal_workers_get(net->workers, 0) : NULL;
}

peal_kit_sim_net *peal_kit_sim_net_new(const peal_kit_sim_opts *opts) {
  peal_kit_sim_net *net = calloc(1, sizeof *net);
  if (net == NULL)
    return NULL;
  net->opts = opts;
  net->epoll = epoll_create1(EPOLL_CLOEXEC);
  net->multi = curl_multi_init();
  if (net->epoll < 0 || net->multi == NULL || !begin_workers(net)) {
    peal_kit_sim_net_free(net);
    return NULL;
  }
  curl_multi_setopt(net->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(net->multi, CURLMOPT_SOCKETDATA, net);
  curl_multi_setopt(net->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(net->multi, CURLMOPT_TIMERDATA, net);
  // each device keeps its connection, as a device does
  curl_multi_setopt(net->multi, CURLMOPT_MAXCONNECTS, (long)opts->devices + 8);
  return net;
}

void peal_kit_sim_net_free(peal_kit_sim_net *net) {
  if (net == NULL)
    return;
  if (net->workers != NULL)
    (void)peal_workers_end(net->workers);
  peal_workers_free(net->workers);
  curl_multi_cleanup(net->multi);
  if (net->epoll >= 0)
    close(net->epoll);
  free(net);
}

static bool add_header(struct curl_slist **list, const char *name,
                       const char *value) {
  char line[512];
  snprintf(line, sizeof line, "%s: %s", name, value);
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL)
    return false;
  *list = longer;
  return true;
}

peal_kit_sim_line *peal_kit_sim_net_line_new(peal_kit_sim_net *net,
                                             const char *device_id,
                                             peal_kit_sim_net_done done,
                                             void *user) {
  peal_kit_sim_line *line = calloc(1, sizeof *line);
  if (line == NULL)
    return NULL;
  line->net = net;
  line->done = done;
  line->user = user;
  snprintf(line->device_id, sizeof line->device_id, "%s", device_id);
  line->easy = curl_easy_init();
  if (line->easy == NULL) {
    free(line);
    return NULL;
  }
  return line;
}

void peal_kit_sim_net_line_free(peal_kit_sim_line *line) {
  if (line == NULL)
    return;
  if (line->job != NULL)
    curl_multi_remove_handle(line->net->multi, line->easy);
  curl_easy_cleanup(line->easy);
  curl_slist_free_all(line->headers);
  free(line);
}

/* ---- requests ------------------------------------------------------- */

static bool set_headers(peal_kit_sim_line *line, const peal_kit_sim_job *job) {
  curl_slist_free_all(line->headers);
  line->headers = NULL;
  const char *key = line->net->opts->key;
  // a device does not ask first whether it may send
  return add_header(&line->headers, "X-Device-Id", line->device_id) &&
         (key == NULL || add_header(&line->headers, "X-Device-Key", key)) &&
         (job->content_type == NULL ||
          (add_header(&line->headers, "Content-Type", job->content_type) &&
           add_header(&line->headers, "Expect", "")));
}

static void set_body(peal_kit_sim_line *line, const peal_kit_sim_job *job) {
  CURL *easy = line->easy;
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->len);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_body_wanted);
  curl_easy_setopt(easy, CURLOPT_READDATA, line);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, line);
  if (job->fault == PEAL_KIT_SIM_SLOW)
    curl_easy_setopt(easy, CURLOPT_MAX_SEND_SPEED_LARGE,
                     (curl_off_t)(job->len / SLOW_S + 1));
}

bool peal_kit_sim_net_line_send(peal_kit_sim_line *line,
                                const peal_kit_sim_job *job) {
  CURL *easy = line->easy;
  char url[640];
  snprintf(url, sizeof url, "%s%s", line->net->opts->url, job->path);
  curl_easy_reset(easy);
  if (!set_headers(line, job))
    return false;
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, line);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, line->headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, line);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, line->net->opts->program);
  // a proxy for the internet is none for the device's own network
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  if (job->content_type != NULL)
    set_body(line, job);
  line->job = job;
  line->sent = line->text_len = 0;
  line->text[0] = '\0';
  if (curl_multi_add_handle(line->net->multi, easy) == CURLM_OK)
    return true;
  line->job = NULL;
  return false;
}

static void finish(peal_kit_sim_line *line, CURLcode code) {
  peal_kit_sim_answer answer = {.text = line->text, .error = ""};
  long status = 0;
  curl_off_t total_us = 0, retry_s = 0;
  curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(line->easy, CURLINFO_TOTAL_TIME_T, &total_us);
  curl_easy_getinfo(line->easy, CURLINFO_RETRY_AFTER, &retry_s);
  answer.latency_us = (uint64_t)total_us;
  answer.retry_ms = (uint32_t)(retry_s > 60 ? 60 : retry_s) * 1000;
  // a refusal in the middle of the body is an answer, not a failure
  bool is_early = code == CURLE_SEND_ERROR && status >= 400;
  if (code == CURLE_OK || is_early)
    answer.status = (int)status;
  else
    answer.error = curl_easy_strerror(code);
  curl_multi_remove_handle(line->net->multi, line->easy);
  line->job = NULL;
  line->done(line->user, &answer);
}

static void finish_all(peal_kit_sim_net *net) {
  int left = 0;
  CURLMsg *msg;
  while ((msg = curl_multi_info_read(net->multi, &left)) != NULL) {
    if (msg->msg != CURLMSG_DONE)
      continue;
    char *line = NULL;
    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &line);
    CURLcode code = msg->data.result;
    finish((peal_kit_sim_line *)(void *)line, code);
  }
}

static int shorter(const peal_kit_sim_net *net, int timeout_ms) {
  int turn_ms =
      net->workers != NULL ? peal_workers_timeout_ms(net->workers) : -1;
  if (turn_ms >= 0 && turn_ms < timeout_ms)
    timeout_ms = turn_ms;
  if (net->timer_ms == 0)
    return timeout_ms;
  uint64_t now = peal_kit_sim_net_clock_ms();
  uint64_t left = net->timer_ms > now ? net->timer_ms - now : 0;
  return left < (uint64_t)timeout_ms ? (int)left : timeout_ms;
}

void peal_kit_sim_net_wait(peal_kit_sim_net *net, int timeout_ms,
                           const sigset_t *unblocked) {
  struct epoll_event events[EVENTS];
  int running = 0;
  bool is_over = false;
  int count = epoll_pwait(net->epoll, events, EVENTS, shorter(net, timeout_ms),
                          unblocked);
  if (net->workers != NULL)
    is_over = peal_workers_step(net->workers, 0) != PEAL_OK;
  (void)is_over; // nobody stops it but peal_kit_sim_net_free
  for (int i = 0; i < count; i++) {
    int mask = 0;
    if (net->workers != NULL &&
        events[i].data.fd == peal_workers_fd(net->workers))
      continue;
    if (events[i].events & EPOLLIN)
      mask |= CURL_CSELECT_IN;
    if (events[i].events & EPOLLOUT)
      mask |= CURL_CSELECT_OUT;
    if (events[i].events & (EPOLLERR | EPOLLHUP))
      mask |= CURL_CSELECT_ERR;
    curl_multi_socket_action(net->multi, events[i].data.fd, mask, &running);
  }
  if (net->timer_ms != 0 && peal_kit_sim_net_clock_ms() >= net->timer_ms) {
    net->timer_ms = 0;
    curl_multi_socket_action(net->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  finish_all(net);
}
