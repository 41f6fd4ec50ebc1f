/* SPDX-License-Identifier: MIT */
/* Memory, or the store, fails in the middle: nobody gets in by it, nothing
 * falls over, and afterwards all is as before. The linker leads the calls of
 * the server's threads to this file. */
#include <sqlite3.h>

#include "people_fixture.h"

#define ANN "correct horse battery"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static atomic_int fail_in;         /* so many calls from now; 0: none */
static _Thread_local bool is_test; /* its own calls do not count */

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

static people_fixture it;

static int set_up(void **state) {
  is_test = true;
  people_begin(&it);
  people_open(&it);
  people_run(&it);
  *state = &it;
  return 0;
}

static int tear_down(void **state) {
  atomic_store(&fail_in, 0);
  people_end(*state);
  return 0;
}

/* The answer's status, or 0 if the connection ended without one. */
static unsigned try_post(people_client *c, const char *path, const char *body) {
  char request[4096];
  snprintf(request, sizeof request,
           "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: %s\r\n"
           "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
           path, c->cookie, strlen(body), body);
  int fd = net_connect(it.http.port);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  unsigned status = answer.whole ? answer.status : 0;
  if (status == 200 || status == 201)
    people_keep(c, &answer);
  http_answer_free(&answer);
  close(fd);
  return status;
}

static void may_be(unsigned status, unsigned good) {
  static const unsigned others[] = {0, 429, 500, 503};
  bool found = status == good;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    found = found || status == others[i];
  if (!found)
    print_message("status %u\n", status);
  assert_true(found);
}

enum { MOST = 400 };

static void a_login_without_memory_is_none(void **state) {
  people_client c = {.it = *state};
  int reached = 0;
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  for (int at = 1; at < MOST; at++) {
    atomic_store(&fail_in, at);
    unsigned status = try_post(
        &c, "/api/login", "{\"username\":\"ann\",\"password\":\"" ANN "\"}");
    bool has_failed = atomic_exchange(&fail_in, 0) == 0;
    may_be(status, 200);
    reached += has_failed ? 1 : 0;
    if (!has_failed && at > 20)
      break;
  }
  assert_true(reached > 10);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  assert_int_equal(people_with(&c, "GET", "/who", ""), 200);
}

static void a_wrong_password_never_is_right(void **state) {
  people_client c = {.it = *state};
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  for (int at = 1; at < 100; at++) {
    atomic_store(&fail_in, at);
    unsigned status =
        try_post(&c, "/api/login",
                 "{\"username\":\"ann\",\"password\":\"wrong password\"}");
    atomic_store(&fail_in, 0);
    may_be(status, 401);
    // as the guesses come back
    if (status == 429)
      break;
  }
}

static void a_refresh_without_memory_can_be_repeated(void **state) {
  people_client c = {.it = *state};
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  int reached = 0;
  for (int at = 1; at < MOST; at++) {
    atomic_store(&fail_in, at);
    unsigned status = try_post(&c, "/api/token/refresh", "");
    bool has_failed = atomic_exchange(&fail_in, 0) == 0;
    // 401: an answer was lost before, and this request has no word of its own
    if (status != 401)
      may_be(status, 200);
    reached += has_failed ? 1 : 0;
    if (status != 200)
      assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
    else if (!has_failed)
      break;
  }
  assert_true(reached > 10);
  assert_int_equal(people_refresh(&c), 200);
}

static void a_register_without_memory_leaves_no_half(void **state) {
  people_client c = {.it = *state};
  char body[128], name[32];
  for (int at = 1; at < 150; at++) {
    snprintf(name, sizeof name, "ann%d", at);
    snprintf(body, sizeof body,
             "{\"username\":\"%s\",\"password\":\"" ANN "\"}", name);
    atomic_store(&fail_in, at);
    unsigned status = try_post(&c, "/api/register", body);
    atomic_store(&fail_in, 0);
    may_be(status, 201);
    // it is there whole, or it can be made
    if (people_sign(&c, "/api/login", name, ANN) != 200)
      assert_int_equal(people_sign(&c, "/api/register", name, ANN), 201);
  }
}

static void a_socket_without_memory_is_refused(void **state) {
  people_client c = {.it = *state};
  sio_client s;
  int joined = 0;
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  for (int at = 1; at < 120 && joined < 3; at++) {
    atomic_store(&fail_in, at);
    joined += people_join(&c, &s) && atomic_load(&fail_in) > 0 ? 1 : 0;
    atomic_store(&fail_in, 0);
    sio_client_close(&s);
  }
  assert_int_equal(joined, 3);
  assert_true(people_join(&c, &s));
  assert_int_equal(people_with(&c, "POST", "/api/logout", ""), 200);
  assert_true(sio_client_ends(&s, 10000));
  sio_client_close(&s);
}

/* ---- the store -------------------------------------------------------------------- */

static void a_locked_store_is_said_and_waited_for(void **state) {
  people_client c = {.it = *state};
  char path[96];
  sqlite3 *other = NULL;
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  snprintf(path, sizeof path, "%s/test.db", it.dir);
  assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
  assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                   SQLITE_OK);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 503);
  assert_int_equal(people_sign(&c, "/api/register", "bob", ANN), 503);
  assert_int_equal(people_refresh(&c), 503);
  assert_int_equal(people_with(&c, "POST", "/api/logout", ""), 503);
  // what is in memory goes on
  assert_int_equal(people_with(&c, "GET", "/who", ""), 200);
  assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL),
                   SQLITE_OK);
  sqlite3_close(other);
  assert_int_equal(people_refresh(&c), 200);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  assert_int_equal(people_with(&c, "POST", "/api/logout", ""), 200);
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN(a_login_without_memory_is_none),
      RUN(a_wrong_password_never_is_right),
      RUN(a_refresh_without_memory_can_be_repeated),
      RUN(a_register_without_memory_leaves_no_half),
      RUN(a_socket_without_memory_is_refused),
      RUN(a_locked_store_is_said_and_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
