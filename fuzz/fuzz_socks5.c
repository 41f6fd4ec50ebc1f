/* SPDX-License-Identifier: MIT */
/* wire/socks5, wire/http_connect, wire/proxy_url, wire/no_proxy: a hostile proxy,
 * in pieces: it ends, and no more is read than was asked for. */
#include <stdlib.h>
#include <string.h>

#include "wire/http_connect.h"
#include "wire/no_proxy.h"
#include "wire/proxy_url.h"
#include "wire/socks5.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

/* A copy of its own, so that reading behind the end is seen. */
static peal_slice copy_of(const uint8_t *data, size_t len) {
  char *copy = malloc(len ? len : 1);
  must(copy != NULL);
  if (len)
    memcpy(copy, data, len);
  return (peal_slice){copy, len};
}

static peal_slice cut(peal_slice *rest, size_t want, size_t most) {
  size_t len = want < most ? want : most;
  if (len > rest->len)
    len = rest->len;
  peal_slice part = {rest->ptr, len};
  rest->ptr += len;
  rest->len -= len;
  return part;
}

/* Returns how much was read. */
static size_t socks(peal_slice in, size_t most, peal_err *end) {
  peal_socks5 it;
  peal_slice rest = in;
  const peal_socks5_target target = {.host = PEAL_S("a.test"),
                                     .port = 1,
                                     .has_user = true,
                                     .user = PEAL_S("u"),
                                     .password = PEAL_S("p")};
  must(peal_socks5_init(&it, &target) == PEAL_OK);
  *end = PEAL_ERR_AGAIN;
  while (*end == PEAL_ERR_AGAIN) {
    peal_socks5_sent(&it, peal_socks5_pull(&it).len);
    size_t want = peal_socks5_wants(&it);
    must(want > 0 && want <= PEAL_SOCKS5_IN_MAX);
    if (!rest.len)
      break;
    *end = peal_socks5_feed(&it, cut(&rest, want, most));
  }
  must(*end != PEAL_ERR_PROXY || peal_socks5_text(&it)[0]);
  return in.len - rest.len;
}

static size_t tunnel(peal_slice in, size_t most, peal_err *end) {
  peal_http_connect it;
  peal_slice rest = in;
  const peal_http_connect_target target = {.host = PEAL_S("a"), .port = 1};
  must(peal_http_connect_init(&it, NULL, &target) == PEAL_OK);
  peal_http_connect_sent(&it, peal_http_connect_pull(&it).len);
  *end = PEAL_ERR_AGAIN;
  while (*end == PEAL_ERR_AGAIN && rest.len) {
    size_t want = peal_http_connect_wants(&it);
    must(want > 0 && want <= 4);
    *end = peal_http_connect_feed(&it, cut(&rest, want, most));
  }
  peal_http_connect_deinit(&it);
  return in.len - rest.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_proxy_url url;
  peal_err whole, part;
  peal_slice in = copy_of(data, len);
  size_t used = socks(in, SIZE_MAX, &whole);
  size_t again = socks(in, 1, &part);
  must(whole == part && (whole || used == again));
  used = tunnel(in, SIZE_MAX, &whole);
  again = tunnel(in, 1, &part);
  must(whole == part && (whole || used == again));
  if (peal_proxy_url_parse(&url, in) == PEAL_OK)
    must(url.host.len && url.port);
  (void)peal_no_proxy_has(in, PEAL_S("a.test"));
  (void)peal_no_proxy_has(in, PEAL_S("10.0.0.1"));
  char *memory = (char *)(uintptr_t)in.ptr;
  free(memory);
  return 0;
}
