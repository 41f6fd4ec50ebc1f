/* SPDX-License-Identifier: MIT */
#include "net/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/dial_proxy.h"
#include "net/dial_race.h"
#include "net/dial_words.h"
#include "net/lookup.h"
#include "net/stream_tls.h"
#include "net/turn.h"
#include "wire/ip.h"

#define TIMEOUT_MS 20000u
#define UNIX "unix:"

/* Where it stands: the steps of dial.h, some of them twice for a proxy. */
typedef enum phase {
  LOOKUP_TARGET, /* for a proxy that gets addresses */
  LOOKUP,
  CONNECT,
  PROXY_TLS,
  PROXY,
  TLS
} phase;

struct peal_dial {
  peal_polled item; /* first: begins, is the descriptor, ends */
  peal_list node;   /* worker->dials */
  peal_worker *worker;
  peal_dial_fn fn;
  void *user;
  const char *host, *tls_name; /* in `text` */
  char *text;
  uint16_t port;
  phase at;
  bool queued; /* for the end of the turn */
  bool over;   /* nothing is told any more */
  bool attached;
  unsigned watched; /* events; 0: not in the poller */
  uint32_t timeout_ms;
  uint64_t since_ms; /* of this phase */
  peal_tls_client *tls, *proxy_tls;
  peal_account_worker *account;
  peal_dial_proxy *proxy; /* NULL: none */
  peal_lookup *lookup;    /* while one runs */
  peal_wheel_timer deadline;
  peal_dial_race race;
  peal_tls_verdict verdict;
  char target[PEAL_ADDRESS_MAX]; /* LOOKUP_TARGET's result */
  char proxy_name[PEAL_PROXY_WORD_MAX + 1];
  char place[PEAL_DIAL_TEXT / 2];
  char words[PEAL_DIAL_TEXT];
  peal_dial_result result;
};

/* -- the end --------------------------------------------------------------- */

static void unwatch(peal_dial *dial) {
  if (dial->watched)
    peal_poller_forget(dial->worker->poller, dial->result.parcel.fd);
  dial->watched = 0;
}

static void detach(peal_dial *dial) {
  peal_stream_parcel *parcel = &dial->result.parcel;
  if (dial->attached)
    parcel->verbs->detach(parcel->state);
  dial->attached = false;
}

/* Nothing of it stands in anybody's list any more; the parcel stays. */
static void let_go(peal_dial *dial) {
  dial->over = true;
  peal_list_remove(&dial->node);
  peal_wheel_stop(&dial->worker->wheel, &dial->deadline);
  peal_lookup_close(dial->lookup);
  dial->lookup = NULL;
  peal_dial_race_stop(&dial->race);
  unwatch(dial);
  detach(dial);
}

/* An event may still be told for it in this turn. */
static void queue(peal_dial *dial) {
  if (!dial->queued)
    peal_turn_end_later(dial->worker, &dial->item);
  dial->queued = true;
}

static void close_parcel(peal_dial *dial) {
  if (dial->result.parcel.fd >= 0)
    peal_stream_parcel_close(&dial->result.parcel);
  dial->result.parcel = (peal_stream_parcel){.fd = -1};
}

static const peal_dial_step steps[] = {
    [LOOKUP_TARGET] = PEAL_DIAL_RESOLVE, [LOOKUP] = PEAL_DIAL_RESOLVE,
    [CONNECT] = PEAL_DIAL_CONNECT,       [PROXY_TLS] = PEAL_DIAL_PROXY,
    [PROXY] = PEAL_DIAL_PROXY,           [TLS] = PEAL_DIAL_TLS,
};

static void finish(peal_dial *dial, peal_err err) {
  let_go(dial);
  if (err)
    close_parcel(dial);
  dial->result.err = err;
  dial->result.step = err ? steps[dial->at] : PEAL_DIAL_DONE;
  dial->result.text = err ? dial->words : "";
  if (err && !dial->words[0])
    snprintf(dial->words, sizeof(dial->words), "%s", peal_err_message(err));
  dial->fn(dial, &dial->result, dial->user);
  queue(dial);
}

static void release(peal_dial *dial) {
  const peal_mem *mem = dial->worker->mem;
  peal_dial_proxy_free(mem, dial->proxy);
  peal_mem_free(mem, dial->text);
  peal_mem_free(mem, dial);
}

void peal_dial_close(peal_dial *dial) {
  if (!dial || dial->over)
    return;
  let_go(dial);
  close_parcel(dial);
  queue(dial);
}

void peal_dial_close_all(peal_worker *worker) {
  peal_list all;
  peal_list_init(&all);
  peal_list_move(&all, &worker->dials);
  while (!peal_list_is_empty(&all)) /* each takes itself out */
    finish(PEAL_LIST_OF(all.next, peal_dial, node), PEAL_ERR_CANCELLED);
}

/* -- from step to step ----------------------------------------------------- */

static uint32_t *spent(peal_dial *dial) {
  switch (steps[dial->at]) {
  case PEAL_DIAL_RESOLVE:
    return &dial->result.dns_ms;
  case PEAL_DIAL_CONNECT:
    return &dial->result.connect_ms;
  case PEAL_DIAL_PROXY:
    return &dial->result.proxy_ms;
  case PEAL_DIAL_TLS:
  case PEAL_DIAL_DONE:
    break;
  }
  return &dial->result.tls_ms;
}

static void enter(peal_dial *dial, phase at) {
  uint64_t now_ms = dial->worker->now_ms;
  *spent(dial) += (uint32_t)(now_ms - dial->since_ms);
  dial->since_ms = now_ms;
  dial->at = at;
}

static void done(peal_dial *dial) {
  enter(dial, dial->at);
  SSL *ssl = peal_stream_tls_ssl(&dial->result.parcel);
  if (ssl && dial->tls)
    peal_tls_client_describe(ssl, dial->result.tls, sizeof(dial->result.tls));
  finish(dial, PEAL_OK);
}

static const char *proxy_host(peal_dial *dial,
                              char out[PEAL_PROXY_WORD_MAX + 1]) {
  const peal_slice host = dial->proxy->url.host; /* at most so long */
  memcpy(out, host.ptr, host.len);
  out[host.len] = 0;
  return out;
}

static void on_deadline(peal_wheel_timer *timer, uint64_t now_ms) {
  static const char *const doing[] = {
      [LOOKUP_TARGET] = "looking up",
      [LOOKUP] = "looking up",
      [CONNECT] = "connecting to",
      [PROXY_TLS] = "shaking hands (TLS) with the proxy for",
      [PROXY] = "waiting for the proxy to reach",
      [TLS] = "shaking hands (TLS) with",
  };
  peal_dial *dial = PEAL_LIST_OF(timer, peal_dial, deadline);
  (void)now_ms;
  snprintf(dial->words, sizeof(dial->words),
           "timed out after %u ms while %s %s", (unsigned)dial->timeout_ms,
           doing[dial->at], dial->place);
  finish(dial, PEAL_ERR_TIMEOUT);
}

/* -- TLS ------------------------------------------------------------------- */

static void fail_tls(peal_dial *dial, peal_err err) {
  snprintf(dial->words, sizeof(dial->words), "%s%s",
           dial->at == PROXY_TLS ? "the proxy: " : "", dial->verdict.text);
  finish(dial, err);
}

/* Over what stands. Returns false if memory is out. */
static bool begin_tls(peal_dial *dial, peal_tls_client *tls, const char *host,
                      uint16_t port, phase at) {
  peal_stream_parcel *parcel = &dial->result.parcel;
  enter(dial, at);
  dial->verdict = (peal_tls_verdict){
      .host = host, .port = port, .is_proxy = at == PROXY_TLS};
  unwatch(dial);
  detach(dial);
  if (!peal_stream_tls_over(parcel,
                            peal_tls_client_begin(tls, &dial->verdict))) {
    parcel->fd = -1; /* closed */
    return false;
  }
  dial->attached = parcel->verbs->attach(parcel->state, dial->worker,
                                         dial->account) == PEAL_OK;
  return dial->attached;
}

static void fail_to_begin_tls(peal_dial *dial) {
  if (dial->verdict.err)
    fail_tls(dial, dial->verdict.err);
  else
    finish(dial, PEAL_ERR_NOMEM);
}

static void tls_on(peal_dial *dial) {
  unsigned long why;
  SSL *ssl = peal_stream_tls_ssl(&dial->result.parcel);
  int failed = peal_stream_tls_shake(&dial->result.parcel, &why);
  if (failed == -EAGAIN)
    return;
  peal_err err = peal_tls_client_judge(ssl, failed, why, &dial->verdict);
  if (err)
    fail_tls(dial, err);
  else if (dial->at == PROXY_TLS)
    enter(dial, PROXY);
  else
    done(dial);
}

/* -- the proxy ------------------------------------------------------------- */

static void reach_target(peal_dial *dial) {
  if (!dial->tls) {
    done(dial);
    return;
  }
  const char *name = dial->tls_name ? dial->tls_name : dial->host;
  if (!begin_tls(dial, dial->tls, name, dial->port, TLS))
    fail_to_begin_tls(dial);
}

static void proxy_on(peal_dial *dial, bool *writes) {
  peal_err err =
      peal_dial_proxy_step(dial->proxy, &dial->result.parcel, writes);
  if (err == PEAL_ERR_AGAIN)
    return;
  if (!err) {
    reach_target(dial);
    return;
  }
  peal_dial_proxy_text(dial->proxy, err, dial->words, sizeof(dial->words));
  finish(dial, err == PEAL_ERR_NOMEM ? err : PEAL_ERR_PROXY);
}

static void reach_proxy(peal_dial *dial) {
  const peal_proxy_url *url = &dial->proxy->url;
  peal_tls_client *tls = dial->proxy_tls ? dial->proxy_tls : dial->tls;
  const char *host = dial->target[0] ? dial->target : dial->host;
  peal_err err =
      peal_dial_proxy_begin(dial->proxy, dial->worker->mem, host, dial->port);
  enter(dial, PROXY);
  if (!err && url->kind == PEAL_PROXY_HTTPS) {
    const char *name = proxy_host(dial, dial->proxy_name);
    if (!begin_tls(dial, tls, name, url->port, PROXY_TLS))
      fail_to_begin_tls(dial);
  }
  if (err) {
    peal_dial_proxy_text(dial->proxy, err, dial->words, sizeof(dial->words));
    finish(dial, err);
  }
}

/* -- the descriptor -------------------------------------------------------- */

/* Returns false if the dial is over. */
static bool watch(peal_dial *dial, bool writes) {
  const peal_stream_parcel *parcel = &dial->result.parcel;
  unsigned events = PEAL_POLL_IN | (writes ? PEAL_POLL_OUT : 0);
  if (parcel->state)
    events = parcel->verbs->wants(parcel->state, events);
  if (events == dial->watched)
    return true;
  if (!peal_poller_watch(dial->worker->poller, parcel->fd, events, &dial->item,
                         dial->watched != 0)) {
    finish(dial, PEAL_ERR_SYSTEM);
    return false;
  }
  dial->watched = events;
  return true;
}

/* As far as it goes without waiting. */
static void step_on(peal_dial *dial) {
  phase before;
  bool writes = false;
  do {
    before = dial->at;
    if (dial->at == PROXY)
      proxy_on(dial, &writes);
    else
      tls_on(dial);
  } while (!dial->over && dial->at != before);
  if (!dial->over)
    watch(dial, writes);
}

static void on_ready(peal_polled *item, unsigned events) {
  peal_dial *dial = PEAL_LIST_OF(item, peal_dial, item);
  (void)events;
  if (!dial->over && dial->watched) /* otherwise by an event of before */
    step_on(dial);
}

static void note_peer(peal_dial *dial, int fd) {
  struct sockaddr_storage at;
  socklen_t len = sizeof(at);
  char text[PEAL_ADDRESS_MAX];
  peal_address address = {.known = false};
  if (getpeername(fd, (struct sockaddr *)&at, &len) == 0)
    address = peal_address_of((struct sockaddr *)&at);
  peal_address_text(&address, text);
  peal_dial_words_place(dial->result.address, sizeof(dial->result.address),
                        text, address.port);
}

static void on_raced(peal_dial_race *race, int fd, int error) {
  peal_dial *dial = PEAL_LIST_OF(race, peal_dial, race);
  if (fd < 0) {
    peal_dial_words_connect(dial->words, sizeof(dial->words), dial->place,
                            error);
    finish(dial, error == EMFILE || error == ENFILE    ? PEAL_ERR_NO_FILES
                 : error == ENOMEM || error == ENOBUFS ? PEAL_ERR_NOMEM
                                                       : PEAL_ERR_CONNECT);
    return;
  }
  dial->result.parcel = (peal_stream_parcel){.fd = fd};
  note_peer(dial, fd);
  if (dial->proxy)
    reach_proxy(dial);
  else
    reach_target(dial);
  if (!dial->over)
    step_on(dial);
}

/* -- addresses ------------------------------------------------------------- */

static void resolve(peal_dial *dial, phase at);

static void connect_to(peal_dial *dial) {
  enter(dial, CONNECT);
  peal_dial_race_start(&dial->race);
}

/* SOCKS5 without h: the first address is told to the proxy. */
static void keep_target(peal_dial *dial, const struct addrinfo *list) {
  const peal_address address = peal_address_of(list->ai_addr);
  peal_address_text(&address, dial->target);
  resolve(dial, LOOKUP);
}

static void on_addresses(peal_lookup *lookup, int status,
                         const struct addrinfo *list, void *user) {
  peal_dial *dial = user;
  (void)lookup;
  dial->lookup = NULL;
  if (status || !list) {
    char name[PEAL_PROXY_WORD_MAX + 1];
    bool is_proxy = dial->at == LOOKUP && dial->proxy;
    peal_dial_words_lookup(dial->words, sizeof(dial->words),
                           is_proxy ? proxy_host(dial, name) : dial->host,
                           status);
    finish(dial, status == EAI_MEMORY ? PEAL_ERR_NOMEM : PEAL_ERR_HOST);
  } else if (dial->at == LOOKUP_TARGET) {
    keep_target(dial, list);
  } else {
    peal_dial_race_list(&dial->race, list);
    connect_to(dial);
  }
}

static bool add_number(peal_dial *dial, const char *host, uint16_t port) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  uint8_t ip[16];
  if (!peal_ip_parse(ip, peal_slice_of(host)))
    return false;
  memcpy(&in.sin_addr, ip + 12, 4);
  memcpy(&in6.sin6_addr, ip, 16);
  if (memcmp(ip, mapped, sizeof(mapped)) == 0)
    peal_dial_race_add(&dial->race, (struct sockaddr *)&in, sizeof(in));
  else
    peal_dial_race_add(&dial->race, (struct sockaddr *)&in6, sizeof(in6));
  return true;
}

static void resolve(peal_dial *dial, phase at) {
  char name[PEAL_PROXY_WORD_MAX + 1];
  bool is_proxy = at == LOOKUP && dial->proxy;
  const char *host = is_proxy ? proxy_host(dial, name) : dial->host;
  uint16_t port = is_proxy ? dial->proxy->url.port : dial->port;
  int status;
  enter(dial, at);
  if (at == LOOKUP)
    peal_dial_words_place(dial->place, sizeof(dial->place), host, port);
  if (at == LOOKUP && add_number(dial, host, port)) {
    connect_to(dial);
    return;
  }
  dial->lookup =
      peal_lookup_open(dial->worker, host, port, on_addresses, dial, &status);
  if (!dial->lookup)
    on_addresses(NULL, status, NULL, dial);
}

static void connect_unix(peal_dial *dial, const char *path) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  size_t len = strlen(path);
  snprintf(dial->place, sizeof(dial->place), "%s", dial->host);
  if (!len || len >= sizeof(at.sun_path)) {
    snprintf(dial->words, sizeof(dial->words),
             "the path of a Unix socket has 1 to %zu bytes: %s",
             sizeof(at.sun_path) - 1, dial->place);
    finish(dial, PEAL_ERR_HOST);
    return;
  }
  memcpy(at.sun_path, path, len);
  peal_dial_race_add(&dial->race, (struct sockaddr *)&at, sizeof(at));
  connect_to(dial);
}

static bool is_unix(const peal_dial *dial) {
  return strncmp(dial->host, UNIX, strlen(UNIX)) == 0;
}

static bool has_certificates(const peal_dial *dial) {
  return dial->proxy->url.kind != PEAL_PROXY_HTTPS || dial->proxy_tls ||
         dial->tls;
}

static bool goes_by_door(peal_dial *dial) {
  const peal_dial_door *door = dial->worker->door;
  return door && !dial->tls &&
         door->open(door, dial->worker, dial->host, dial->account,
                    &dial->result.parcel);
}

static void begin(peal_dial *dial) {
  uint8_t ip[16];
  dial->since_ms = dial->worker->now_ms;
  peal_dial_words_place(dial->place, sizeof(dial->place), dial->host,
                        dial->port);
  if (dial->worker->ending) {
    finish(dial, PEAL_ERR_CANCELLED);
    return;
  }
  if (goes_by_door(dial)) {
    done(dial);
    return;
  }
  if (dial->timeout_ms != UINT32_MAX)
    peal_wheel_set(&dial->worker->wheel, &dial->deadline,
                   dial->since_ms + dial->timeout_ms);
  if (is_unix(dial))
    connect_unix(dial, dial->host + strlen(UNIX));
  else if (dial->result.err || (dial->proxy && !has_certificates(dial))) {
    snprintf(dial->words, sizeof(dial->words), "%s",
             dial->result.err ? "the proxy's URL is none that is known: http, "
                                "https, socks5 or socks5h, a host and a port"
                              : "an https proxy needs certificates");
    finish(dial, PEAL_ERR_OPTION);
  } else if (dial->proxy && dial->proxy->url.kind == PEAL_PROXY_SOCKS5 &&
             !peal_ip_parse(ip, peal_slice_of(dial->host)))
    resolve(dial, LOOKUP_TARGET);
  else
    resolve(dial, LOOKUP);
}

/* -- life ------------------------------------------------------------------ */

static void on_turn_end(peal_polled *item) {
  peal_dial *dial = PEAL_LIST_OF(item, peal_dial, item);
  dial->queued = false;
  if (dial->over)
    release(dial);
  else
    begin(dial);
}

static bool copy_text(peal_dial *dial, const peal_dial_opts *opts) {
  size_t host = strlen(opts->host) + 1;
  size_t name = opts->tls_name ? strlen(opts->tls_name) + 1 : 0;
  dial->text = peal_mem_alloc(dial->worker->mem, host + name);
  if (!dial->text)
    return false;
  dial->host = memcpy(dial->text, opts->host, host);
  if (name)
    dial->tls_name = memcpy(dial->text + host, opts->tls_name, name);
  return true;
}

/* Returns false if memory is out; what is wrong with the URL is told later. No
 * proxy goes to a Unix socket. */
static bool make_proxy(peal_dial *dial, const char *url) {
  if (!url || !url[0] || is_unix(dial))
    return true;
  dial->proxy = peal_dial_proxy_new(dial->worker->mem, url, &dial->result.err);
  return dial->result.err != PEAL_ERR_NOMEM;
}

peal_dial *peal_dial_open(peal_worker *worker, const peal_dial_opts *opts,
                          peal_dial_fn fn, void *user) {
  static const peal_polled_kind kind = {on_ready, on_turn_end};
  peal_dial *dial = peal_mem_zalloc(worker->mem, sizeof(*dial));
  if (!dial)
    return NULL;
  dial->item.kind = &kind;
  dial->worker = worker;
  dial->fn = fn;
  dial->user = user;
  dial->port = opts->port;
  dial->tls = opts->tls;
  dial->proxy_tls = opts->proxy_tls;
  dial->account = opts->account;
  dial->timeout_ms = opts->timeout_ms ? opts->timeout_ms : TIMEOUT_MS;
  dial->result.parcel.fd = -1;
  peal_wheel_timer_init(&dial->deadline, on_deadline);
  peal_list_init(&dial->node);
  peal_dial_race_init(&dial->race, worker, on_raced);
  if (!copy_text(dial, opts) || !make_proxy(dial, opts->proxy)) {
    release(dial);
    return NULL;
  }
  if (!worker->ending)
    peal_list_push(&worker->dials, &dial->node);
  queue(dial);
  return dial;
}
