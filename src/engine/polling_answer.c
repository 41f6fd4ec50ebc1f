/* SPDX-License-Identifier: MIT */
#include "engine/polling_answer.h"

#include <string.h>

#include "base/bytes.h"
#include "engine/engine_headers.h"
#include "http/compress_answer.h"
#include "net/system.h"
#include "wire/json.h"
#include "wire/percent.h"
#include "wire/query.h"

#define TEXT_TYPE "text/plain; charset=UTF-8"
#define OCTETS_TYPE "application/octet-stream"

/* -- answers ------------------------------------------------------------------------- */

/* reference 3.1: old browsers guess scripts in answers. */
static bool is_old_browser(const peal_http_req *req) {
  peal_slice agent = peal_http_req_header(req, "user-agent");
  return agent.len && (peal_system_find(agent.ptr, agent.len, ";MSIE") ||
                       peal_system_find(agent.ptr, agent.len, "Trident/"));
}

void peal_polling_answer_headers(peal_engine *engine, peal_http_req *req,
                                 const char *sid, bool initial) {
  peal_engine_headers_answer(engine, req, sid, initial);
  (void)peal_http_answer_header(req, "cache-control", PEAL_S("no-store"));
  if (is_old_browser(req))
    (void)peal_http_answer_header(req, "X-XSS-Protection", PEAL_S("0"));
}

void peal_polling_answer_empty(peal_engine *engine, peal_http_req *req,
                               const char *sid, unsigned status) {
  peal_polling_answer_headers(engine, req, sid, false);
  peal_http_answer(req, status, NULL, (peal_slice){0});
}

void peal_polling_answer_close(peal_engine *engine, peal_http_req *req,
                               const char *sid, bool eio3) {
  peal_polling_answer_headers(engine, req, sid, false);
  peal_http_answer(req, 200, TEXT_TYPE, eio3 ? PEAL_S("1:1") : PEAL_S("1"));
}

/* A JSON string that every script engine takes: before ECMAScript 2019 two line
 * ends of Unicode could not stand in one (reference 3.1 escapes them, too). */
static void add_script_string(peal_buf *out, peal_slice text) {
  peal_buf json;
  peal_buf_init(&json, out->mem, 0);
  peal_json_encode_str(&json, text);
  peal_slice rest = peal_buf_slice(&json);
  const char *at;
  while (rest.len && (at = peal_system_find(rest.ptr, rest.len, "\xe2\x80"))) {
    size_t len = (size_t)(at - rest.ptr);
    unsigned char last = (unsigned char)at[2]; /* at worst the quote */
    bool is_end = last == 0xa8 || last == 0xa9;
    peal_buf_add(out, (peal_slice){rest.ptr, is_end ? len : len + 3});
    if (is_end)
      peal_buf_add_str(out, last == 0xa8 ? "\\u2028" : "\\u2029");
    rest = (peal_slice){at + 3, rest.len - len - 3};
  }
  peal_buf_add(out, rest);
  if (json.err && !out->err)
    out->err = json.err;
  peal_buf_deinit(&json);
}

/* JSONP: ___eio[<digits>](<JSON string>); reference 3.1. */
static bool wrap_jsonp(peal_http_req *req, peal_slice payload, peal_buf *out) {
  peal_slice index;
  if (!peal_http_req_param(req, "j", &index))
    return false;
  peal_buf_add_str(out, "___eio[");
  for (size_t i = 0; i < index.len; i++)
    if (index.ptr[i] >= '0' && index.ptr[i] <= '9')
      peal_buf_add_char(out, index.ptr[i]);
  peal_buf_add_str(out, "](");
  add_script_string(out, payload);
  peal_buf_add_str(out, ");");
  return true;
}

static peal_compress coding_for(const peal_engine *engine,
                                const peal_http_req *req, size_t len) {
  if (len < engine->compress_threshold)
    return PEAL_COMPRESS_NONE;
  return peal_compress_choose(peal_http_req_header(req, "accept-encoding"));
}

static void answer(peal_engine *engine, peal_http_req *req, peal_slice payload,
                   const peal_polling_answer_form *form) {
  const char *type = form->octets ? OCTETS_TYPE : TEXT_TYPE;
  peal_compress coding = form->compress ? coding_for(engine, req, payload.len)
                                        : PEAL_COMPRESS_NONE;
  peal_bytes *body = NULL;
  if (coding != PEAL_COMPRESS_NONE)
    body = peal_bytes_alloc(payload.len, peal_http_req_worker(req)->mem);
  if (!body) { /* its packets are out of the queue: they go as they are */
    peal_http_answer(req, 200, type, payload);
    return;
  }
  memcpy(peal_bytes_data(body), payload.ptr, payload.len);
  peal_compress_how how = {.level = engine->opts.deflate.level,
                           .mem_level = engine->opts.deflate.mem_level};
  peal_compress_answer(req, 200, type, body, coding, how);
  peal_bytes_unref(body);
}

peal_err peal_polling_answer_payload(peal_engine *engine, peal_http_req *req,
                                     const char *sid,
                                     const peal_polling_answer_form *form,
                                     const peal_buf *payload) {
  peal_buf wrapped;
  peal_buf_init(&wrapped, peal_http_req_worker(req)->mem, 0);
  bool is_jsonp = wrap_jsonp(req, peal_buf_slice(payload), &wrapped);
  peal_err err = payload->err ? payload->err : wrapped.err;
  if (err) {
    peal_polling_answer_empty(engine, req, sid, 503);
  } else {
    peal_polling_answer_headers(engine, req, sid, form->initial);
    answer(engine, req, peal_buf_slice(is_jsonp ? &wrapped : payload), form);
  }
  peal_buf_deinit(&wrapped);
  return err;
}

/* -- bodies --------------------------------------------------------------------------- */

/* reference 3.1: the JSONP client sends a backslash and an n for a line end,
 * and one backslash more in front of its own ones that an n follows. */
static size_t restore_line_ends(char *text, size_t len) {
  size_t out = 0, slashes = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] == 'n' && slashes == 1)
      text[out - 1] = '\n';
    else if (text[i] == 'n' && slashes)
      text[out - 1] = 'n';
    else
      text[out++] = text[i];
    slashes = text[i] == '\\' ? slashes + 1 : 0;
  }
  return out;
}

/* The body of a form whose field `d` is the payload. */
static peal_slice unwrap_jsonp(peal_slice body, peal_arena *arena) {
  peal_slice field;
  if (!peal_query_find(body, "d", &field))
    return body;
  char *out = peal_arena_alloc(arena, field.len);
  if (!out)
    return (peal_slice){0};
  size_t len = peal_percent_decode_form(out, field);
  return (peal_slice){out, restore_line_ends(out, len)};
}

peal_slice peal_polling_answer_body(peal_http_req *req, peal_slice body) {
  peal_slice index;
  return peal_http_req_param(req, "j", &index)
             ? unwrap_jsonp(body, &peal_http_req_worker(req)->turn)
             : body;
}

bool peal_polling_answer_is_octets(const peal_http_req *req) {
  return peal_slice_starts(peal_http_req_header(req, "content-type"),
                           "application/octet-stream");
}

bool peal_polling_answer_is_too_long(const peal_engine *engine,
                                     const peal_http_req *req) {
  uint64_t len = peal_http_req_length(req);
  return len != UINT64_MAX && len > engine->max_payload;
}
