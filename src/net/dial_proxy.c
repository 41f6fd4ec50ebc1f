/* SPDX-License-Identifier: MIT */
#include "net/dial_proxy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/stream_plain.h"
#include "net/stream_tls.h"
#include "wire/http1_status.h"

/* -- life ------------------------------------------------------------------ */

peal_dial_proxy *peal_dial_proxy_new(const peal_mem *mem, const char *url,
                                     peal_err *err) {
  peal_dial_proxy *proxy = peal_mem_zalloc(mem, sizeof(*proxy));
  size_t size = strlen(url) + 1;
  *err = PEAL_ERR_NOMEM;
  if (!proxy)
    return NULL;
  proxy->text = peal_mem_alloc(mem, size);
  if (proxy->text) {
    memcpy(proxy->text, url, size);
    *err = peal_proxy_url_parse(&proxy->url, peal_slice_of(proxy->text));
  }
  if (!*err)
    return proxy;
  peal_dial_proxy_free(mem, proxy);
  return NULL;
}

void peal_dial_proxy_free(const peal_mem *mem, peal_dial_proxy *proxy) {
  if (!proxy)
    return;
  if (proxy->begun)
    peal_http_connect_deinit(&proxy->http);
  peal_mem_free(mem, proxy->text);
  peal_mem_free(mem, proxy);
}

bool peal_dial_proxy_is_socks(const peal_dial_proxy *proxy) {
  return proxy->url.kind == PEAL_PROXY_SOCKS5 ||
         proxy->url.kind == PEAL_PROXY_SOCKS5H;
}

peal_err peal_dial_proxy_begin(peal_dial_proxy *proxy, const peal_mem *mem,
                               const char *host, uint16_t port) {
  const peal_proxy_url *url = &proxy->url;
  const peal_slice user = {url->user, url->user_len};
  const peal_slice password = {url->password, url->password_len};
  if (peal_dial_proxy_is_socks(proxy))
    return peal_socks5_init(&proxy->socks,
                            &(peal_socks5_target){.host = peal_slice_of(host),
                                                  .port = port,
                                                  .has_user = url->has_user,
                                                  .user = user,
                                                  .password = password});
  proxy->begun = true;
  return peal_http_connect_init(
      &proxy->http, mem,
      &(peal_http_connect_target){.host = peal_slice_of(host),
                                  .port = port,
                                  .has_user = url->has_user,
                                  .user = user,
                                  .password = password});
}

/* -- the machine that it is ------------------------------------------------ */

static peal_slice pull(const peal_dial_proxy *proxy) {
  return peal_dial_proxy_is_socks(proxy) ? peal_socks5_pull(&proxy->socks)
                                         : peal_http_connect_pull(&proxy->http);
}

static void sent(peal_dial_proxy *proxy, size_t len) {
  if (peal_dial_proxy_is_socks(proxy))
    peal_socks5_sent(&proxy->socks, len);
  else
    peal_http_connect_sent(&proxy->http, len);
}

static size_t wants(const peal_dial_proxy *proxy) {
  return peal_dial_proxy_is_socks(proxy)
             ? peal_socks5_wants(&proxy->socks)
             : peal_http_connect_wants(&proxy->http);
}

static peal_err feed(peal_dial_proxy *proxy, peal_slice in) {
  return peal_dial_proxy_is_socks(proxy)
             ? peal_socks5_feed(&proxy->socks, in)
             : peal_http_connect_feed(&proxy->http, in);
}

/* -- over the connection --------------------------------------------------- */

static peal_err failed(ptrdiff_t error) {
  if (error == -EAGAIN || error == -EWOULDBLOCK || error == -ENOBUFS)
    return PEAL_ERR_AGAIN;
  return error == -ENOMEM ? PEAL_ERR_NOMEM : PEAL_ERR_CLOSED;
}

/* PEAL_ERR_AGAIN with *writes, or PEAL_OK: all has been taken. */
static peal_err send_waiting(peal_dial_proxy *proxy,
                             const peal_stream_parcel *parcel,
                             const peal_stream_verbs *verbs, bool *writes) {
  for (;;) {
    peal_iovs out = {.count = 1};
    out.items[0] = pull(proxy);
    out.bytes = out.items[0].len;
    if (!out.bytes)
      return PEAL_OK;
    ptrdiff_t len = verbs->send(parcel->fd, parcel->state, &out);
    *writes = true;
    if (len < 0)
      return failed(len);
    if (!len)
      return PEAL_ERR_AGAIN;
    sent(proxy, (size_t)len);
    *writes = false;
  }
}

peal_err peal_dial_proxy_step(peal_dial_proxy *proxy,
                              const peal_stream_parcel *parcel, bool *writes) {
  const peal_stream_verbs *verbs =
      parcel->verbs ? parcel->verbs : &peal_stream_plain;
  char in[PEAL_SOCKS5_IN_MAX];
  peal_err err = PEAL_ERR_AGAIN;
  *writes = false;
  while (err == PEAL_ERR_AGAIN) {
    err = send_waiting(proxy, parcel, verbs, writes);
    if (err)
      return err;
    size_t want = wants(proxy);
    ptrdiff_t got = parcel->state ? peal_stream_tls_recv(parcel, in, want)
                                  : verbs->recv(parcel->fd, NULL, in, want);
    if (got < 0)
      return failed(got);
    if (!got)
      return PEAL_ERR_CLOSED;
    err = feed(proxy, (peal_slice){in, (size_t)got});
  }
  return err;
}

/* -- in words -------------------------------------------------------------- */

static void say_status(const peal_dial_proxy *proxy, char *out, size_t cap) {
  unsigned status = proxy->http.status;
  const char *what = status == 407 ? proxy->url.has_user
                                         ? ": user or password is wrong"
                                         : ": it wants a user and a password"
                                   : "";
  snprintf(out, cap, "the proxy refuses with %u %s%s", status,
           peal_http1_status_text(status), what);
}

void peal_dial_proxy_text(const peal_dial_proxy *proxy, peal_err err, char *out,
                          size_t cap) {
  if (err == PEAL_ERR_PROXY && peal_dial_proxy_is_socks(proxy))
    snprintf(out, cap, "the proxy refuses: %s",
             peal_socks5_text(&proxy->socks));
  else if (err == PEAL_ERR_PROXY)
    say_status(proxy, out, cap);
  else if (err == PEAL_ERR_CLOSED)
    snprintf(out, cap, "the proxy closed the connection without an answer");
  else if (err == PEAL_ERR_HTTP_SYNTAX || err == PEAL_ERR_HTTP_HEAD_LEN ||
           err == PEAL_ERR_HTTP_VERSION)
    snprintf(out, cap, "the proxy does not speak HTTP: %s",
             peal_err_message(err));
  else
    snprintf(out, cap, "the proxy cannot be asked: %s", peal_err_message(err));
}
