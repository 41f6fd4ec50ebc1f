/* SPDX-License-Identifier: MIT */
#include <netdb.h>

#include "dial_fixture.h"
#include "net/lookup.h"

/* -- a resolver of ours, in the place of the system's ------------------------- */

/* How many are asked now, and whether those that ask for slow.test may go. */
static atomic_int asked, answered, slow_may_go;

static struct addrinfo *make_address(int family, struct addrinfo *next,
                                     uint16_t port) {
  struct made {
    struct addrinfo info;
    struct sockaddr_storage at;
  } *made = calloc(1, sizeof(*made));
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                             .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                             .sin6_port = htons(port)};
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                           .sin_port = htons(port)};
  if (family == AF_INET)
    memcpy(&made->at, &in, sizeof(in));
  else
    memcpy(&made->at, &in6, sizeof(in6));
  made->info = (struct addrinfo){.ai_family = family,
                                 .ai_socktype = SOCK_STREAM,
                                 .ai_addrlen = family == AF_INET ? sizeof(in)
                                                                 : sizeof(in6),
                                 .ai_addr = (struct sockaddr *)&made->at,
                                 .ai_next = next};
  return &made->info;
}

__attribute__((visibility("default"))) int getaddrinfo(
    const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **out) {
  uint16_t port = (uint16_t)strtoul(service, NULL, 10);
  (void)hints;
  atomic_fetch_add(&asked, 1);
  while (!strcmp(node, "slow.test") && !atomic_load(&slow_may_go))
    uv_sleep(1);
  atomic_fetch_add(&answered, 1);
  if (strcmp(node, "slow.test") == 0)
    port = 0;
  else if (strcmp(node, "again.test") == 0)
    return EAI_AGAIN;
  else if (strcmp(node, "full.test") == 0)
    return EAI_MEMORY;
  else if (strcmp(node, "two.test") != 0)
    return EAI_NONAME;
  *out = make_address(AF_INET6, make_address(AF_INET, NULL, port), port);
  return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(
    struct addrinfo *list) {
  while (list) {
    struct addrinfo *next = list->ai_next;
    free(list);
    list = next;
  }
}

/* -- what it says ------------------------------------------------------------- */

static void what_the_resolver_says_is_put_in_words(void **state) {
  dial_scene it;
  (void)state;
  dial_open_scene(&it);
  it.opts.port = 1;
  it.opts.host = "nobody.test";
  dial_expect(&it, PEAL_ERR_HOST, "no such host: nobody.test");
  it.opts.host = "again.test";
  dial_expect(&it, PEAL_ERR_HOST,
              "again.test cannot be looked up now: no name server answers");
  it.opts.host = "full.test";
  assert_int_equal(dial_try(&it), PEAL_ERR_NOMEM);
  it.opts.host = "two.test";
  it.opts.proxy = "http://nobody.test";
  dial_expect(&it, PEAL_ERR_HOST, "no such host: nobody.test");
  it.opts.proxy = "socks5://two.test:1";
  it.opts.host = "nobody.test"; /* is resolved here */
  dial_expect(&it, PEAL_ERR_HOST, "no such host: nobody.test");
  dial_close_scene(&it);
}

/* ::1 refuses, 127.0.0.1 does not. */
static void the_other_family_is_tried(void **state) {
  dial_scene it;
  dial_peer peer;
  (void)state;
  dial_open_scene(&it);
  dial_peer_open(&peer, dial_serve_echo);
  it.opts.host = "two.test";
  it.opts.port = (uint16_t)peer.port;
  dial_expect(&it, PEAL_OK, "");
  assert_true(strncmp(it.result.address, "127.0.0.1:", 10) == 0);
  dial_echo(&it, it.worker, "hello", 5);
  dial_peer_close(&peer);
  dial_close_scene(&it);
}

/* -- how long it takes --------------------------------------------------------- */

static void close_on(peal_worker *worker, void *user) {
  (void)worker;
  peal_dial_close(((dial_scene *)user)->dial);
}

static void a_slow_resolver_keeps_nobody(void **state) {
  dial_scene it, other;
  dial_peer peer;
  (void)state;
  atomic_store(&slow_may_go, 0);
  dial_open_scene(&it);
  dial_open_scene(&other);
  dial_peer_open(&peer, dial_serve_echo);
  it.opts.port = other.opts.port = (uint16_t)peer.port;
  it.opts.host = "slow.test";
  int before = atomic_load(&asked);
  net_on_worker(it.worker, dial_open_on, &it);
  assert_true(net_wait(&asked, before + 1));
  /* The same worker goes on, with numbers and with names. */
  other.worker = it.worker;
  other.opts.account = &it.account;
  other.opts.host = "127.0.0.1";
  dial_expect(&other, PEAL_OK, "");
  peal_stream_parcel_close(&other.result.parcel);
  other.opts.host = "two.test";
  dial_expect(&other, PEAL_OK, "");
  peal_stream_parcel_close(&other.result.parcel);
  /* Who waited is told when his time is over. */
  net_on_worker(it.worker, close_on, &it);
  it.opts.timeout_ms = 50;
  dial_expect(&it, PEAL_ERR_TIMEOUT, "while looking up slow.test");
  assert_int_equal(it.result.step, PEAL_DIAL_RESOLVE);
  atomic_store(&slow_may_go, 1);
  dial_peer_close(&peer);
  dial_close_scene(&it);
  dial_close_scene(&other);
  assert_int_equal(atomic_load(&it.called), 1);
}

/* It comes back when the worker has gone for long. */
static void the_end_of_a_worker_waits_for_no_resolver(void **state) {
  dial_scene it;
  (void)state;
  atomic_store(&slow_may_go, 0);
  dial_open_scene(&it);
  it.opts.host = "slow.test";
  int before = atomic_load(&asked);
  net_on_worker(it.worker, dial_open_on, &it);
  assert_true(net_wait(&asked, before + 1));
  dial_close_scene(&it);
  assert_int_equal(it.result.err, PEAL_ERR_CANCELLED);
  assert_int_equal(atomic_load(&it.called), 1);
  atomic_store(&slow_may_go, 1);
  assert_true(net_wait(&answered, before + 1));
}

static void as_many_as_hang_keep_others_out(void **state) {
  dial_scene it;
  (void)state;
  atomic_store(&slow_may_go, 0);
  dial_open_scene(&it);
  it.opts.host = "slow.test";
  int before = atomic_load(&asked), done = atomic_load(&answered);
  for (unsigned i = 0; i < PEAL_LOOKUP_MAX; i++) {
    net_on_worker(it.worker, dial_open_on, &it);
    assert_true(net_wait(&asked, before + (int)i + 1));
    net_on_worker(it.worker, close_on, &it);
  }
  it.opts.host = "two.test";
  dial_expect(&it, PEAL_ERR_HOST, "two.test cannot be looked up now");
  atomic_store(&slow_may_go, 1);
  assert_true(net_wait(&answered, done + (int)PEAL_LOOKUP_MAX));
  it.opts.port = 1;
  for (int i = 0; i < 1000 && dial_try(&it) == PEAL_ERR_HOST; i++)
    uv_sleep(1);
  assert_int_equal(it.result.err, PEAL_ERR_CONNECT);
  dial_close_scene(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_the_resolver_says_is_put_in_words),
      cmocka_unit_test(the_other_family_is_tried),
      cmocka_unit_test(a_slow_resolver_keeps_nobody),
      cmocka_unit_test(the_end_of_a_worker_waits_for_no_resolver),
      cmocka_unit_test(as_many_as_hang_keep_others_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
