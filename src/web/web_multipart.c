/* SPDX-License-Identifier: MIT */
/* web_multipart: a form with files, from the body to its parts. */
#include <string.h>

#include "base/reserved.h"
#include "web/multipart.h"
#include "web/web_impl.h"
#include "web/web_limits.h"

/* A body that is read; in the request's memory. */
typedef struct reading {
  peal_http_req *req;
  peal_web_multipart_opts opts;
  peal_multipart machine;
  bool told; /* on_end has been called */
} reading;

static void tell(reading *r, peal_err err) {
  if (r->told)
    return;
  r->told = true;
  if (r->opts.on_end)
    r->opts.on_end(r->req, err, r->opts.user);
}

static peal_err on_part(const peal_multipart_part *part, void *user) {
  reading *r = user;
  const peal_web_part head = {part->name, part->filename, part->type};
  return r->opts.on_part ? r->opts.on_part(r->req, &head, r->opts.user)
                         : PEAL_OK;
}

static peal_err on_part_data(peal_slice data, void *user) {
  reading *r = user;
  return r->opts.on_data ? r->opts.on_data(r->req, data, r->opts.user)
                         : PEAL_OK;
}

static peal_err on_part_end(void *user) {
  reading *r = user;
  if (r->opts.on_part_end)
    r->opts.on_part_end(r->req, r->opts.user);
  return PEAL_OK;
}

static void fail(reading *r, peal_err err) {
  if (!r->req->begun) {
    if (err == PEAL_ERR_HTTP_SYNTAX)
      peal_web_error(r->req, 400, r->machine.why, NULL);
    else
      peal_web_error_of(r->req, err);
  }
  tell(r, err);
}

static void on_data(peal_http_req *req, peal_slice data, void *user) {
  reading *r = user;
  (void)req;
  if (r->told)
    return;
  peal_err err = peal_multipart_feed(&r->machine, data);
  if (err)
    fail(r, err);
}

static void on_end(peal_http_req *req, peal_err err, peal_slice body,
                   void *user) {
  reading *r = user;
  (void)req;
  (void)body;
  if (!r->told && !err) {
    err = peal_multipart_end(&r->machine);
    if (err)
      fail(r, err);
  }
  peal_multipart_deinit(&r->machine);
  tell(r, err);
}

static uint64_t max_of(peal_http_req *req,
                       const peal_web_multipart_opts *opts) {
  const peal_web_ctx *ctx = peal_web_ctx_of(req);
  if (opts->max_bytes)
    return opts->max_bytes;
  return ctx && ctx->has_route ? ctx->entry->route.max_body_bytes
                               : PEAL_LIMIT_HTTP_BODY_BYTES;
}

static peal_err prepare(reading *r) {
  static const peal_multipart_callbacks callbacks = {on_part, on_part_data,
                                                     on_part_end};
  char boundary[PEAL_MULTIPART_BOUNDARY];
  size_t len = 0;
  peal_slice type = peal_http_req_header(r->req, "Content-Type");
  if (!peal_multipart_boundary(type, boundary, &len))
    return PEAL_ERR_HTTP_SYNTAX;
  return peal_multipart_init(&r->machine, (peal_slice){boundary, len},
                             r->opts.max_parts ? r->opts.max_parts : 100,
                             r->opts.max_head_bytes ? r->opts.max_head_bytes
                                                    : 4096,
                             &callbacks, r, r->req->home->worker->mem);
}

static void refuse(peal_http_req *req, const peal_web_multipart_opts *opts,
                   peal_err err) {
  if (opts->on_end)
    opts->on_end(req, err, opts->user);
}

void peal_web_multipart(peal_http_req *req,
                        const peal_web_multipart_opts *opts) {
  uint64_t max = max_of(req, opts);
  reading *r = peal_http_req_alloc(req, sizeof(*r));
  if (!r) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    refuse(req, opts, PEAL_ERR_NOMEM);
    return;
  }
  *r = (reading){.req = req, .opts = *opts};
  if (!PEAL_RESERVED_IS_KNOWN(opts)) {
    peal_web_error_of(req, PEAL_ERR_OPTION);
    refuse(req, opts, PEAL_ERR_OPTION);
    return;
  }
  if (!peal_web_type_is(req, "multipart/form-data")) {
    peal_web_error(req, 415, "Content-Type must be multipart/form-data", NULL);
    refuse(req, opts, PEAL_ERR_USAGE);
    return;
  }
  if (prepare(r)) {
    peal_web_error(req, 400, "multipart/form-data without a valid boundary",
                   NULL);
    refuse(req, opts, PEAL_ERR_HTTP_SYNTAX);
    return;
  }
  if (!peal_web_length_fits(req, max)) {
    refuse(req, opts, PEAL_ERR_HTTP_BODY_LEN);
    peal_multipart_deinit(&r->machine);
    return;
  }
  peal_http_req_stream(req, max, on_data, on_end, r);
}
