/* SPDX-License-Identifier: MIT */
/* web_missing: the answer to a path, or a method, that nobody serves. */
#include "web/web_impl.h"

/* No route: 405 if another method has it (RFC9110 15.5.6), else 404. */
void peal_web_missing(peal_web_ctx *ctx) {
  const char *allow = ctx->match.allow;
  bool only_folder = ctx->folder && !ctx->match.found_path;
  if (only_folder)
    allow = "GET, HEAD";
  if (!ctx->match.found_path && (!only_folder || peal_web_ctx_is_read(ctx))) {
    peal_web_error(ctx->req, 404, "not found", NULL);
    return;
  }
  (void)peal_http_answer_header(ctx->req, "Allow", peal_slice_of(allow));
  if (peal_http_req_is_method(ctx->req, "OPTIONS"))
    peal_http_answer(ctx->req, 204, NULL, (peal_slice){0});
  else
    peal_web_error(ctx->req, 405, "method not allowed", NULL);
}
