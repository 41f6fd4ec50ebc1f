/* SPDX-License-Identifier: MIT */
/* Memory fails once, at each place in turn, from the first call to the last
 * piece: what was begun ends once, or was not begun. The linker leads the calls
 * of the worker's thread to this file; libcurl's own are not among them. */
#include <stdlib.h>

#include <peal/kit_calls.h>
#include <peal/kit_sse.h>

#include "../net/net_fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static atomic_int fail_in; /* so many calls from now; 0: none */
static _Thread_local bool is_test;

static bool fails(void) {
  return !is_test && atomic_load(&fail_in) > 0 &&
         atomic_fetch_sub(&fail_in, 1) == 1;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text) {
  return fails() ? NULL : __real_strdup(text);
}

/* One try of all of it. */
typedef struct attempt {
  int fail_at, listening;
  char url[64];
  peal_kit_calls *calls;
  peal_kit_sse sse;
  peal_err started;
  bool has_failed; /* memory did */
  atomic_int over, ends, events;
  peal_err err;
} attempt;

static void on_piece(peal_kit_call *call, peal_slice piece, void *user) {
  attempt *a = user;
  peal_kit_sse_event event;
  (void)call;
  if (peal_kit_sse_feed(&a->sse, piece) == PEAL_OK)
    while (peal_kit_sse_next(&a->sse, &event))
      atomic_fetch_add(&a->events, 1);
}

static void on_end(peal_kit_call *call, const peal_kit_call_end *end,
                   void *user) {
  attempt *a = user;
  (void)call;
  a->err = end->err;
  atomic_fetch_add(&a->ends, 1);
  atomic_store(&a->over, 1);
}

static void begin(peal_worker *worker, void *user) {
  static const char *const headers[] = {"X-Key: secret", NULL};
  attempt *a = user;
  atomic_store(&fail_in, a->fail_at);
  peal_kit_sse_init(&a->sse, 0);
  a->started = PEAL_ERR_NOMEM;
  a->calls = peal_kit_calls_new(worker,
                                &(peal_kit_calls_opts){.ca_file = "/dev/null"});
  if (a->calls != NULL)
    a->started = peal_kit_call_start(a->calls,
                                     &(peal_kit_call_opts){.url = a->url,
                                                           .headers = headers,
                                                           .body = PEAL_S("{}"),
                                                           .retries = PEAL_OFF,
                                                           .stall_ms = 600000,
                                                           .on_piece = on_piece,
                                                           .on_end = on_end,
                                                           .user = a},
                                     NULL);
  if (a->started != PEAL_OK)
    atomic_store(&a->over, 1);
}

static void end(peal_worker *worker, void *user) {
  attempt *a = user;
  (void)worker;
  a->has_failed = atomic_exchange(&fail_in, 0) <= 0;
  peal_kit_calls_free(a->calls);
  peal_kit_sse_deinit(&a->sse);
}

/* Until it is over, whatever comes is answered. */
static void serve(attempt *a) {
  static const char answer[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
      "Connection: close\r\n\r\ndata: one\n\ndata: two\n\n";
  char head[1024];
  while (!atomic_load(&a->over)) {
    if (!net_readable(a->listening, 5))
      continue;
    int fd = accept4(a->listening, NULL, NULL, SOCK_CLOEXEC);
    if (net_readable(fd, 30000) && recv(fd, head, sizeof head, 0) > 0)
      (void)send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    close(fd);
  }
}

static void memory_may_be_out_at_any_place(void **state) {
  net_fixture fixture = {
      .workers = peal_workers_new(&(peal_workers_opts){.log = NET_QUIET})};
  peal_worker *worker = peal_workers_get(fixture.workers, 0);
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool was_whole = false;
  (void)state;
  is_test = true;
  assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(listening, 16), 0);
  assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
  net_fixture_run(&fixture);
  for (int n = 1; n < 200 && !was_whole; n++) {
    attempt a = {.fail_at = n, .listening = listening};
    snprintf(a.url, sizeof a.url, "http://127.0.0.1:%u/",
             (unsigned)ntohs(at.sin_port));
    net_on_worker(worker, begin, &a);
    serve(&a);
    net_on_worker(worker, end, &a);
    assert_int_equal(atomic_load(&a.ends), a.started == PEAL_OK ? 1 : 0);
    was_whole = !a.has_failed;
    if (was_whole) {
      assert_true(n > 5); /* there were places */
      assert_int_equal(a.err, PEAL_OK);
      assert_int_equal(atomic_load(&a.events), 2);
    }
  }
  assert_true(was_whole);
  peal_workers_stop(fixture.workers, 0);
  net_fixture_join(&fixture);
  peal_workers_free(fixture.workers);
  close(listening);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_may_be_out_at_any_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
