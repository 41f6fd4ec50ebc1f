/* SPDX-License-Identifier: MIT */
/* fuzz_http1: a stream of heads and bodies. The first byte chooses role,
 * limits and how the stream is cut; whatever the cut, the same must be read.
 * What decodes must also be found by the scan, and say nothing impossible. */
#include <stdlib.h>
#include <string.h>

#include "wire/http1.h"
#include "wire/wire_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

/* What was read, as a number that depends on order and content. */
typedef struct digest {
  uint64_t value;
  size_t heads;
  peal_err err;
} digest;

static void mix(digest *d, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    d->value = (d->value ^ bytes[i]) * 1099511628211u;
}

static void mix_number(digest *d, uint64_t number) {
  mix(d, &number, sizeof(number));
}

static void mix_slice(digest *d, peal_slice text) {
  mix_number(d, text.len);
  mix(d, text.ptr, text.len);
}

/* What every accepted head promises. */
static void check_head(const peal_http1_head *head, bool response) {
  must(head->minor <= 1 && head->count <= PEAL_LIMIT_HTTP_FIELDS);
  for (size_t i = 0; i < head->count; i++) {
    must(peal_http1_is_token(head->fields[i].name));
    must(peal_http1_is_field_value(head->fields[i].value));
  }
  peal_slice length = peal_http1_field_get(head, "content-length");
  peal_slice coding = peal_http1_field_get(head, "transfer-encoding");
  must(!length.ptr || !coding.ptr);
  must(head->framing != PEAL_HTTP1_LENGTH || length.ptr);
  must(head->framing != PEAL_HTTP1_CHUNKED ||
       (coding.ptr && peal_slice_is_nocase(coding, "chunked")));
  must(!head->upgrade ||
       peal_http1_field_has_token(head, "connection", "upgrade"));
  if (response) {
    must(head->status >= 100 && head->status <= 999);
    return;
  }
  must(head->framing != PEAL_HTTP1_UNTIL_CLOSE);
  must(peal_http1_is_token(head->method) && head->target.len > 0);
  must(head->minor == 0 || peal_http1_field_get(head, "host").ptr);
}

typedef struct reader {
  bool response;
  bool head_request;
  peal_http1_limits limits;
  peal_http1_scan scan;
  peal_http1_body body;
  bool in_body;
  digest digest;
} reader;

static peal_err decode(const reader *r, peal_http1_head *head,
                       peal_slice text) {
  peal_err_info info = {PEAL_OK, NULL, 0};
  peal_err err = r->response
                     ? peal_http1_response_decode(head, text, &r->limits,
                                                  r->head_request, &info)
                     : peal_http1_request_decode(head, text, &r->limits, &info);
  must(!err || (info.code == err && info.msg && info.pos <= text.len));
  must(!err || peal_err_http_status(err) >= 400);
  return err;
}

/* Returns the bytes taken; 0 if more are needed or reading failed. */
static size_t read_head(reader *r, peal_slice in) {
  static peal_http1_head head;
  size_t len = 0;
  peal_err err = peal_http1_scan_feed(&r->scan, in, &r->limits, &len);
  if (err == PEAL_ERR_AGAIN)
    return 0;
  if (!err) {
    must(len <= in.len);
    err = decode(r, &head, (peal_slice){in.ptr, len});
  }
  if (err) {
    r->digest.err = err;
    return 0;
  }
  check_head(&head, r->response);
  mix_slice(&r->digest, r->response ? head.reason : head.target);
  mix_number(&r->digest, head.status);
  mix_number(&r->digest, head.content_length);
  for (size_t i = 0; i < head.count; i++) {
    mix_slice(&r->digest, head.fields[i].name);
    mix_slice(&r->digest, head.fields[i].value);
  }
  peal_http1_body_init(&r->body, &head);
  r->in_body = true;
  r->digest.heads++;
  r->scan = (peal_http1_scan){0};
  return len;
}

static size_t read_body(reader *r, peal_slice in) {
  size_t used = 0;
  peal_slice data = {NULL, 0};
  peal_err err = peal_http1_body_feed(&r->body, in, &used, &data);
  must(used <= in.len && data.len <= used);
  mix(&r->digest, data.ptr, data.len);
  must(peal_http1_body_is_done(&r->body) == !err);
  if (!err)
    r->in_body = false;
  else if (err != PEAL_ERR_AGAIN)
    r->digest.err = err;
  return used;
}

/* Take what can be taken of `in`; returns how much. */
static size_t read_some(reader *r, peal_slice in) {
  size_t pos = 0;
  while (!r->digest.err) {
    peal_slice rest = {in.ptr + pos, in.len - pos};
    bool was_in_body = r->in_body;
    size_t used = was_in_body ? read_body(r, rest) : read_head(r, rest);
    pos += used;
    if (!used && r->in_body == was_in_body)
      break;
  }
  return pos;
}

/* `step` 0: whole; otherwise pieces of that many bytes. */
static digest read_all(reader r, peal_slice in, size_t step) {
  size_t taken = 0;
  size_t seen = step ? 0 : in.len;
  r.digest = (digest){.value = 14695981039346656037u};
  do {
    seen = step && seen + step < in.len ? seen + step : in.len;
    taken += read_some(&r, (peal_slice){in.ptr + taken, seen - taken});
  } while (seen < in.len && !r.digest.err);
  return r.digest;
}

/* Decoding is as strict as the scan: what it takes the scan finds. */
static void check_decode_alone(const reader *r, peal_slice in) {
  static peal_http1_head head;
  peal_http1_scan scan = {0};
  size_t len = 0;
  if (decode(r, &head, in))
    return;
  must(peal_http1_scan_feed(&scan, in, &r->limits, &len) == PEAL_OK);
  must(len == in.len);
}

/* One pass takes what the scan and the decoding take together, and no more. */
static void check_take(const reader *r, peal_slice in) {
  static peal_http1_head head, taken;
  peal_http1_scan scan = {0};
  size_t len = 0, taken_len = 0;
  if (r->response)
    return;
  bool holds = peal_http1_scan_feed(&scan, in, &r->limits, &len) == PEAL_OK &&
               decode(r, &head, (peal_slice){in.ptr, len}) == PEAL_OK;
  peal_err err = peal_http1_request_take(&taken, in, &r->limits, &taken_len);
  must((err == PEAL_OK) == holds);
  if (!holds)
    return;
  must(taken_len == len && taken.count == head.count);
  must(memcmp(taken.first, head.first, sizeof(head.first)) == 0);
  must(taken.framing == head.framing &&
       taken.content_length == head.content_length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 1)
    return 0;
  unsigned first = data[0];
  peal_slice in = {(const char *)data + 1, len - 1};
  reader r = {.response = first & 1u, .head_request = first & 2u};
  if (first & 4u)
    r.limits = (peal_http1_limits){.head_bytes = 64, .target_bytes = 16};
  size_t step = 2 + (first >> 3);
  digest whole = read_all(r, in, 0);
  digest cut = read_all(r, in, step);
  must(whole.value == cut.value && whole.heads == cut.heads &&
       whole.err == cut.err);
  if (in.len < 4096) {
    cut = read_all(r, in, 1);
    must(whole.value == cut.value && whole.err == cut.err);
  }
  check_decode_alone(&r, in);
  check_take(&r, in);
  return 0;
}
