/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "http_fixture.h"

/* Each allocation of a server's life fails once, the others succeed: whoever
 * it hits is refused or closed, nobody crashes, nothing leaks. */
static atomic_int countdown; /* the allocation that fails; negative: past */
static atomic_int living;

static bool fails(void) {
  return atomic_fetch_sub(&countdown, 1) == 0;
}

static void *on_alloc(void *user, size_t size) {
  (void)user;
  void *ptr = fails() ? NULL : malloc(size);
  if (ptr)
    atomic_fetch_add(&living, 1);
  return ptr;
}

static void *on_resize(void *user, void *ptr, size_t size) {
  (void)user;
  void *grown = fails() ? NULL : realloc(ptr, size);
  if (grown && !ptr)
    atomic_fetch_add(&living, 1);
  return grown;
}

static void on_release(void *user, void *ptr) {
  (void)user;
  if (ptr)
    atomic_fetch_sub(&living, 1);
  free(ptr);
}

static const peal_mem mem = {on_alloc, on_resize, on_release, NULL};

static char big[200000];

static void on_body(peal_http_req *req, peal_err err, peal_slice body,
                    void *user) {
  (void)user;
  if (!err)
    peal_http_answer(req, 200, NULL, body);
}

static void on_collect(peal_http_req *req, void *user) {
  peal_http_req_collect(req, sizeof(big), on_body, user);
}

static void on_big(peal_http_req *req, void *user) {
  (void)user;
  (void)peal_http_answer_header(req, "X-Long", (peal_slice){"xxxxxxxxxx", 10});
  peal_http_answer(req, 200, NULL, (peal_slice){big, sizeof(big)});
}

static void on_stream(peal_http_req *req, void *user) {
  (void)user;
  char *scratch = peal_http_req_alloc(req, 100);
  if (scratch)
    memset(scratch, 0, 100);
  peal_http_answer_begin(req, 200, NULL, UINT64_MAX);
  for (int i = 0; i < 4; i++)
    (void)peal_http_answer_write(req, (peal_slice){big, 40000});
  peal_http_answer_end(req);
}

static void on_file(peal_http_req *req, void *user) {
  (void)user;
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  peal_http_answer_file(req, 200, NULL, fd, 0, 10000);
}

static void on_task(void *user) {
  (void)user;
}

static void on_task_done(peal_worker *worker, peal_err err, void *user) {
  (void)worker;
  (void)err;
  peal_http_answer(user, 200, NULL, PEAL_S("done"));
}

static void on_defer(peal_http_req *req, void *user) {
  (void)user;
  peal_http_defer(req);
  peal_worker *worker = peal_http_req_worker(req);
  if (peal_task_run(worker, on_task, on_task_done, req))
    peal_http_answer(req, 503, NULL, PEAL_S("no"));
}

static int worker_of(const peal_http_req *req, void *user) {
  (void)req;
  (void)user;
  return 1;
}

/* Connections begin with a header of the PROXY protocol. */
static bool proxied;
static const char header[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02"
                             "\x03\x04\x7f\0\0\x01\x12\x67\x01\xbb";

/* Take whatever comes until the end. */
static void exchange(unsigned port, const char *head, const char *body) {
  char back[65536];
  int fd = net_connect(port);
  if (proxied)
    (void)!send(fd, header, sizeof(header) - 1, MSG_NOSIGNAL);
  (void)!send(fd, head, strlen(head), MSG_NOSIGNAL);
  uv_sleep(1);
  (void)!send(fd, body, strlen(body), MSG_NOSIGNAL);
  while (net_readable(fd, 3000) && recv(fd, back, sizeof(back), 0) > 0)
    continue;
  close(fd);
}

#define HEAD_OF(method, path)                                                  \
  method " " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"

static void serve(http_fixture *it) {
  net_fixture_run(&it->net);
  for (int round = 0; round < 2; round++) {
    exchange(it->port, HEAD_OF("GET", "/big"), "\r\n");
    exchange(it->port, HEAD_OF("POST", "/collect"),
             "Content-Length: 5\r\n\r\nhello");
    exchange(it->port,
             HEAD_OF("POST", "/collect") "Transfer-Encoding: chunked\r\n\r\n"
                                         "3\r\nabc\r\n",
             "2\r\nde\r\n0\r\n\r\n");
    exchange(it->port, HEAD_OF("GET", "/stream"), "\r\n");
    exchange(it->port, HEAD_OF("GET", "/file"), "\r\n");
    exchange(it->port, HEAD_OF("GET", "/defer"), "\r\n");
    exchange(it->port, HEAD_OF("GET", "/none"), "\r\n");
  }
  peal_workers_stop(it->net.workers, 500);
  uv_thread_join(&it->net.thread);
}

static bool mount(http_fixture *it) {
  const peal_http_mount mounts[] = {
      {.path = "/big", .on_request = on_big},
      {.path = "/collect", .on_request = on_collect},
      {.path = "/stream", .on_request = on_stream, .worker_of = worker_of},
      {.path = "/file", .on_request = on_file},
      {.path = "/defer", .on_request = on_defer},
  };
  for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
    if (peal_http_server_mount(it->server, &mounts[i]))
      return false;
  return true;
}

/* Returns true if the failure was reached. */
static bool run_once(int nth) {
  peal_http_server_opts opts = http_opts();
  opts.mem = &mem;
  opts.workers = 2;
  opts.max_connections_per_address = 100;
  opts.proxies = proxied ? "loopback 10.0.0.0/8" : NULL;
  opts.proxy_protocol = proxied;
  http_fixture it = {.server = NULL};
  atomic_store(&countdown, nth);
  peal_err err = peal_http_server_new(&it.server, &opts);
  if (!err) {
    it.port = peal_http_server_port(it.server);
    it.net.workers = peal_http_server_workers(it.server);
    if (mount(&it))
      serve(&it);
    http_check_accounts(it.server);
  } else {
    assert_int_equal(err, PEAL_ERR_NOMEM);
    assert_null(it.server);
  }
  peal_http_server_free(it.server);
  assert_int_equal(atomic_load(&living), 0);
  return atomic_load(&countdown) < 0;
}

static void every_allocation_may_fail(void **state) {
  int nth = 0;
  proxied = *state != NULL;
  while (run_once(nth) && nth < 500)
    nth++;
  print_message("%d allocations\n", nth);
  assert_in_range(nth, 20, 499);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_may_fail),
      {"every_allocation_may_fail_behind_a_proxy", every_allocation_may_fail,
       NULL, NULL, &proxied},
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
