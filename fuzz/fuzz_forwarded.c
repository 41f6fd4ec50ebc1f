/* SPDX-License-Identifier: MIT */
/* wire/forwarded and wire/ip: elements stay inside of their list, what stands
 * behind the last comma does not depend on what is before it, and a network
 * has the address that it was made of. */
#include <stdlib.h>
#include <string.h>

#include "wire/forwarded.h"
#include "wire/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define APPENDED ", for=192.0.2.7;host=a"

static void must(bool truth) {
  if (!truth)
    abort();
}

static bool is_inside(peal_slice piece, peal_slice text) {
  return piece.len == 0 || (piece.ptr >= text.ptr &&
                            piece.ptr + piece.len <= text.ptr + text.len);
}

static void check_ip(peal_slice text) {
  uint8_t ip[16];
  peal_ip_net net;
  bool is_net = peal_ip_net_parse(&net, text);
  if (is_net)
    must(net.bits <= 128 && peal_ip_net_has(&net, net.ip));
  if (!peal_ip_parse(ip, text))
    return;
  must(is_net && net.bits == 128 && peal_ip_net_has(&net, ip));
  uint8_t node[16];
  must(peal_forwarded_node(node, text) && !memcmp(node, ip, 16));
}

static void check_element(peal_slice element, peal_slice list) {
  static const char *const names[] = {"for", "host", "proto"};
  uint8_t ip[16];
  must(is_inside(element, list));
  check_ip(element);
  (void)peal_forwarded_node(ip, element);
  for (size_t i = 0; i < 3; i++) {
    peal_slice value = peal_forwarded_param(element, names[i]);
    must(is_inside(value, element));
    if (value.ptr)
      (void)peal_forwarded_node(ip, value);
  }
}

static void check_list(peal_slice list) {
  peal_slice rest = list, element;
  size_t count = 0;
  while (peal_forwarded_cut(&rest, &element)) {
    must(++count <= list.len + 1);
    if (count < 50)
      check_element(element, list);
  }
  must(!rest.ptr);
}

/* Whatever a client wrote, the proxy's word is read as it was meant. */
static void check_appended(const uint8_t *data, size_t len) {
  char *text = malloc(len + sizeof APPENDED);
  must(text != NULL);
  if (len)
    memcpy(text, data, len);
  memcpy(text + len, APPENDED, sizeof APPENDED);
  peal_slice list = {text, len + sizeof APPENDED - 1}, element;
  uint8_t ip[16];
  must(peal_forwarded_cut(&list, &element));
  must(peal_slice_is(element, &APPENDED[2]));
  must(peal_forwarded_node(ip, peal_forwarded_param(element, "for")));
  must(ip[15] == 7);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  check_list((peal_slice){len ? (const char *)data : "", len});
  check_appended(data, len);
  return 0;
}
