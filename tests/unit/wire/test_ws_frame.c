/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/ws_frame.h"
#include "wire_case.h"

/* -- wire cases --------------------------------------------------------------- */

static const char *opcode_name(uint8_t opcode) {
  static const char *const names[] = {
      [PEAL_WS_CONTINUATION] = "continuation",
      [PEAL_WS_TEXT] = "text",
      [PEAL_WS_BINARY] = "binary",
      [PEAL_WS_CLOSE] = "close",
      [PEAL_WS_PING] = "ping",
      [PEAL_WS_PONG] = "pong",
  };
  assert_true(opcode < sizeof(names) / sizeof(*names) && names[opcode]);
  return names[opcode];
}

typedef struct reader {
  const wire_case *test;
  wire_log *log;
  peal_ws_frame frame;
  char *in;
  size_t in_len;
  size_t payload; /* of the frame, so far */
  bool in_frame;
  bool failed;
} reader;

static void log_header(reader *r) {
  const peal_ws_frame *f = &r->frame;
  char text[64];
  size_t len = 0;
  const char *words[] = {opcode_name(f->opcode), f->fin ? " fin" : "",
                         f->rsv1 ? " rsv1" : ""};
  for (size_t i = 0; i < 3; i++) {
    size_t more = strlen(words[i]);
    memcpy(text + len, words[i], more);
    len += more;
  }
  wire_log_put_bytes(r->log, (peal_slice){text, len});
}

/* Returns false if more input is needed. */
static bool read_frame(reader *r) {
  if (!r->in_frame) {
    size_t used = 0;
    peal_slice in = {r->in, r->in_len};
    peal_err err = peal_ws_frame_decode(&r->frame, in, &used);
    if (err == PEAL_ERR_AGAIN)
      return false;
    if (err) {
      wire_log_add(r->log, "error %s", peal_err_name(err));
      r->failed = true;
      return false;
    }
    r->in_len -= used;
    memmove(r->in, r->in + used, r->in_len);
    r->in_frame = true;
  }
  if (r->in_len < r->frame.len)
    return false;
  size_t len = (size_t)r->frame.len;
  peal_ws_frame_mask(r->in, r->in, len, r->frame.mask, 0);
  log_header(r);
  bool shown = len && !wire_case_opt(r->test, "quiet");
  wire_log_add(r->log, " %zu%s%s%.*s", len, r->frame.masked ? " masked" : "",
               shown ? " " : "", shown ? (int)len : 0, r->in);
  r->in_len -= len;
  memmove(r->in, r->in + len, r->in_len);
  r->in_frame = false;
  return true;
}

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)user;
  reader r = {.test = test, .log = log, .in = malloc(1 << 17)};
  peal_slice piece;
  assert_non_null(r.in);
  while (!r.failed && wire_feed_next(feed, &piece)) {
    assert_true(r.in_len + piece.len <= 1 << 17);
    if (piece.len)
      memcpy(r.in + r.in_len, piece.ptr, piece.len);
    r.in_len += piece.len;
    while (read_frame(&r)) {}
  }
  if (r.in_frame) {
    log_header(&r);
    wire_log_add(log, " %llu", (unsigned long long)r.frame.len);
  }
  if (!r.failed && (r.in_len || r.in_frame))
    wire_log_add(log, "more");
  free(r.in);
}

static void reads_all_wire_cases_at_every_split(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("ws_frame", WIRE_CASE_SPLIT, run_case, NULL),
                   0);
}

/* -- headers ------------------------------------------------------------------ */

static void every_pair_of_first_bytes_has_its_answer(void **state) {
  (void)state;
  for (unsigned i = 0; i < 0x10000; i++) {
    uint8_t bytes[14] = {(uint8_t)(i >> 8), (uint8_t)i, [2] = 1};
    unsigned opcode = bytes[0] & 15u;
    unsigned len = bytes[1] & 127u;
    bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    bool bad_control = opcode >= 8 && (len > 125 || !(bytes[0] & 0x80));
    peal_err expected = bytes[0] & 0x30 ? PEAL_ERR_WS_RSV
                        : !known        ? PEAL_ERR_WS_OPCODE
                        : bad_control   ? PEAL_ERR_WS_CONTROL
                                        : PEAL_OK;
    peal_ws_frame frame;
    size_t used = 0;
    peal_slice in = {(const char *)bytes, sizeof(bytes)};
    assert_int_equal(peal_ws_frame_decode(&frame, in, &used), expected);
    in.len = 2;
    if (expected)
      assert_int_equal(peal_ws_frame_decode(&frame, in, &used), expected);
  }
}

static void check_round_trip(uint64_t len, bool masked, size_t header_len) {
  peal_ws_frame frame = {.len = len,
                         .opcode = PEAL_WS_BINARY,
                         .mask = {1, 2, 3, 4},
                         .fin = len % 2 == 0,
                         .rsv1 = len % 3 == 0,
                         .masked = masked};
  char out[PEAL_WS_FRAME_HEADER_MAX];
  peal_ws_frame back;
  size_t used = 0;
  assert_int_equal(peal_ws_frame_encode(out, &frame), header_len);
  for (size_t i = 0; i < header_len; i++)
    assert_int_equal(peal_ws_frame_decode(&back, (peal_slice){out, i}, &used),
                     PEAL_ERR_AGAIN);
  assert_int_equal(
      peal_ws_frame_decode(&back, (peal_slice){out, header_len}, &used),
      PEAL_OK);
  assert_int_equal(used, header_len);
  assert_int_equal(back.len, len);
  assert_int_equal(back.opcode, frame.opcode);
  assert_int_equal(back.fin, frame.fin);
  assert_int_equal(back.rsv1, frame.rsv1);
  assert_int_equal(back.masked, masked);
  if (masked)
    assert_memory_equal(back.mask, frame.mask, 4);
}

static void headers_survive_encoding_and_decoding(void **state) {
  (void)state;

  static const struct {
    uint64_t len;
    size_t header_len;
  } cases[] = {{0, 2},      {1, 2},           {125, 2},
               {126, 4},    {127, 4},         {65535, 4},
               {65536, 10}, {UINT32_MAX, 10}, {INT64_MAX, 10}};

  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    check_round_trip(cases[i].len, false, cases[i].header_len);
    check_round_trip(cases[i].len, true, cases[i].header_len + 4);
  }
}

/* -- masking ------------------------------------------------------------------ */

static void masks_every_length_offset_and_alignment(void **state) {
  (void)state;
  static const uint8_t key[4] = {0x12, 0xa4, 0x00, 0xff};
  char in[128];
  char out[160];
  for (size_t i = 0; i < sizeof(in); i++)
    in[i] = (char)(i * 7);
  for (size_t len = 0; len <= 80; len++)
    for (size_t offset = 0; offset < 5; offset++)
      for (size_t shift = 0; shift < 9; shift++) {
        memset(out, 0x55, sizeof(out));
        peal_ws_frame_mask(out + shift, in + shift, len, key, offset);
        for (size_t i = 0; i < len; i++)
          assert_int_equal((uint8_t)out[shift + i],
                           (uint8_t)in[shift + i] ^ key[(offset + i) % 4]);
        assert_int_equal(out[shift + len], 0x55);
      }
}

static void masking_in_pieces_is_masking_at_once(void **state) {
  (void)state;
  static const uint8_t key[4] = {1, 2, 3, 4};
  char whole[100];
  char pieces[100];
  for (size_t i = 0; i < sizeof(whole); i++)
    whole[i] = pieces[i] = (char)i;
  peal_ws_frame_mask(whole, whole, sizeof(whole), key, 0);
  for (size_t at = 0, step = 1; at < sizeof(pieces); at += step, step++) {
    size_t left = sizeof(pieces) - at;
    peal_ws_frame_mask(pieces + at, pieces + at, left < step ? left : step, key,
                       at);
  }
  assert_memory_equal(whole, pieces, sizeof(whole));
}

static void masking_nothing_touches_nothing(void **state) {
  (void)state;
  static const uint8_t key[4] = {1, 2, 3, 4};
  peal_ws_frame_mask(NULL, NULL, 0, key, UINT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_all_wire_cases_at_every_split),
      cmocka_unit_test(every_pair_of_first_bytes_has_its_answer),
      cmocka_unit_test(headers_survive_encoding_and_decoding),
      cmocka_unit_test(masks_every_length_offset_and_alignment),
      cmocka_unit_test(masking_in_pieces_is_masking_at_once),
      cmocka_unit_test(masking_nothing_touches_nothing),
  };
  return cmocka_run_group_tests_name("ws_frame", tests, NULL, NULL);
}
