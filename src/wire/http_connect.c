/* SPDX-License-Identifier: MIT */
#include "wire/http_connect.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "base/text.h"
#include "wire/base64.h"
#include "wire/http1.h"

static const peal_http1_limits limits = {.head_bytes =
                                             PEAL_HTTP_CONNECT_HEAD_MAX};

/* -- the request ----------------------------------------------------------- */

static void add_authority(peal_buf *out,
                          const peal_http_connect_target *target) {
  bool v6 = peal_text_find(target->host, ':') < target->host.len;
  peal_buf_add_str(out, v6 ? "[" : "");
  peal_buf_add(out, target->host);
  peal_buf_add_str(out, v6 ? "]:" : ":");
  peal_buf_add_u64(out, target->port);
}

static void add_user(peal_buf *out, const peal_http_connect_target *target) {
  peal_buf both;
  peal_buf_init(&both, out->mem, 0);
  peal_buf_add(&both, target->user);
  peal_buf_add_char(&both, ':');
  peal_buf_add(&both, target->password);
  peal_buf_add_str(out, "Proxy-Authorization: Basic ");
  peal_base64_encode(out, peal_buf_slice(&both));
  peal_buf_add_str(out, "\r\n");
  if (both.err)
    out->err = both.err;
  peal_buf_deinit(&both);
}

static bool is_host(peal_slice host) {
  for (size_t i = 0; i < host.len; i++)
    if ((unsigned char)host.ptr[i] <= ' ' || host.ptr[i] == 0x7f)
      return false;
  return host.len > 0;
}

peal_err peal_http_connect_init(peal_http_connect *ask, const peal_mem *mem,
                                const peal_http_connect_target *target) {
  *ask = (peal_http_connect){.status = 0};
  peal_buf_init(&ask->out, mem, 0);
  peal_buf_init(&ask->in, mem, PEAL_HTTP_CONNECT_HEAD_MAX + 4);
  if (!is_host(target->host))
    return ask->err = PEAL_FAIL(PEAL_ERR_OPTION);
  peal_buf_add_str(&ask->out, "CONNECT ");
  add_authority(&ask->out, target);
  peal_buf_add_str(&ask->out, " HTTP/1.1\r\nHost: ");
  add_authority(&ask->out, target);
  peal_buf_add_str(&ask->out, "\r\n");
  if (target->has_user)
    add_user(&ask->out, target);
  peal_buf_add_str(&ask->out, "\r\n");
  return ask->err = ask->out.err;
}

void peal_http_connect_deinit(peal_http_connect *ask) {
  peal_buf_deinit(&ask->out);
  peal_buf_deinit(&ask->in);
}

peal_slice peal_http_connect_pull(const peal_http_connect *ask) {
  return (peal_slice){ask->out.ptr + ask->out_at, ask->out.len - ask->out_at};
}

void peal_http_connect_sent(peal_http_connect *ask, size_t len) {
  assert(len <= ask->out.len - ask->out_at);
  ask->out_at += len;
}

/* -- the answer ------------------------------------------------------------ */

/* Of CR LF CR LF, which ends the head, how much is there already? */
static size_t end_seen(peal_slice head) {
  static const char end[] = "\r\n\r\n";
  for (size_t len = head.len < 3 ? head.len : 3; len > 0; len--)
    if (memcmp(head.ptr + head.len - len, end, len) == 0)
      return len;
  return 0;
}

size_t peal_http_connect_wants(const peal_http_connect *ask) {
  if (ask->err || ask->done || ask->out_at < ask->out.len)
    return 0;
  return 4 - end_seen(peal_buf_slice(&ask->in));
}

static peal_err fail(peal_http_connect *ask, peal_err err) {
  ask->err = err;
  return err;
}

/* RFC9110 9.3.6: any 2xx; its Content-Length means nothing. 15.2: those of 1xx
 * come before it. */
static peal_err on_head(peal_http_connect *ask, size_t len) {
  peal_http1_head head;
  peal_err_info info;
  const peal_slice bytes = {ask->in.ptr, len};
  peal_err err = peal_http1_response_decode(&head, bytes, &limits, true, &info);
  if (err)
    return fail(ask, err);
  ask->status = head.status;
  if (head.status < 200 && head.status != 101) {
    ask->scan = (peal_http1_scan){.pos = 0};
    peal_buf_consume(&ask->in, len);
    ask->interim += len; /* whoever reads on would never stop */
    return ask->interim <= PEAL_HTTP_CONNECT_HEAD_MAX
               ? PEAL_ERR_AGAIN
               : fail(ask, PEAL_FAIL(PEAL_ERR_HTTP_HEAD_LEN));
  }
  if (head.status / 100 != 2)
    return fail(ask, PEAL_FAIL(PEAL_ERR_PROXY));
  ask->done = true;
  return PEAL_OK;
}

peal_err peal_http_connect_feed(peal_http_connect *ask, peal_slice in) {
  size_t len;
  if (ask->err)
    return ask->err;
  if (ask->done)
    return PEAL_OK;
  assert(in.len <= peal_http_connect_wants(ask));
  peal_buf_add(&ask->in, in);
  if (ask->in.err)
    return fail(ask, ask->in.err == PEAL_ERR_LIMIT ? PEAL_ERR_HTTP_HEAD_LEN
                                                   : ask->in.err);
  peal_err err =
      peal_http1_scan_feed(&ask->scan, peal_buf_slice(&ask->in), &limits, &len);
  if (err == PEAL_ERR_AGAIN)
    return err;
  return err ? fail(ask, err) : on_head(ask, len);
}
