/* SPDX-License-Identifier: MIT */
#include "proto/http_recv.h"

#include <assert.h>

#include "base/err_site.h"

static const peal_slice none = {NULL, 0};

void peal_http_recv_init(peal_http_recv *recv, const peal_mem *mem,
                         peal_account_worker *account) {
  *recv = (peal_http_recv){.account = account};
  peal_buf_init(&recv->kept, mem, 0);
  peal_http1_body_init(&recv->body,
                       &(peal_http1_head){.framing = PEAL_HTTP1_NO_BODY});
}

/* -- what is held ---------------------------------------------------------- */

static void release(peal_http_recv *recv, size_t bytes) {
  if (!recv->account || !bytes)
    return;
  recv->charged -= bytes;
  peal_account_worker_release(recv->account, bytes);
}

static void free_kept(peal_http_recv *recv) {
  peal_buf_deinit(&recv->kept);
  recv->kept_pos = 0;
  release(recv, recv->charged);
}

void peal_http_recv_deinit(peal_http_recv *recv) {
  free_kept(recv);
  recv->lent = none;
}

static peal_err add_kept(peal_http_recv *recv, peal_slice data) {
  if (recv->account) {
    if (peal_account_worker_charge(recv->account, data.len))
      return PEAL_FAIL(PEAL_ERR_NOMEM);
    recv->charged += data.len;
  }
  peal_buf_add(&recv->kept, data);
  if (!recv->kept.err)
    return PEAL_OK;
  recv->kept.err = PEAL_OK;
  release(recv, data.len);
  return PEAL_FAIL(PEAL_ERR_NOMEM);
}

static bool keeps(const peal_http_recv *recv) {
  return recv->kept.len > recv->kept_pos;
}

static void drop_used(peal_http_recv *recv) {
  size_t used = recv->kept_pos;
  if (!keeps(recv)) {
    free_kept(recv);
  } else if (used > recv->kept.len / 2) {
    peal_buf_consume(&recv->kept, used);
    recv->kept_pos = 0;
    release(recv, used);
  }
}

peal_err peal_http_recv_lend(peal_http_recv *recv, peal_slice data) {
  assert(!recv->lent.len);
  if (recv->kept.ptr)
    drop_used(recv);
  if (keeps(recv))
    return add_kept(recv, data);
  recv->lent = data;
  return PEAL_OK;
}

peal_err peal_http_recv_keep(peal_http_recv *recv) {
  peal_slice lent = recv->lent;
  recv->lent = none;
  if (recv->kept.ptr)
    drop_used(recv);
  return lent.len ? add_kept(recv, lent) : PEAL_OK;
}

void peal_http_recv_drop(peal_http_recv *recv) {
  recv->lent = none;
  recv->kept_pos = recv->kept.len;
}

peal_slice peal_http_recv_rest(const peal_http_recv *recv) {
  if (!keeps(recv))
    return recv->lent;
  return (peal_slice){recv->kept.ptr + recv->kept_pos,
                      recv->kept.len - recv->kept_pos};
}

void peal_http_recv_give(peal_http_recv *recv, peal_buf *kept,
                         peal_slice *rest) {
  *rest = peal_http_recv_rest(recv);
  *kept = recv->kept;
  peal_buf_init(&recv->kept, kept->mem, 0);
  recv->kept_pos = 0;
  release(recv, recv->charged);
  recv->lent = none;
}

static void use(peal_http_recv *recv, size_t len) {
  if (keeps(recv))
    recv->kept_pos += len;
  else
    recv->lent = (peal_slice){recv->lent.ptr + len, recv->lent.len - len};
}

/* -- heads ----------------------------------------------------------------- */

static peal_err find_head(peal_http_recv *recv, peal_http1_head *head,
                          const peal_http1_limits *limits, bool answer,
                          bool to_head, peal_slice in, size_t *len,
                          peal_err_info *info) {
  /* As a rule all of it is there. */
  if (!answer && !recv->scan.pos &&
      peal_http1_request_take(head, in, limits, len) == PEAL_OK)
    return PEAL_OK;
  peal_err err = peal_http1_scan_feed(&recv->scan, in, limits, len);
  if (err)
    return err;
  recv->scan = (peal_http1_scan){0};
  in.len = *len;
  return answer ? peal_http1_response_decode(head, in, limits, to_head, info)
                : peal_http1_request_decode(head, in, limits, info);
}

peal_err peal_http_recv_head(peal_http_recv *recv, peal_http1_head *head,
                             const peal_http1_limits *limits, bool answer,
                             bool to_head, peal_slice *raw, const char **msg) {
  peal_err_info info = {.msg = NULL};
  peal_slice in = peal_http_recv_rest(recv);
  size_t len = 0;
  if (!in.len)
    return PEAL_ERR_AGAIN;
  peal_err err =
      find_head(recv, head, limits, answer, to_head, in, &len, &info);
  *msg = info.msg;
  if (err)
    return err;
  *raw = (peal_slice){in.ptr, len};
  use(recv, len);
  peal_http1_body_init(&recv->body, head);
  return PEAL_OK;
}

/* -- bodies ---------------------------------------------------------------- */

peal_err peal_http_recv_body(peal_http_recv *recv, peal_slice *data,
                             size_t *used) {
  peal_err err =
      peal_http1_body_feed(&recv->body, peal_http_recv_rest(recv), used, data);
  use(recv, *used);
  return err;
}

void peal_http_recv_check(const peal_http_recv *recv) {
  assert(recv->kept_pos <= recv->kept.len);
  assert(!keeps(recv) || !recv->lent.len);
  assert(!recv->account || recv->charged == recv->kept.len);
  (void)recv;
}
