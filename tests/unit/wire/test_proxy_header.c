/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "wire/proxy_header.h"
#include "wire_case.h"

typedef struct reader {
  char in[4096];
  size_t len, needs;
  peal_err err;
  bool over;
} reader;

static void log_header(wire_log *log, const peal_proxy_header *header) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  char text[INET6_ADDRSTRLEN];
  bool v4 = memcmp(header->ip, mapped, 12) == 0;
  assert_non_null(inet_ntop(v4 ? AF_INET : AF_INET6,
                            v4 ? header->ip + 12 : header->ip, text,
                            sizeof text));
  if (header->local)
    wire_log_add(log, "local");
  else if (!header->known)
    wire_log_add(log, "unknown");
  else
    wire_log_add(log, "proxy %s %u", text, header->port);
}

static void decode(reader *it, wire_log *log) {
  peal_proxy_header header;
  const peal_slice in = {it->in, it->len};
  if (it->over)
    return;
  it->err = peal_proxy_header_decode(&header, in, &it->needs);
  it->over = it->err != PEAL_ERR_AGAIN;
  if (it->err == PEAL_ERR_AGAIN) {
    assert_true(it->needs > it->len);
  } else if (it->err) {
    wire_log_add(log, "error %s", peal_err_message(it->err));
  } else {
    assert_true(it->needs <= PEAL_PROXY_HEADER_MAX);
    wire_log_add(log, "used %zu", it->needs);
    log_header(log, &header);
  }
}

/* Byte by byte and in two pieces: what is decided is decided alike. */
static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)test;
  (void)user;
  reader it = {.needs = 0};
  peal_slice piece;
  while (wire_feed_next(feed, &piece)) {
    assert_true(it.len + piece.len <= sizeof it.in);
    if (piece.len)
      memcpy(it.in + it.len, piece.ptr, piece.len);
    it.len += piece.len;
    decode(&it, log);
  }
  const peal_slice in = {it.in, it.len};
  if (it.err == PEAL_ERR_AGAIN)
    wire_log_add(log, "needs %zu", it.needs);
  else if (it.err && it.in[0] == 'P' && peal_proxy_header_is_likely(in))
    wire_log_add(log, "likely");
  else if (!it.err && it.len > it.needs)
    wire_log_add_bytes(log, "rest",
                       (peal_slice){it.in + it.needs, it.len - it.needs});
}

static void headers_are_decoded_in_any_pieces(void **state) {
  (void)state;
  assert_int_equal(
      wire_case_run("proxy_header", WIRE_CASE_SPLIT, run_case, NULL), 0);
}

static void a_header_is_known_by_its_beginning(void **state) {
  (void)state;
  assert_true(peal_proxy_header_is_likely(PEAL_S("\r\n\r\n\0\r\nQU")));
  assert_true(peal_proxy_header_is_likely(PEAL_S("PROXY TCP4 ")));
  assert_false(peal_proxy_header_is_likely(PEAL_S("\r\n\r\n")));
  assert_false(peal_proxy_header_is_likely(PEAL_S("\r\n\r\nGET / HTTP")));
  assert_false(peal_proxy_header_is_likely(PEAL_S("PROXIES / HTTP/1.1")));
  assert_false(peal_proxy_header_is_likely((peal_slice){0}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(headers_are_decoded_in_any_pieces),
      cmocka_unit_test(a_header_is_known_by_its_beginning),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
