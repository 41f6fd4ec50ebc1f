/* SPDX-License-Identifier: MIT */
#include "http/http_preface.h"

#include <string.h>

#include <unistd.h>

#include "base/mem.h"
#include "http/http_link.h"
#include "wire/proxy_header.h"

typedef struct preface {
  peal_stream *stream;
  peal_http_home *home;
  peal_list node; /* home->prefaces */
  peal_wheel_timer timer;
  peal_address address;
  size_t len; /* of what came and was not enough */
  char kept[PEAL_PROXY_HEADER_MAX];
} preface;

bool peal_http_preface_is_due(const peal_http_server *server,
                              const peal_address *peer) {
  return server->opts.proxy_protocol &&
         peal_http_proxies_trust(&server->proxies, peer);
}

static void free_preface(preface *it) {
  peal_wheel_stop(&it->home->worker->wheel, &it->timer);
  peal_list_remove(&it->node);
  peal_account_worker_release(&it->home->account, sizeof(*it));
  peal_mem_free(it->home->worker->mem, it);
}

/* -- the end of it --------------------------------------------------------- */

/* A proxy that is set up otherwise than this server: its owner must know. */
static void refuse(preface *it, peal_err err) {
  peal_http_home *home = it->home;
  char peer[PEAL_ADDRESS_MAX];
  size_t len = peal_address_text(&it->address, peer);
  peal_worker_impl_count(err == PEAL_ERR_TIMEOUT ? &home->stats.timeouts
                                                 : &home->stats.requests_bad,
                         1);
  peal_logger_write(home->worker->log, PEAL_LOG_WARN, "http",
                    (peal_slice){peer, len}, (peal_slice){0},
                    "closed: no header of the PROXY protocol, version 2, which "
                    "proxy_protocol wants of proxies: %s",
                    peal_err_message(err));
  peal_stream_close(it->stream, err);
}

/* Proxies that speak for others are not counted by their own address. */
static bool has_room(peal_http_server *server, const peal_address *client,
                     uint32_t *tag) {
  return !client->known || peal_http_proxies_trust(&server->proxies, client) ||
         peal_address_count_add(&server->addresses, client->ip, tag) == PEAL_OK;
}

static void become_link(preface *it, peal_slice rest) {
  peal_http_home *home = it->home;
  uint32_t tag = 0;
  unsigned refusal = has_room(home->server, &it->address, &tag) ? 0 : 503;
  if (refusal)
    peal_worker_impl_count(&home->stats.refused, 1);
  peal_stream_set_tag(it->stream, tag);
  peal_stream *stream = it->stream;
  if (peal_http_link_take(home, stream, &it->address, rest, refusal))
    free_preface(it);
  else
    peal_stream_close(stream, PEAL_ERR_NOMEM);
}

/* -- the header ------------------------------------------------------------ */

static void apply(preface *it, const peal_proxy_header *header) {
  if (!header->known)
    return;
  it->address = (peal_address){.port = header->port, .known = true};
  memcpy(it->address.ip, header->ip, sizeof(header->ip));
}

/* The next bytes: kept until there are `needs`, of which `used` were taken
 * from these. */
static peal_err take(preface *it, peal_slice data, size_t *used) {
  peal_proxy_header header;
  size_t needs = PEAL_PROXY_HEADER_MIN;
  *used = 0;
  for (;;) {
    peal_err err = peal_proxy_header_decode(
        &header, (peal_slice){it->kept, it->len}, &needs);
    if (!err)
      apply(it, &header);
    if (err != PEAL_ERR_AGAIN || *used == data.len)
      return err;
    size_t more = needs - it->len, left = data.len - *used;
    more = more < left ? more : left;
    memcpy(it->kept + it->len, data.ptr + *used, more);
    it->len += more;
    *used += more;
  }
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  preface *it = user;
  size_t used;
  (void)stream;
  peal_err err = take(it, (peal_slice){data, len}, &used);
  if (!err)
    become_link(it, (peal_slice){data + used, len - used});
  else if (err != PEAL_ERR_AGAIN)
    refuse(it, err);
}

/* -- the stream ------------------------------------------------------------ */

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  (void)stream;
  (void)out;
  (void)user;
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  (void)stream;
  (void)len;
  (void)user;
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  preface *it = user;
  peal_http_home *home = it->home;
  uint32_t tag = peal_stream_tag(stream);
  (void)err;
  free_preface(it);
  peal_http_home_forget(home, tag);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  refuse(PEAL_LIST_OF(timer, preface, timer), PEAL_ERR_TIMEOUT);
}

/* -- beginning and stopping ------------------------------------------------ */

static preface *new_preface(peal_http_home *home, const peal_address *address) {
  if (peal_account_worker_charge(&home->account, sizeof(preface)))
    return NULL;
  preface *it = peal_mem_alloc(home->worker->mem, sizeof(*it));
  if (!it) {
    peal_account_worker_release(&home->account, sizeof(*it));
    return NULL;
  }
  memset(it, 0, offsetof(preface, kept));
  it->home = home;
  it->address = *address;
  peal_list_push(&home->prefaces, &it->node);
  peal_wheel_timer_init(&it->timer, on_timer);
  return it;
}

void peal_http_preface_open(peal_http_home *home, int fd,
                            const peal_address *address) {
  preface *it = new_preface(home, address);
  peal_worker_impl_count(&home->stats.connections_open, 1);
  if (it)
    it->stream = peal_stream_adopt(home->worker, fd, &callbacks, it);
  else
    close(fd);
  if (it && it->stream) {
    peal_wheel_set(&home->worker->wheel, &it->timer,
                   home->worker->now_ms + home->server->opts.head_timeout_ms);
    return;
  }
  if (it)
    free_preface(it);
  peal_http_home_forget(home, 0);
}

void peal_http_preface_stop_all(peal_http_home *home) {
  for (peal_list *node = home->prefaces.next; node != &home->prefaces;
       node = node->next)
    peal_stream_close(PEAL_LIST_OF(node, preface, node)->stream, PEAL_OK);
}
