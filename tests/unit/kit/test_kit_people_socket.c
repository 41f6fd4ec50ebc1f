/* SPDX-License-Identifier: MIT */
/* Sockets of people: who gets in, how long, and what ends them. */
#include "people_fixture.h"

#define ANN "correct horse battery"

static people_fixture it;

static int set_up(void **state) {
  people_begin(&it);
  *state = &it;
  return 0;
}

/* Access tokens live so long; the sockets' timers run by the real clock and
 * look at the test's. */
static void run(int64_t access_ms) {
  it.opts.access_ms = access_ms;
  people_open(&it);
  people_run(&it);
}

static int tear_down(void **state) {
  people_end(*state);
  return 0;
}

static void refused(people_client *c, const char *code) {
  sio_client s;
  char expected[128];
  assert_false(people_join(c, &s));
  snprintf(
      expected, sizeof expected,
      "44{\"message\":\"Authentication failed\",\"data\":{\"code\":\"%s\"}}",
      code);
  assert_non_null(s.current);
  assert_string_equal(s.current->data, expected);
  sio_client_close(&s);
}

static void sign_in(people_client *c, const char *name) {
  if (people_sign(c, "/api/register", name, ANN) != 201)
    assert_int_equal(people_sign(c, "/api/login", name, ANN), 200);
}

static bool renew(sio_client *s, const char *token, const char *answer) {
  char packet[PEAL_KIT_TOKEN_MAX_BYTES + 64];
  snprintf(packet, sizeof packet, "421[\"refresh_token\",{\"token\":\"%s\"}]",
           token);
  if (!sio_client_send(s, packet))
    return false;
  const sio_packet *came = sio_client_next(s, 5000);
  if (came == NULL || strstr(came->data, answer) == NULL)
    print_message("came: %s\n", came != NULL ? came->data : "nothing");
  return came != NULL && strncmp(came->data, "431[", 4) == 0 &&
         strstr(came->data, answer) != NULL;
}

/* It is told why, disconnected, and its connection ends. */
static void expect_end(sio_client *s) {
  assert_true(sio_client_await(s, "41"));
  assert_true(sio_client_ends(s, 10000));
  sio_client_close(s);
}

static void a_token_is_the_way_in(void **state) {
  people_client c = {.it = *state};
  sio_client s;
  run(0);
  refused(&c, "token_missing");
  snprintf(c.token, sizeof c.token, "x");
  refused(&c, "token_invalid");
  sign_in(&c, "ann");
  assert_true(people_join(&c, &s));
  // of a role that may not
  assert_true(sio_client_send(&s, "421[\"secret\"]"));
  assert_true(sio_client_expect(
      &s, "431[{\"status\":\"error\",\"message\":\"your role may not do "
          "this\",\"code\":\"forbidden\"}]"));
  sio_client_close(&s);
  atomic_fetch_add(&it.now_ms, 15 * 60 * 1000);
  refused(&c, "token_expired");
}

static void a_script_may_show_the_header(void **state) {
  people_client c = {.it = *state};
  char fields[PEAL_KIT_TOKEN_MAX_BYTES + 64];
  run(0);
  sign_in(&c, "ann");
  snprintf(fields, sizeof fields, "Authorization: Bearer %s\r\n", c.token);
  sio_client s = {.fields = fields};
  assert_true(sio_client_open_with(&s, it.http.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&s, "/", NULL));
  sio_client_close(&s);
}

/* The token in the address of the page or the socket is in every log. */
static void a_token_in_the_query_is_none(void **state) {
  people_client c = {.it = *state};
  char query[PEAL_KIT_TOKEN_MAX_BYTES + 16];
  run(0);
  sign_in(&c, "ann");
  snprintf(query, sizeof query, "&token=%s", c.token);
  sio_client s = {.query = query};
  assert_true(sio_client_open_with(&s, it.http.port, SIO_WEBSOCKET));
  assert_false(sio_client_join(&s, "/", NULL));
  assert_non_null(strstr(s.current->data, "token_missing"));
  sio_client_close(&s);
}

static void a_socket_leaves_with_its_token(void **state) {
  people_client c = {.it = *state};
  sio_client s;
  run(1000);
  sign_in(&c, "ann");
  assert_true(people_join(&c, &s));
  atomic_fetch_add(&it.now_ms, 1001);
  assert_true(sio_client_expect(
      &s, "42[\"error\",{\"message\":\"the access token is over\",\"code\":"
          "\"token_expired\"}]"));
  expect_end(&s);
}

/* By the clock it is not over, however long the timer has run. */
static void a_clock_that_stands_still_ends_nobody(void **state) {
  people_client c = {.it = *state};
  sio_client s;
  run(1000);
  sign_in(&c, "ann");
  assert_true(people_join(&c, &s));
  assert_true(sio_client_silent(&s, 2500));
  atomic_fetch_add(&it.now_ms, 1001);
  assert_non_null(sio_client_next(&s, 10000));
  expect_end(&s);
}

static void a_new_token_is_taken_in_place(void **state) {
  people_client c = {.it = *state};
  sio_client s;
  run(1000);
  sign_in(&c, "ann");
  assert_true(people_join(&c, &s));
  for (int i = 0; i < 2; i++) {
    atomic_fetch_add(&it.now_ms, 900);
    assert_int_equal(people_refresh(&c), 200);
    assert_true(
        renew(&s, c.token, "\"status\":\"success\",\"expires_at\":\"20"));
  }
  // that is longer than the first token was good for; the last one is over at a
  // whole second
  assert_true(sio_client_silent(&s, 1500));
  atomic_fetch_add(&it.now_ms, 2000);
  assert_non_null(sio_client_next(&s, 10000));
  expect_end(&s);
}

static void a_token_of_somebody_else_is_not_taken(void **state) {
  people_client c = {.it = *state}, bob = {.it = *state};
  sio_client s;
  run(0);
  sign_in(&c, "ann");
  sign_in(&bob, "bob");
  assert_true(people_join(&c, &s));
  assert_true(renew(&s, bob.token, "\"code\":\"token_invalid\""));
  assert_true(renew(&s, "", "\"code\":\"token_missing\""));
  assert_true(renew(&s, "a.b.c", "\"code\":\"token_invalid\""));
  // without an acknowledgement it is told by an event
  assert_true(sio_client_send(&s, "42[\"refresh_token\"]"));
  assert_true(sio_client_expect(
      &s, "42[\"error\",{\"status\":\"error\",\"message\":\"Authentication "
          "failed\",\"code\":\"token_missing\"}]"));
  assert_true(renew(&s, c.token, "\"status\":\"success\""));
  sio_client_close(&s);
}

/* Sockets are on both workers. */
enum { MANY = 8 };

static void a_logout_ends_all_sockets_of_it(void **state) {
  people_client ann = {.it = *state}, other = {.it = *state};
  sio_client gone[MANY], stays;
  run(0);
  sign_in(&ann, "ann");
  sign_in(&other, "ann");
  for (size_t i = 0; i < MANY; i++)
    assert_true(people_join(&ann, &gone[i]));
  assert_true(people_join(&other, &stays));
  people_client by_cookie = ann;
  assert_int_equal(people_ask(&by_cookie, "POST", "/api/logout", ""), 200);
  for (size_t i = 0; i < MANY; i++)
    expect_end(&gone[i]);
  refused(&ann, "token_invalid");
  assert_true(renew(&stays, other.token, "\"status\":\"success\""));
  sio_client_close(&stays);
}

static void a_used_refresh_token_ends_the_sockets(void **state) {
  people_client ann = {.it = *state}, thief;
  sio_client s;
  run(0);
  sign_in(&ann, "ann");
  thief = ann;
  assert_true(people_join(&ann, &s));
  assert_int_equal(people_refresh(&ann), 200);
  assert_int_equal(people_refresh(&thief), 401);
  expect_end(&s);
}

/* With the token of another sign-in a socket belongs to that. */
static void a_socket_changes_its_sign_in(void **state) {
  people_client first = {.it = *state}, second = {.it = *state};
  sio_client s;
  run(0);
  sign_in(&first, "ann");
  sign_in(&second, "ann");
  assert_true(people_join(&first, &s));
  assert_true(renew(&s, second.token, "\"status\":\"success\""));
  assert_int_equal(people_ask(&first, "POST", "/api/logout", ""), 200);
  assert_true(renew(&s, second.token, "\"status\":\"success\""));
  assert_int_equal(people_ask(&second, "POST", "/api/logout", ""), 200);
  expect_end(&s);
}

static void what_has_ended_is_not_taken_in_place(void **state) {
  people_client first = {.it = *state}, second = {.it = *state}, kept;
  sio_client s;
  run(0);
  sign_in(&first, "ann");
  sign_in(&second, "ann");
  kept = second;
  assert_true(people_join(&first, &s));
  assert_int_equal(people_ask(&second, "POST", "/api/logout", ""), 200);
  assert_true(renew(&s, kept.token, "\"code\":\"token_invalid\""));
  assert_true(renew(&s, first.token, "\"status\":\"success\""));
  sio_client_close(&s);
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN(a_token_is_the_way_in),
      RUN(a_script_may_show_the_header),
      RUN(a_token_in_the_query_is_none),
      RUN(a_socket_leaves_with_its_token),
      RUN(a_clock_that_stands_still_ends_nobody),
      RUN(a_new_token_is_taken_in_place),
      RUN(a_token_of_somebody_else_is_not_taken),
      RUN(a_logout_ends_all_sockets_of_it),
      RUN(a_used_refresh_token_ends_the_sockets),
      RUN(a_socket_changes_its_sign_in),
      RUN(what_has_ended_is_not_taken_in_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
