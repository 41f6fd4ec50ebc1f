/* SPDX-License-Identifier: MIT */
#include "http/ws_extend.h"

/* RFC6455 9.1: the list may stand in several fields. */
peal_err peal_ws_extend_agree(peal_deflate_terms *out,
                              const peal_deflate_opts *opts,
                              const peal_http_req *req) {
  *out = (peal_deflate_terms){.on = false};
  if (!opts->on)
    return PEAL_OK;
  for (size_t i = 0; i < peal_http_req_header_count(req); i++) {
    peal_deflate_terms found;
    peal_slice value;
    peal_slice name = peal_http_req_header_at(req, i, &value);
    if (!peal_slice_is_nocase(name, "sec-websocket-extensions"))
      continue;
    peal_err err = peal_deflate_terms_accept(&found, opts, value);
    if (err)
      return err;
    if (!out->on)
      *out = found;
  }
  return PEAL_OK;
}

void peal_ws_extend_line(peal_buf *out, const peal_deflate_terms *terms) {
  if (!terms->on)
    return;
  peal_buf_add_str(out, "Sec-WebSocket-Extensions: ");
  peal_deflate_terms_answer(out, terms);
  peal_buf_add_str(out, "\r\n");
}
