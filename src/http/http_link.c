/* SPDX-License-Identifier: MIT */
#include "http/http_link.h"

#include <string.h>

#include <unistd.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "http/http_answer.h"
#include "http/http_body.h"
#include "http/http_file.h"
#include "http/http_forwarded.h"
#include "http/http_redirect.h"
#include "http/http_req.h"
#include "proto/http_reply.h"
#include "wire/proxy_header.h"

static const peal_slice none = {NULL, 0};

static void run(peal_http_link *link);
static void begin(peal_http_link *link, peal_slice data);
static peal_http_link *adopt(peal_http_home *home,
                             const peal_stream_parcel *parcel,
                             const peal_address *address);
static void on_timer(peal_wheel_timer *timer, uint64_t now_ms);

/* -- life ------------------------------------------------------------------ */

static void free_link(peal_http_link *link) {
  const peal_mem *mem = link->home->worker->mem;
  peal_wheel_stop(&link->home->worker->wheel, &link->timer);
  peal_list_remove(&link->node);
  peal_list_remove(&link->flush.node);
  peal_http_conn_deinit(&link->conn);
  peal_mem_free(mem, link);
}

static void free_later(peal_flush *flush) {
  free_link(PEAL_LIST_OF(flush, peal_http_link, flush));
}

static void on_flush(peal_flush *flush) {
  run(PEAL_LIST_OF(flush, peal_http_link, flush));
}

/* The loop may be under way: it looks at the stream after each event. */
void peal_http_link_give(peal_http_link *link) {
  link->stream = NULL;
  peal_wheel_stop(&link->home->worker->wheel, &link->timer);
  link->flush.fn = free_later;
  peal_worker_impl_flush_later(link->home->worker, &link->flush);
}

static peal_http_link *new_link(peal_http_home *home,
                                const peal_address *address) {
  peal_http_link *link = peal_mem_alloc(home->worker->mem, sizeof(*link));
  if (!link)
    return NULL;
  memset(link, 0, offsetof(peal_http_link, conn));
  link->home = home;
  link->address = *address;
  link->flush.fn = on_flush;
  peal_list_init(&link->flush.node);
  peal_wheel_timer_init(&link->timer, on_timer);
  peal_list_push(&home->links, &link->node);
  peal_http_conn_init(&link->conn, &home->conn_opts, home->worker->now_ms);
  return link;
}

/* -- time ------------------------------------------------------------------ */

/* A timer that is set too early only looks and is set anew; so it is moved
 * when it must fire earlier, and not with every request. */
static void arm(peal_http_link *link) {
  peal_wheel *wheel = &link->home->worker->wheel;
  uint64_t at_ms = peal_http_conn_deadline(&link->conn);
  bool is_set = peal_wheel_is_set(&link->timer);
  if (at_ms == UINT64_MAX) {
    if (is_set)
      peal_wheel_stop(wheel, &link->timer);
  } else if (!is_set || at_ms < link->timer.at_ms) {
    peal_wheel_set(wheel, &link->timer, at_ms);
  }
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_http_link *link = PEAL_LIST_OF(timer, peal_http_link, timer);
  if (peal_http_conn_waiting(&link->conn) > 0)
    peal_http_conn_set_unacked(&link->conn, peal_stream_unacked(link->stream));
  peal_http_conn_tick(&link->conn, now_ms);
  run(link);
}

/* -- heads ----------------------------------------------------------------- */

typedef struct handover {
  peal_mail mail;
  peal_http_server *server;
  peal_address address;
  peal_stream_parcel parcel;
  uint8_t hops;
  size_t len;
  char data[];
} handover;

static void on_handover(peal_worker *worker, peal_mail *mail) {
  handover *given = PEAL_LIST_OF(mail, handover, mail);
  peal_http_home *home = &given->server->homes[peal_worker_index(worker)];
  peal_http_link *link = adopt(home, &given->parcel, &given->address);
  if (link) {
    link->handed = true;
    link->hops = given->hops;
    begin(link, (peal_slice){given->data, given->len});
  }
  peal_mem_free(given->server->mem, given);
}

/* This request belongs to another worker: its connection goes there, with all
 * that was read of it. */
static bool hand_over(peal_http_link *link, unsigned index, peal_slice all) {
  peal_http_home *home = link->home;
  peal_http_server *server = home->server;
  handover *given = peal_mem_alloc(server->mem, sizeof(*given) + all.len);
  if (!given)
    return false;
  given->mail.fn = on_handover;
  given->server = server;
  given->address = link->address;
  given->hops = link->hops;
  given->len = all.len;
  memcpy(given->data, all.ptr, all.len);
  given->parcel = peal_stream_detach(link->stream);
  peal_worker_impl_count(&home->stats.connections_open, UINT64_MAX);
  peal_http_link_give(link);
  peal_worker_impl_send(server->homes[index].worker, &given->mail);
  return true;
}

/* The worker that must have this request, or -1 if it may stay. */
static int owner_of(const peal_http_link *link, const peal_http_req *req) {
  const peal_http_mount *mount = req->mount;
  if (!mount || !mount->worker_of || link->handed || link->redirect)
    return -1;
  int index = mount->worker_of(req, mount->user);
  if (index < 0 || (unsigned)index >= link->home->server->home_count ||
      (unsigned)index == peal_worker_index(link->home->worker) ||
      peal_http_conn_waiting(&link->conn) > 0)
    return -1;
  return index;
}

/* RFC9110 9.3, RFC5789: what a resource that does not exist might have. */
static bool is_common(peal_slice method) {
  static const char *const methods[] = {"GET",   "HEAD",   "POST",
                                        "PUT",   "DELETE", "OPTIONS",
                                        "PATCH", "TRACE",  "CONNECT"};
  for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
    if (peal_slice_is(method, methods[i]))
      return true;
  return false;
}

static void call_handler(peal_http_link *link, peal_http_req *req) {
  const peal_http_mount *mount = req->mount;
  if (link->redirect)
    peal_http_redirect_answer(req, link->redirect);
  /* RFC9110 9.1: a mount may know any method; nobody else does. */
  else if (!mount)
    peal_http_answer(req, is_common(req->method) ? 404 : 501, NULL, none);
  else if (mount->on_upgrade && req->asks_upgrade)
    mount->on_upgrade(req, mount->user);
  else
    mount->on_request(req, mount->user);
  if (link->req == req)
    peal_http_answer_check(req);
}

/* Its socket is another process's. */
static void leave(peal_http_link *link) {
  peal_stream_parcel parcel = peal_stream_detach(link->stream);
  close(parcel.fd);
  peal_http_home_forget(link->home, parcel.tag);
  peal_http_link_give(link);
}

/* Another process has what it asks for: its connection goes there. */
static bool passes_on(peal_http_link *link, peal_http_req *req,
                      const peal_slice *all) {
  const peal_http_server *server = link->home->server;
  if (!server->pass || !req->mount || link->redirect ||
      peal_stream_is_encrypted(link->stream) ||
      peal_http_conn_waiting(&link->conn) > 0)
    return false;
  peal_http_link_offer offer = {.address = link->address,
                                .fd = peal_stream_fd(link->stream),
                                .hops = link->hops,
                                .data = *all};
  if (!server->pass(req, req->mount->user, &offer, server->pass_user))
    return false;
  peal_http_req_free(req);
  leave(link);
  return true;
}

static void on_head(peal_http_link *link, const peal_http_conn_event *event) {
  peal_http_home *home = link->home;
  peal_http_req *req =
      peal_http_req_new(home, link, &link->address, &event->head, event->data);
  if (!req) {
    peal_http_conn_refuse(&link->conn, 503);
    return;
  }
  req->secure = peal_stream_is_encrypted(link->stream);
  if (req->forwarded)
    peal_http_forwarded_read(req);
  req->mount = peal_http_mount_find(&home->server->mounts, req->path);
  peal_slice all = {event->data.ptr,
                    event->data.len + peal_http_conn_rest(&link->conn).len};
  int owner = owner_of(link, req);
  if (owner >= 0) {
    peal_http_req_free(req);
    if (!hand_over(link, (unsigned)owner, all))
      peal_http_conn_refuse(&link->conn, 503);
    return;
  }
  if (passes_on(link, req, &all))
    return;
  link->req = req;
  link->handed = false;
  link->hops = 0;
  peal_worker_impl_count(&home->stats.requests_total, 1);
  call_handler(link, req);
}

/* -- what else happens ------------------------------------------------------ */

static void count_timeout(peal_http_link *link, peal_err err) {
  if (err == PEAL_ERR_TIMEOUT)
    peal_worker_impl_count(&link->home->stats.timeouts, 1);
}

static void on_bad(peal_http_link *link, peal_err err, const char *msg) {
  peal_http_home *home = link->home;
  count_timeout(link, err);
  if (err == PEAL_ERR_TIMEOUT)
    return;
  peal_worker_impl_count(&home->stats.requests_bad, 1);
  if (!peal_logger_wants(home->worker->log, PEAL_LOG_DEBUG))
    return;
  char peer[PEAL_ADDRESS_MAX], site[PEAL_ERR_SITE_TEXT];
  size_t len = peal_address_text(&link->address, peer);
  peal_logger_write(home->worker->log, PEAL_LOG_DEBUG, "http",
                    (peal_slice){peer, len}, none, "refused: %s%s",
                    msg ? msg : peal_err_message(err),
                    peal_err_site_text(err, site));
}

static void on_body(peal_http_link *link, const peal_http_conn_event *event) {
  if (link->req)
    peal_http_body_deliver(link->req, event->data, event->last, event->left);
}

static void on_lost(peal_http_link *link, peal_err err) {
  count_timeout(link, err);
  if (link->req)
    peal_http_body_fail(link->req, err);
}

/* Everything of the answer has left. */
static void on_over(peal_http_link *link) {
  peal_http_req *req = link->req;
  link->req = NULL;
  if (!req)
    return;
  if (req->on_end)
    peal_http_body_cancel(req, PEAL_ERR_CANCELLED);
  peal_http_req_tell_done(req, PEAL_OK);
  peal_http_req_free(req);
}

static void on_machine_close(peal_http_link *link, peal_err err) {
  count_timeout(link, err);
  if (err == PEAL_OK)
    peal_stream_finish(link->stream);
  else if (peal_http_conn_waiting(&link->conn) > 0)
    peal_stream_reset(link->stream, err);
  else
    peal_stream_close(link->stream, err);
}

static void act(peal_http_link *link, const peal_http_conn_event *event) {
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    on_head(link, event);
    break;
  case PEAL_HTTP_CONN_BODY:
    on_body(link, event);
    break;
  case PEAL_HTTP_CONN_LOST:
    on_lost(link, event->err);
    break;
  case PEAL_HTTP_CONN_OVER:
    on_over(link);
    break;
  case PEAL_HTTP_CONN_BAD:
    on_bad(link, event->err, event->msg);
    break;
  case PEAL_HTTP_CONN_CLOSE:
    on_machine_close(link, event->err);
    break;
  }
}

/* -- the loop ---------------------------------------------------------------- */

static void update_reading(peal_http_link *link) {
  bool pause = !peal_http_conn_wants_read(&link->conn);
  if (pause == link->paused)
    return;
  link->paused = pause;
  if (pause)
    peal_stream_pause(link->stream);
  else
    peal_stream_resume(link->stream);
}

static void run(peal_http_link *link) {
  peal_http_conn_event event;
  if (!link->stream || peal_stream_is_closing(link->stream))
    return;
  link->running = true;
  while (link->stream && peal_http_conn_next(&link->conn, &event))
    act(link, &event);
  link->running = false;
  if (!link->stream)
    return;
  arm(link);
  update_reading(link);
  if (peal_http_conn_waiting(&link->conn) > 0)
    peal_stream_flush(link->stream);
}

/* -- the stream --------------------------------------------------------------- */

/* From a peer who is not to send one: it is refused as what is no request, and
 * somebody has to know what to set. */
static void tell_proxy_header(const peal_http_link *link) {
  char peer[PEAL_ADDRESS_MAX];
  size_t len = peal_address_text(&link->address, peer);
  peal_logger_write(link->home->worker->log, PEAL_LOG_WARN, "http",
                    (peal_slice){peer, len}, none,
                    "no request: a header of the PROXY protocol, which %s",
                    link->home->server->opts.proxy_protocol
                        ? "none sends who is not in proxies"
                        : "proxy_protocol would allow to those of proxies");
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  peal_http_link *link = user;
  (void)stream;
  if (link->conn.fresh && peal_proxy_header_is_likely((peal_slice){data, len}))
    tell_proxy_header(link);
  peal_http_conn_feed(&link->conn, (peal_slice){data, len},
                      link->home->worker->now_ms);
  run(link);
}

static void on_end(peal_stream *stream, void *user) {
  peal_http_link *link = user;
  (void)stream;
  peal_http_conn_end(&link->conn, link->home->worker->now_ms);
  run(link);
}

/* What the kernel may not take is watched from here on. */
static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  peal_http_link *link = user;
  (void)stream;
  peal_http_conn_pull(&link->conn, out);
  if (out->count > 0)
    arm(link);
}

/* An answer that is not complete: `waiting` bytes of it are left. */
static void go_on(peal_http_req *req, size_t waiting) {
  if (!req->file)
    peal_http_answer_sent(req, waiting);
  else if (waiting == 0)
    peal_http_file_next(req);
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_http_link *link = user;
  (void)stream;
  peal_http_conn_sent(&link->conn, len, link->home->worker->now_ms);
  if (link->req && !link->req->ended)
    go_on(link->req, peal_http_conn_waiting(&link->conn));
  run(link);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  peal_http_link *link = user;
  peal_http_req *req = link->req;
  peal_http_home *home = link->home;
  uint32_t tag = peal_stream_tag(stream);
  link->stream = NULL;
  link->req = NULL;
  if (req)
    peal_http_req_abort(req, err ? err : PEAL_ERR_CLOSED);
  free_link(link);
  peal_http_home_forget(home, tag);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_end = on_end,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

/* -- beginning and stopping ------------------------------------------------ */

static peal_http_link *adopt(peal_http_home *home,
                             const peal_stream_parcel *parcel,
                             const peal_address *address) {
  peal_http_link *link = new_link(home, address);
  peal_worker_impl_count(&home->stats.connections_open, 1);
  if (link)
    link->stream = peal_stream_adopt_parcel(home->worker, parcel,
                                            &home->account, &callbacks, link);
  else
    peal_stream_parcel_close(parcel);
  if (link && link->stream)
    return link;
  if (link)
    free_link(link);
  peal_http_home_forget(home, parcel->tag);
  return NULL;
}

/* What is served now ends behind its answer. */
static void stop(peal_http_link *link) {
  peal_http_conn_stop(&link->conn);
  run(link);
}

static void begin(peal_http_link *link, peal_slice data) {
  peal_http_home *home = link->home;
  if (data.len)
    peal_http_conn_feed(&link->conn, data, home->worker->now_ms);
  run(link);
  if (home->parting)
    stop(link);
}

void peal_http_link_open(peal_http_home *home, const peal_stream_parcel *parcel,
                         const peal_address *address, uint16_t redirect) {
  peal_http_link *link = adopt(home, parcel, address);
  if (!link)
    return;
  link->redirect = redirect;
  begin(link, none);
}

bool peal_http_link_take(peal_http_home *home, peal_stream *stream,
                         const peal_address *address, peal_slice data,
                         unsigned refusal) {
  peal_http_link *link = new_link(home, address);
  if (!link)
    return false;
  link->stream = stream;
  peal_stream_set_owner(stream, &callbacks, link);
  if (refusal)
    peal_http_conn_refuse(&link->conn, refusal);
  begin(link, data);
  return true;
}

void peal_http_link_refuse(peal_http_home *home,
                           const peal_stream_parcel *parcel,
                           const peal_address *address) {
  peal_http_link *link = adopt(home, parcel, address);
  if (!link)
    return;
  peal_http_conn_refuse(&link->conn, 503);
  run(link);
}

void peal_http_link_stop_all(peal_http_home *home) {
  for (peal_list *node = home->links.next; node != &home->links;) {
    peal_http_link *link = PEAL_LIST_OF(node, peal_http_link, node);
    node = node->next;
    stop(link);
  }
}

static bool may_leave(const peal_http_link *link) {
  return link->stream && !link->req && !peal_stream_is_closing(link->stream) &&
         !peal_stream_is_encrypted(link->stream) &&
         peal_http_conn_is_at_rest(&link->conn);
}

static bool offer(peal_http_link *link, peal_http_link_offer_fn fn,
                  void *user) {
  return fn(user,
            &(peal_http_link_offer){.address = link->address,
                                    .redirect = link->redirect,
                                    .fd = peal_stream_fd(link->stream),
                                    .data = peal_http_conn_rest(&link->conn)});
}

size_t peal_http_link_offer_all(peal_http_home *home,
                                peal_http_link_offer_fn fn, void *user) {
  size_t taken = 0;
  home->parting = true;
  for (peal_list *node = home->links.next; node != &home->links;) {
    peal_http_link *link = PEAL_LIST_OF(node, peal_http_link, node);
    node = node->next;
    bool may = may_leave(link);
    bool leaves = may && offer(link, fn, user);
    taken += leaves;
    if (leaves)
      leave(link);
    else if (!may && !link->conn.fresh)
      stop(link);
  }
  return taken;
}

void peal_http_link_arrive(peal_http_home *home,
                           const peal_stream_parcel *parcel,
                           const peal_http_link_offer *offer) {
  peal_http_link *link = adopt(home, parcel, &offer->address);
  if (!link)
    return;
  link->redirect = offer->redirect;
  link->hops = offer->hops;
  begin(link, offer->data);
}

void peal_http_link_part(peal_http_req *req, peal_slice raw, peal_err err) {
  peal_http_link *link = req->link;
  link->req = NULL;
  peal_http_conn_drop_body(&link->conn);
  peal_err failed =
      peal_http_reply_raw(&link->conn, raw, link->home->worker->now_ms);
  if (failed)
    peal_http_link_break(link, failed);
  else
    peal_http_link_send(link);
  peal_http_req_abort(req, err);
}
