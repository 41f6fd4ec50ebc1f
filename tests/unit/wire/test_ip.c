/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "wire/ip.h"
#include "wire_case.h"

static void log_net(const peal_ip_net *net, const char *text, wire_log *log,
                    bool is_one) {
  if (is_one)
    wire_log_add(log, "net %u", net->bits);
  else
    wire_log_add(log, "net %u %s", net->bits, text);
}

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)test;
  (void)user;
  peal_slice text;
  peal_ip_net net;
  uint8_t ip[16];
  char hex[33] = "";
  assert_true(wire_feed_next(feed, &text));
  bool one = peal_ip_parse(ip, text);
  if (one) {
    peal_hex_put(hex, ip, 16);
    wire_log_add(log, "ip %s", hex);
  }
  if (!peal_ip_net_parse(&net, text)) {
    wire_log_add(log, "none");
    return;
  }
  peal_hex_put(hex, net.ip, 16);
  log_net(&net, hex, log, one);
}

static void addresses_are_those_of_the_standard(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("ip", WIRE_CASE_WHOLE, run_case, NULL), 0);
}

static bool has(const char *net_text, const char *ip_text) {
  peal_ip_net net;
  uint8_t ip[16];
  assert_true(peal_ip_net_parse(&net, peal_slice_of(net_text)));
  assert_true(peal_ip_parse(ip, peal_slice_of(ip_text)));
  return peal_ip_net_has(&net, ip);
}

static void a_network_has_what_begins_like_it(void **state) {
  (void)state;
  assert_true(has("10.0.0.0/8", "10.255.0.1"));
  assert_false(has("10.0.0.0/8", "11.0.0.1"));
  assert_true(has("10.1.2.3/8", "10.9.9.9"));
  assert_true(has("172.16.0.0/12", "172.31.255.255"));
  assert_false(has("172.16.0.0/12", "172.32.0.0"));
  assert_true(has("192.0.2.7", "192.0.2.7"));
  assert_false(has("192.0.2.7", "192.0.2.6"));
  assert_true(has("192.0.2.6/31", "192.0.2.7"));
  assert_true(has("0.0.0.0/0", "255.1.2.3"));
  assert_true(has("0.0.0.0/0", "::ffff:1.2.3.4"));
  assert_false(has("0.0.0.0/0", "2001:db8::1"));
  assert_true(has("::/0", "2001:db8::1"));
  assert_true(has("::/0", "1.2.3.4"));
  assert_true(has("fc00::/7", "fdff::1"));
  assert_false(has("fc00::/7", "fe00::1"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses_are_those_of_the_standard),
      cmocka_unit_test(a_network_has_what_begins_like_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
