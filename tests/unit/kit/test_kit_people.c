/* SPDX-License-Identifier: MIT */
/* Accounts over HTTP: who gets in, how it goes on, and how it ends. */
#include <sys/stat.h>

#include "kit/kit_people_impl.h"
#include "people_fixture.h"

#define ANN "correct horse battery"

static people_fixture it;

static int set_up(void **state) {
  people_begin(&it);
  people_open(&it);
  people_run(&it);
  *state = &it;
  return 0;
}

static int tear_down(void **state) {
  people_end(*state);
  return 0;
}

static void expect_code(const people_client *c, const char *code) {
  if (strstr(c->text, code) == NULL)
    print_message("%s is not in %s\n", code, c->text);
  assert_non_null(strstr(c->text, code));
}

/* ---- in, on, out -------------------------------------------------------------- */

static void who_registers_is_signed_in(void **state) {
  people_client c = {.it = *state};
  assert_int_equal(people_sign(&c, "/api/register", "Ann", ANN), 201);
  expect_code(&c, "\"status\":\"success\"");
  expect_code(&c,
              "\"user\":{\"id\":1,\"username\":\"Ann\",\"role\":\"patient\"}");
  assert_string_equal(c.room, "user_1");
  assert_null(strstr(c.text, strchr(c.cookie, '=') + 1));
  assert_int_equal(people_with(&c, "GET", "/who", ""), 200);
  assert_string_equal(c.text, "Ann");
  assert_int_equal(people_with(&c, "GET", "/api/me", ""), 200);
  expect_code(&c, "\"room\":\"user_1\"");
  assert_int_equal(atomic_load(&it.signed_in), 1);
}

static void the_cookie_is_as_narrow_as_can_be(void **state) {
  people_client c = {.it = *state};
  (void)people_sign(&c, "/api/register", "ann", ANN);
  assert_non_null(strstr(c.set_cookie, "test_refresh="));
  assert_non_null(strstr(c.set_cookie, "Path=/api;"));
  assert_non_null(strstr(c.set_cookie, "HttpOnly"));
  assert_non_null(strstr(c.set_cookie, "SameSite=Strict"));
  assert_non_null(strstr(c.set_cookie, "Max-Age=1209600"));
  assert_null(strstr(c.set_cookie, "Secure"));
  assert_null(strstr(c.set_cookie, "Domain"));
}

static void a_name_is_one_in_any_case(void **state) {
  people_client c = {.it = *state}, other = {.it = *state};
  assert_int_equal(people_sign(&c, "/api/register", "Ann", ANN), 201);
  assert_int_equal(people_sign(&other, "/api/register", "ANN", ANN), 409);
  expect_code(&other, "\"field\":\"username\"");
  assert_int_equal(people_sign(&other, "/api/login", "aNN", ANN), 200);
  expect_code(&other, "\"username\":\"Ann\"");
}

static void what_is_no_name_or_password_is_refused(void **state) {
  static const struct {
    const char *name, *password, *field;
  } wrong[] = {
      {"", ANN, "username"},
      {" ann", ANN, "username"},
      {"-ann", ANN, "username"},
      {"a\\u0000b", ANN, "username"},
      {"<b>ann</b>", ANN, "username"},
      {"\xd0\xb0nn", ANN, "username"},
      {"ann\\n", ANN, "username"},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ANN,
       "username"},
      {"ann", "", "password"},
      {"ann", "1234567", "password"},
      {"longish.name", "Longish.Name", "password"},
  };

  people_client c = {.it = *state};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(
        people_sign(&c, "/api/register", wrong[i].name, wrong[i].password),
        422);
    expect_code(&c, wrong[i].field);
  }
  assert_int_equal(people_ask(&c, "POST", "/api/register", "[]"), 422);
  assert_int_equal(people_ask(&c, "POST", "/api/register", "{"), 400);
  assert_int_equal(people_ask(&c, "POST", "/api/login",
                              "{\"username\":7,\"password\":\"x\"}"),
                   422);
  assert_int_equal(people_ask(&c, "GET", "/api/login", ""), 405);
}

static void an_unknown_name_is_as_a_wrong_password(void **state) {
  people_client c = {.it = *state}, other = {.it = *state};
  (void)people_sign(&c, "/api/register", "ann", ANN);
  assert_int_equal(people_sign(&c, "/api/login", "ann", "wrong password"), 401);
  assert_int_equal(people_sign(&other, "/api/login", "bob", "wrong password"),
                   401);
  assert_string_equal(c.text, other.text);
  assert_int_equal(people_sign(&other, "/api/login", "'; --", "x"), 401);
  assert_string_equal(c.text, other.text);
  assert_string_equal(other.cookie, "");
}

static void a_token_is_asked_for_and_looked_at(void **state) {
  people_client c = {.it = *state};
  assert_int_equal(people_ask(&c, "GET", "/who", ""), 401);
  expect_code(&c, "\"code\":\"token_missing\"");
  c.fields = "Authorization: Basic YTpi\r\n";
  assert_int_equal(people_ask(&c, "GET", "/who", ""), 401);
  expect_code(&c, "\"code\":\"token_missing\"");
  snprintf(c.token, sizeof c.token, "a.b.c");
  assert_int_equal(people_with(&c, "GET", "/who", ""), 401);
  expect_code(&c, "\"code\":\"token_invalid\"");
  (void)people_sign(&c, "/api/register", "ann", ANN);
  // neither in a query nor in a cookie
  char path[PEAL_KIT_TOKEN_MAX_BYTES + 32];
  snprintf(path, sizeof path, "/who?token=%s&access_token=%s", c.token, "x");
  assert_int_equal(people_ask(&c, "GET", path, ""), 401);
  atomic_fetch_add(&it.now_ms, 15 * 60 * 1000);
  assert_int_equal(people_with(&c, "GET", "/who", ""), 401);
  expect_code(&c, "\"code\":\"token_expired\"");
}

static void a_role_is_asked_for(void **state) {
  people_client c = {.it = *state};
  (void)people_sign(&c, "/api/register", "ann", ANN);
  assert_int_equal(people_with(&c, "GET", "/ward", ""), 403);
  assert_int_equal(people_ask(&c, "GET", "/ward", ""), 401);
}

/* ---- refresh tokens -------------------------------------------------------------- */

static void a_refresh_gives_a_new_pair(void **state) {
  people_client c = {.it = *state};
  char cookie[256], token[PEAL_KIT_TOKEN_MAX_BYTES];
  (void)people_sign(&c, "/api/register", "ann", ANN);
  for (int i = 0; i < 5; i++) {
    memcpy(cookie, c.cookie, sizeof cookie);
    memcpy(token, c.token, sizeof token);
    assert_int_equal(people_refresh(&c), 200);
    assert_string_not_equal(cookie, c.cookie);
    assert_string_not_equal(token, c.token);
    assert_string_equal(c.room, "user_1");
    assert_int_equal(people_with(&c, "GET", "/who", ""), 200);
  }
}

static void a_used_token_ends_the_sign_in(void **state) {
  people_client owner = {.it = *state}, thief, other = {.it = *state};
  (void)people_sign(&owner, "/api/register", "ann", ANN);
  (void)people_sign(&other, "/api/login", "ann", ANN);
  thief = owner;
  assert_int_equal(people_refresh(&owner), 200);
  assert_int_equal(people_with(&owner, "GET", "/who", ""), 200);
  assert_int_equal(people_refresh(&thief), 401);
  expect_code(&thief, "refresh_invalid");
  assert_non_null(strstr(thief.set_cookie, "Max-Age=0"));
  assert_int_equal(people_with(&owner, "GET", "/who", ""), 401);
  expect_code(&owner, "token_invalid");
  assert_int_equal(people_refresh(&owner), 401);
  // another sign-in of the same person is not touched
  assert_int_equal(people_with(&other, "GET", "/who", ""), 200);
  assert_int_equal(people_refresh(&other), 200);
  assert_int_equal(atomic_load(&it.signed_out), 1);
}

static void a_lost_answer_is_given_again(void **state) {
  people_client c = {.it = *state}, again, late, other;
  (void)people_sign(&c, "/api/register", "ann", ANN);
  again = late = other = c;
  c.fields = "Idempotency-Key: 17\r\n";
  assert_int_equal(people_refresh(&c), 200);
  again.fields = "Idempotency-Key: 17\r\n";
  assert_int_equal(people_refresh(&again), 200);
  assert_string_equal(c.cookie, again.cookie);
  assert_int_equal(people_with(&again, "GET", "/who", ""), 200);
  // after a while it is a copy like any other
  atomic_fetch_add(&it.now_ms, 30001);
  late.fields = "Idempotency-Key: 17\r\n";
  assert_int_equal(people_refresh(&late), 401);
  assert_int_equal(people_refresh(&c), 401);
}

static void another_key_is_another_client(void **state) {
  people_client c = {.it = *state}, thief;
  (void)people_sign(&c, "/api/register", "ann", ANN);
  thief = c;
  c.fields = "Idempotency-Key: 17\r\n";
  assert_int_equal(people_refresh(&c), 200);
  thief.fields = "Idempotency-Key: 18\r\n";
  assert_int_equal(people_refresh(&thief), 401);
  assert_int_equal(people_refresh(&c), 401);
}

/* Whatever is no token of ours ends nobody's sign-in. */
static void a_made_up_refresh_token_does_nothing(void **state) {
  people_client c = {.it = *state}, made;
  (void)people_sign(&c, "/api/register", "ann", ANN);
  size_t len = strlen(c.cookie), name = strlen("test_refresh=");
  for (size_t i = name; i < len; i += 3) {
    made = c;
    made.cookie[i] = made.cookie[i] == '0' ? '1' : '0';
    assert_int_equal(people_refresh(&made), 401);
    made = c;
    made.cookie[i] = '\0';
    assert_int_equal(people_refresh(&made), 401);
  }
  made = c;
  made.cookie[0] = '\0';
  assert_int_equal(people_refresh(&made), 401);
  assert_int_equal(people_refresh(&c), 200);
}

static void a_sign_in_that_is_not_used_is_over(void **state) {
  people_client c = {.it = *state};
  const int64_t day = 86400000;
  (void)people_sign(&c, "/api/register", "ann", ANN);
  for (int i = 0; i < 6; i++) {
    atomic_fetch_add(&it.now_ms, 14 * day - 1000);
    assert_int_equal(people_refresh(&c), 200);
  }
  // and in the end it is over all the same: 90 days
  atomic_fetch_add(&it.now_ms, 7 * day);
  assert_int_equal(people_refresh(&c), 401);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  atomic_fetch_add(&it.now_ms, 14 * day);
  assert_int_equal(people_refresh(&c), 401);
}

static void the_idlest_sign_in_ends_beyond_the_ceiling(void **state) {
  people_client first = {.it = *state}, second = {.it = *state},
                c = {.it = *state};
  (void)people_sign(&first, "/api/register", "ann", ANN);
  atomic_fetch_add(&it.now_ms, 1000);
  (void)people_sign(&second, "/api/login", "ann", ANN);
  for (int i = 0; i < 18; i++) {
    atomic_fetch_add(&it.now_ms, 1000);
    assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  }
  assert_int_equal(people_with(&second, "GET", "/who", ""), 200);
  assert_int_equal(people_refresh(&first), 200);
  atomic_fetch_add(&it.now_ms, 1000);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  assert_int_equal(people_with(&second, "GET", "/who", ""), 401);
  assert_int_equal(people_refresh(&second), 401);
  assert_int_equal(people_refresh(&first), 200);
}

/* ---- the end ----------------------------------------------------------------------- */

static void a_logout_ends_access_too(void **state) {
  people_client c = {.it = *state}, kept;
  (void)people_sign(&c, "/api/register", "ann", ANN);
  kept = c;
  assert_int_equal(people_ask(&c, "POST", "/api/logout", ""), 200);
  assert_non_null(strstr(c.set_cookie, "Max-Age=0"));
  assert_int_equal(people_with(&kept, "GET", "/who", ""), 401);
  assert_int_equal(people_refresh(&kept), 401);
  assert_int_equal(people_ask(&kept, "POST", "/api/logout", ""), 200);
  people_client nobody = {.it = *state};
  assert_int_equal(people_ask(&nobody, "POST", "/api/logout", ""), 200);
  assert_int_equal(atomic_load(&it.signed_out), 1);
}

static void a_script_leaves_by_its_access_token(void **state) {
  people_client c = {.it = *state};
  (void)people_sign(&c, "/api/register", "ann", ANN);
  c.cookie[0] = '\0';
  assert_int_equal(people_with(&c, "POST", "/api/logout", ""), 200);
  assert_int_equal(people_with(&c, "GET", "/who", ""), 401);
}

static void all_of_a_persons_can_be_ended(void **state) {
  people_client a = {.it = *state}, b = {.it = *state}, bob = {.it = *state};
  (void)people_sign(&a, "/api/register", "ann", ANN);
  (void)people_sign(&b, "/api/login", "ann", ANN);
  (void)people_sign(&bob, "/api/register", "bob", ANN);
  assert_int_equal(people_ask(&a, "POST", "/api/logout/everywhere", ""), 401);
  assert_int_equal(people_with(&a, "POST", "/api/logout/everywhere", ""), 200);
  assert_int_equal(people_with(&a, "GET", "/who", ""), 401);
  assert_int_equal(people_with(&b, "GET", "/who", ""), 401);
  assert_int_equal(people_refresh(&b), 401);
  assert_int_equal(people_with(&bob, "GET", "/who", ""), 200);
}

static void a_new_password_ends_the_others(void **state) {
  people_client a = {.it = *state}, b = {.it = *state};
  (void)people_sign(&a, "/api/register", "ann", ANN);
  (void)people_sign(&b, "/api/login", "ann", ANN);
  assert_int_equal(
      people_with(&a, "POST", "/api/password",
                  "{\"password\":\"wrong one\",\"new_password\":\"another "
                  "one\"}"),
      403);
  assert_int_equal(people_with(&a, "POST", "/api/password",
                               "{\"password\":\"" ANN
                               "\",\"new_password\":\"short\"}"),
                   422);
  expect_code(&a, "\"field\":\"new_password\"");
  assert_int_equal(people_with(&a, "POST", "/api/password",
                               "{\"password\":\"" ANN
                               "\",\"new_password\":\"another one\"}"),
                   200);
  // it is done when it is answered
  assert_int_equal(people_with(&b, "GET", "/who", ""), 401);
  assert_int_equal(people_refresh(&b), 401);
  assert_int_equal(people_with(&a, "GET", "/who", ""), 200);
  assert_int_equal(people_refresh(&a), 200);
  assert_int_equal(people_sign(&b, "/api/login", "ann", ANN), 401);
  assert_int_equal(people_sign(&b, "/api/login", "ann", "another one"), 200);
}

/* ---- guesses ------------------------------------------------------------------------- */

static void guesses_are_limited_for_what_is_right_too(void **state) {
  people_client c = {.it = *state}, bob = {.it = *state};
  (void)people_sign(&c, "/api/register", "ann", ANN);
  (void)people_sign(&bob, "/api/register", "bob", ANN);
  for (int i = 0; i < 10; i++)
    assert_int_equal(people_sign(&c, "/api/login", "ann", "wrong password"),
                     401);
  assert_int_equal(people_sign(&c, "/api/login", "ann", "wrong password"), 429);
  assert_true(atoi(c.retry_after) >= 1);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 429);
  assert_int_equal(people_sign(&c, "/api/login", "ANN", ANN), 429);
  // who is signed in is, and others get in
  assert_int_equal(people_refresh(&c), 200);
  assert_int_equal(people_sign(&bob, "/api/login", "bob", ANN), 200);
  // the same word elsewhere
  assert_int_equal(people_with(&c, "POST", "/api/password",
                               "{\"password\":\"" ANN
                               "\",\"new_password\":\"another one\"}"),
                   429);
}

static void right_ones_are_no_guesses(void **state) {
  people_client c = {.it = *state};
  (void)people_sign(&c, "/api/register", "ann", ANN);
  for (int i = 0; i < 30; i++)
    assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
}

static void many_names_from_one_address_are_guesses(void **state) {
  people_client c = {.it = *state};
  char name[32];
  unsigned status = 401;
  int count = 0;
  for (; count < 200 && status == 401; count++) {
    snprintf(name, sizeof name, "name%d", count);
    status = people_sign(&c, "/api/login", name, "wrong password");
  }
  assert_int_equal(status, 429);
  assert_in_range(count, 100, 103);
}

/* ---- another run ------------------------------------------------------------------------ */

static void again(void) {
  people_stop(&it);
  people_close(&it);
  people_open(&it);
  people_run(&it);
}

static void what_was_and_what_ended_outlives_the_run(void **state) {
  people_client in = {.it = *state}, out = {.it = *state};
  (void)people_sign(&in, "/api/register", "ann", ANN);
  (void)people_sign(&out, "/api/login", "ann", ANN);
  char cookie[256];
  memcpy(cookie, out.cookie, sizeof cookie);
  assert_int_equal(people_ask(&out, "POST", "/api/logout", ""), 200);
  memcpy(out.cookie, cookie, sizeof cookie);
  again();
  assert_int_equal(people_with(&in, "GET", "/who", ""), 200);
  assert_int_equal(people_refresh(&in), 200);
  assert_int_equal(people_with(&out, "GET", "/who", ""), 401);
  assert_int_equal(people_refresh(&out), 401);
  assert_int_equal(people_sign(&out, "/api/login", "ann", ANN), 200);
}

/* Its tokens live as long as was said when they were given out. */
static void another_life_lets_nobody_in_again(void **state) {
  people_client c = {.it = *state}, kept;
  it.opts.access_ms = 3600000;
  again();
  (void)people_sign(&c, "/api/register", "ann", ANN);
  kept = c;
  assert_int_equal(people_ask(&c, "POST", "/api/logout", ""), 200);
  it.opts.access_ms = 60000;
  again();
  atomic_fetch_add(&it.now_ms, 120000);
  atomic_store(&it.ticks, 0);
  assert_true(net_wait(&it.ticks, 70));
  assert_int_equal(people_with(&kept, "GET", "/who", ""), 401);
  expect_code(&kept, "token_invalid");
  again();
  assert_int_equal(people_with(&kept, "GET", "/who", ""), 401);
  expect_code(&kept, "token_invalid");
}

/* The store does not grow with those who come and go. */
static void what_is_over_is_deleted(void **state) {
  people_client c = {.it = *state};
  peal_doc *rows = NULL;
  int64_t left = -1;
  for (int i = 0; i < 3; i++)
    (void)people_sign(&c, i == 0 ? "/api/register" : "/api/login", "ann", ANN);
  assert_int_equal(people_ask(&c, "POST", "/api/logout", ""), 200);
  atomic_fetch_add(&it.now_ms, INT64_C(20) * 86400000);
  for (int i = 0; i < 2000 && left != 0; i++) {
    usleep(5000);
    assert_int_equal(peal_store_exec_sync(it.store,
                                          "SELECT count(*) AS n FROM sign_ins",
                                          PEAL_NO_ARGS, &rows),
                     PEAL_OK);
    left =
        peal_val_int(peal_val_get(peal_val_at(peal_doc_val(rows), 0), "n"), -1);
    peal_doc_free(rows);
  }
  assert_int_equal(left, 0);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
}

static size_t ended(void) {
  peal_kit_people_ended *all = &it.people->ended;
  pthread_rwlock_rdlock(&all->lock);
  size_t count = all->count;
  pthread_rwlock_unlock(&all->lock);
  return count;
}

/* Who signs in and out all day holds no place of others: those are kept for as
 * long as a token of theirs could be good. */
static void what_ended_is_kept_as_long_as_its_tokens(void **state) {
  people_client c = {.it = *state}, old = {.it = *state};
  (void)people_sign(&old, "/api/register", "ann", ANN);
  atomic_fetch_add(&it.now_ms, 1000);
  again();
  for (int i = 0; i < 3; i++) {
    assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
    assert_int_equal(people_with(&c, "POST", "/api/logout", ""), 200);
  }
  assert_int_equal(people_with(&old, "POST", "/api/logout", ""), 200);
  assert_int_equal(ended(), 4);
  atomic_fetch_add(&it.now_ms, 16 * 60 * 1000 + 2000);
  peal_kit_people_ended_drop(&it.people->ended, atomic_load(&it.now_ms));
  // that of the run before could have had another life
  assert_int_equal(ended(), 1);
  assert_int_equal(people_with(&old, "GET", "/who", ""), 401);
  atomic_fetch_add(&it.now_ms, 86400000);
  peal_kit_people_ended_drop(&it.people->ended, atomic_load(&it.now_ms));
  assert_int_equal(ended(), 0);
}

static void secrets_are_for_us_alone(void **state) {
  static const char *const names[] = {"token.keys", "refresh.secret",
                                      "test.db"};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    char path[128];
    struct stat about;
    snprintf(path, sizeof path, "%s/%s", it.dir, names[i]);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 077, 0);
  }
}

static void other_costs_are_taken_on_by_the_next_login(void **state) {
  people_client c = {.it = *state};
  peal_doc *rows = NULL;
  bool renewed = false;
  (void)people_sign(&c, "/api/register", "ann", ANN);
  it.opts.cost.ln = 5;
  again();
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  for (int i = 0; i < 1000 && !renewed; i++) {
    usleep(5000);
    assert_int_equal(peal_store_exec_sync(it.store, "SELECT hash FROM people",
                                          PEAL_NO_ARGS, &rows),
                     PEAL_OK);
    renewed = peal_slice_starts(
        peal_val_str(peal_val_get(peal_val_at(peal_doc_val(rows), 0), "hash")),
        "$scrypt$ln=5,");
    peal_doc_free(rows);
  }
  assert_true(renewed);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
}

static void a_full_house_takes_nobody(void **state) {
  people_client c = {.it = *state};
  it.opts.max_people = 1;
  again();
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  assert_int_equal(people_sign(&c, "/api/register", "bob", ANN), 429);
  it.opts.no_register = true;
  again();
  assert_int_equal(people_sign(&c, "/api/register", "bob", ANN), 404);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  it.opts.no_register = false;
  it.opts.max_people = 10;
  it.opts.registers_per_hour = 2;
  again();
  assert_int_equal(people_sign(&c, "/api/register", "b", ANN), 201);
  assert_int_equal(people_sign(&c, "/api/register", "c", ANN), 201);
  assert_int_equal(people_sign(&c, "/api/register", "d", ANN), 429);
}

static void a_program_makes_accounts_itself(void **state) {
  people_client c = {.it = *state};
  int64_t id = -1;
  people_stop(&it);
  assert_int_equal(
      peal_kit_people_add_sync(it.people, PEAL_S("Nia"), PEAL_S(ANN), 2, &id),
      PEAL_OK);
  assert_int_equal(id, 1);
  assert_int_equal(
      peal_kit_people_add_sync(it.people, PEAL_S("nia"), PEAL_S(ANN), 2, &id),
      PEAL_ERR_EXISTS);
  assert_int_equal(
      peal_kit_people_add_sync(it.people, PEAL_S("bob"), PEAL_S(ANN), 3, &id),
      PEAL_ERR_USAGE);
  assert_int_equal(peal_kit_people_add_sync(it.people, PEAL_S("bob"),
                                            PEAL_S("short"), 2, &id),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_kit_people_id_sync(it.store, PEAL_S("NIA"), &id), 0);
  assert_int_equal(id, 1);
  assert_int_equal(peal_kit_people_id_sync(it.store, PEAL_S("?"), &id), 0);
  assert_int_equal(id, 0);
  people_close(&it);
  people_open(&it);
  people_run(&it);
  assert_int_equal(people_sign(&c, "/api/login", "nia", ANN), 200);
  expect_code(&c, "\"role\":\"nurse\"");
  assert_int_equal(people_with(&c, "GET", "/ward", ""), 200);
}

/* A task of the program on a worker, and what came of it. */
typedef struct task {
  atomic_int done;
  peal_err err;
  int64_t id;
  uint32_t role;
} task;

static void on_added(peal_err err, int64_t id, void *user) {
  task *t = user;
  t->err = err;
  t->id = id;
  atomic_store(&t->done, 1);
}

static void add_one(peal_worker *worker, void *user) {
  task *t = user;
  (void)worker;
  peal_err err = peal_kit_people_add(it.people, PEAL_S("Dora"), PEAL_S(ANN), 4,
                                     on_added, t);
  if (err != PEAL_OK)
    on_added(err, 0, t);
}

static void set_role(peal_worker *worker, void *user) {
  task *t = user;
  (void)worker;
  on_added(peal_kit_people_role_set(it.people, t->id, t->role), t->id, t);
}

static void do_task(task *t, peal_post_fn fn) {
  atomic_store(&t->done, 0);
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.http.net.workers, 1), fn, t),
      PEAL_OK);
  assert_true(net_wait(&t->done, 1));
}

static void a_role_that_is_taken_away_is_gone_at_once(void **state) {
  people_client c = {.it = *state};
  task t = {.done = 0};
  do_task(&t, add_one);
  assert_int_equal(t.err, PEAL_OK);
  assert_int_equal(people_sign(&c, "/api/login", "dora", ANN), 200);
  assert_int_equal(people_with(&c, "GET", "/ward", ""), 200);
  do_task(&t, add_one);
  assert_int_equal(t.err, PEAL_ERR_EXISTS);
  t.id = 1;
  t.role = 1;
  do_task(&t, set_role);
  assert_int_equal(t.err, PEAL_OK);
  for (int i = 0; i < 1000 && people_with(&c, "GET", "/who", "") == 200; i++)
    usleep(5000);
  assert_int_equal(people_with(&c, "GET", "/ward", ""), 401);
  assert_int_equal(people_sign(&c, "/api/login", "dora", ANN), 200);
  assert_int_equal(people_with(&c, "GET", "/ward", ""), 403);
  t.role = 64;
  do_task(&t, set_role);
  assert_int_equal(t.err, PEAL_ERR_USAGE);
}

#define OTHER "another password of hers"

static void set_password(peal_worker *worker, void *user) {
  task *t = user;
  (void)worker;
  peal_err err = peal_kit_people_password_set(it.people, t->id, PEAL_S(OTHER),
                                              on_added, t);
  if (err != PEAL_OK)
    on_added(err, t->id, t);
}

static void set_short_password(peal_worker *worker, void *user) {
  task *t = user;
  (void)worker;
  on_added(peal_kit_people_password_set(it.people, t->id, PEAL_S("short"),
                                        on_added, t),
           t->id, t);
}

static void disable(peal_worker *worker, void *user) {
  task *t = user;
  (void)worker;
  on_added(peal_kit_people_disable(it.people, t->id, t->role != 0), t->id, t);
}

static void an_administrator_sets_another_password(void **state) {
  people_client c = {.it = *state};
  task t = {.done = 0};
  do_task(&t, add_one);
  assert_int_equal(people_sign(&c, "/api/login", "dora", ANN), 200);
  do_task(&t, set_password);
  assert_int_equal(t.err, PEAL_OK);
  assert_int_equal(people_with(&c, "GET", "/who", ""), 401);
  assert_int_equal(people_sign(&c, "/api/login", "dora", ANN), 401);
  assert_int_equal(people_sign(&c, "/api/login", "dora", OTHER), 200);
  do_task(&t, set_short_password);
  assert_int_equal(t.err, PEAL_ERR_USAGE);
  t.id = 4711;
  do_task(&t, set_password);
  assert_int_equal(t.err, PEAL_ERR_CLOSED);
}

static void a_disabled_account_lets_nobody_in(void **state) {
  people_client c = {.it = *state};
  task t = {.done = 0};
  do_task(&t, add_one);
  assert_int_equal(people_sign(&c, "/api/login", "dora", ANN), 200);
  t.role = 1;
  for (int i = 0; i < 2; i++) { // again is as once
    do_task(&t, disable);
    assert_int_equal(t.err, PEAL_OK);
  }
  for (int i = 0; i < 1000 && people_with(&c, "GET", "/who", "") == 200; i++)
    usleep(5000);
  assert_int_equal(people_with(&c, "GET", "/who", ""), 401);
  assert_int_equal(people_sign(&c, "/api/login", "dora", ANN), 401);
  // another password does not open it
  do_task(&t, set_password);
  assert_int_equal(t.err, PEAL_OK);
  assert_int_equal(people_sign(&c, "/api/login", "dora", OTHER), 401);
  t.role = 0;
  for (int i = 0; i < 2; i++) {
    do_task(&t, disable);
    assert_int_equal(t.err, PEAL_OK);
  }
  // it is asked for, and done a moment later; what is wrong is counted
  unsigned status = 0;
  for (unsigned i = 0; i < 7 && status != 200; i++) {
    usleep(i * 100000);
    status = people_sign(&c, "/api/login", "dora", OTHER);
  }
  assert_int_equal(status, 200);
}

/* ---- a login that is overtaken by a change ------------------------------------------ */

/* Holds the one place where passwords are looked at. */
typedef struct plug {
  peal_kit_people_job job;
  atomic_int may_end, done;
} plug;

static void plug_work(peal_kit_people_job *job) {
  plug *p = (plug *)job;
  (void)net_wait(&p->may_end, 1);
}

static void plug_done(peal_kit_people_job *job, peal_err err) {
  assert_int_equal(err, PEAL_OK);
  atomic_store(&((plug *)job)->done, 1);
}

static void put_plug(peal_worker *worker, void *user) {
  plug *p = user;
  p->job = (peal_kit_people_job){.work = plug_work, .done = plug_done};
  assert_int_equal(
      peal_kit_people_hashes_add(&it.people->hashes, worker, &p->job), PEAL_OK);
}

/* One runs, and so many wait. */
static bool are_waiting(unsigned count) {
  peal_kit_people_hashes *all = &it.people->hashes;
  pthread_mutex_lock(&all->lock);
  bool are = all->running == 1 && all->waiting == count;
  pthread_mutex_unlock(&all->lock);
  return are;
}

static void await_waiting(unsigned count) {
  for (int i = 0; i < 2000 && !are_waiting(count); i++)
    usleep(5000);
  assert_true(are_waiting(count));
}

/* Its account has been read, its password waits to be looked at; then `change`
 * is made. Returns the status. */
static unsigned login_overtaken_by(void (*change)(void)) {
  static const char body[] = "{\"username\":\"ann\",\"password\":\"" ANN "\"}";
  char request[512];
  plug p = {.may_end = 0};
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.http.net.workers, 1), put_plug, &p),
      PEAL_OK);
  await_waiting(0);
  snprintf(request, sizeof request,
           "POST /api/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
           "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
           strlen(body), body);
  int fd = net_connect(it.http.port);
  net_send_str(fd, request);
  await_waiting(1);
  change();
  atomic_store(&p.may_end, 1);
  http_answer answer = http_read(fd, false);
  unsigned status = answer.status;
  http_answer_free(&answer);
  close(fd);
  assert_true(net_wait(&p.done, 1));
  return status;
}

static int64_t count_of(const char *sql) {
  peal_doc *rows = NULL;
  assert_int_equal(peal_store_exec_sync(it.store, sql, PEAL_NO_ARGS, &rows),
                   PEAL_OK);
  int64_t count = peal_val_int(
      peal_val_get(peal_val_at(peal_doc_val(rows), 0), "count"), -1);
  peal_doc_free(rows);
  return count;
}

static void make_nurse(void) {
  task t = {.id = 1, .role = 2};
  do_task(&t, set_role);
  assert_int_equal(t.err, PEAL_OK);
  for (int i = 0; i < 2000 && count_of("SELECT count(*) AS count FROM people"
                                       " WHERE role = 'nurse'") != 1;
       i++)
    usleep(5000);
}

static void change_password(void) {
  char hash[PEAL_KIT_PASSWORD_BYTES];
  assert_int_equal(
      peal_kit_password_hash(hash, PEAL_S("another one"), &it.opts.cost),
      PEAL_OK);
  assert_int_equal(peal_store_exec_sync(it.store, "UPDATE people SET hash = ?1",
                                        PEAL_ARGS(peal_str(hash)), NULL),
                   PEAL_OK);
}

static void change_nothing(void) {}

/* What was looked at before a change is not signed in behind it. */
static void a_login_that_a_change_overtakes_is_none(void **state) {
  it.opts.hashes = 1;
  again();
  people_client c = {.it = *state};
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  assert_int_equal(login_overtaken_by(change_nothing), 200);
  int64_t before = count_of("SELECT count(*) AS count FROM sign_ins");
  assert_int_equal(login_overtaken_by(make_nurse), 503);
  assert_int_equal(login_overtaken_by(change_password), 503);
  assert_int_equal(count_of("SELECT count(*) AS count FROM sign_ins"), before);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 401);
  assert_int_equal(people_sign(&c, "/api/login", "ann", "another one"), 200);
  assert_int_equal(people_with(&c, "GET", "/ward", ""), 200);
}

static void the_routes_may_stand_elsewhere(void **state) {
  people_client c = {.it = *state};
  it.opts.prefix = "/api/auth";
  it.opts.refresh_path = "/refresh";
  it.opts.cookie = "own";
  it.opts.secure_cookie = true;
  again();
  assert_int_equal(people_sign(&c, "/api/auth/register", "ann", ANN), 201);
  assert_non_null(strstr(c.set_cookie, "own="));
  assert_non_null(strstr(c.set_cookie, "Path=/api/auth;"));
  assert_non_null(strstr(c.set_cookie, "Secure"));
  assert_int_equal(people_ask(&c, "POST", "/api/auth/refresh", ""), 200);
  assert_int_equal(people_ask(&c, "POST", "/api/auth/token/refresh", ""), 404);
  assert_int_equal(people_ask(&c, "POST", "/api/auth/logout", ""), 200);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 404);
}

/* What another key has signed is of somebody else. */
static void a_new_data_folder_knows_nobody(void **state) {
  people_client c = {.it = *state};
  char path[128];
  static const char *const names[] = {"token.keys", "refresh.secret"};
  assert_int_equal(people_sign(&c, "/api/register", "ann", ANN), 201);
  people_stop(&it);
  people_close(&it);
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", it.dir, names[i]);
    assert_int_equal(unlink(path), 0);
  }
  people_open(&it);
  people_run(&it);
  assert_int_equal(people_with(&c, "GET", "/who", ""), 401);
  assert_int_equal(people_refresh(&c), 401);
  assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
}

/* Wherever a login is: asked of the store, waiting, being hashed, written. */
static void a_stop_in_the_middle_harms_nothing(void **state) {
  static const char request[] =
      "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Type: "
      "application/json\r\nContent-Length: 53\r\n\r\n"
      "{\"username\":\"ann\",\"password\":\"correct horse battery\"}";
  people_client c = {.it = *state};
  it.opts.cost.ln = 12;
  again();
  (void)people_sign(&c, "/api/register", "ann", ANN);
  for (unsigned delay_us = 0; delay_us < 40000; delay_us += 9000) {
    int fds[12];
    for (size_t i = 0; i < 12; i++) {
      fds[i] = net_connect(it.http.port);
      net_send_str(fds[i], request);
    }
    usleep(delay_us);
    peal_workers_stop(it.http.net.workers, 0);
    net_fixture_join(&it.http.net);
    people_close(&it);
    for (size_t i = 0; i < 12; i++)
      close(fds[i]);
    people_open(&it);
    people_run(&it);
    assert_int_equal(people_sign(&c, "/api/login", "ann", ANN), 200);
  }
}

static void options_are_looked_at(void **state) {
  peal_kit_people_opts opts = it.opts;
  (void)state;
  opts.issuer = NULL;
  assert_null(peal_kit_people_new(&opts));
  opts = it.opts;
  opts.reserved[3] = 1;
  assert_null(peal_kit_people_new(&opts));
  assert_null(peal_kit_people_new(NULL));
  peal_kit_people_free(NULL);
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN(who_registers_is_signed_in),
      RUN(the_cookie_is_as_narrow_as_can_be),
      RUN(a_name_is_one_in_any_case),
      RUN(what_is_no_name_or_password_is_refused),
      RUN(an_unknown_name_is_as_a_wrong_password),
      RUN(a_token_is_asked_for_and_looked_at),
      RUN(a_role_is_asked_for),
      RUN(a_refresh_gives_a_new_pair),
      RUN(a_used_token_ends_the_sign_in),
      RUN(a_lost_answer_is_given_again),
      RUN(another_key_is_another_client),
      RUN(a_made_up_refresh_token_does_nothing),
      RUN(a_sign_in_that_is_not_used_is_over),
      RUN(the_idlest_sign_in_ends_beyond_the_ceiling),
      RUN(a_logout_ends_access_too),
      RUN(a_script_leaves_by_its_access_token),
      RUN(all_of_a_persons_can_be_ended),
      RUN(a_new_password_ends_the_others),
      RUN(guesses_are_limited_for_what_is_right_too),
      RUN(right_ones_are_no_guesses),
      RUN(many_names_from_one_address_are_guesses),
      RUN(what_was_and_what_ended_outlives_the_run),
      RUN(another_life_lets_nobody_in_again),
      RUN(what_is_over_is_deleted),
      RUN(what_ended_is_kept_as_long_as_its_tokens),
      RUN(secrets_are_for_us_alone),
      RUN(other_costs_are_taken_on_by_the_next_login),
      RUN(a_full_house_takes_nobody),
      RUN(a_program_makes_accounts_itself),
      RUN(a_role_that_is_taken_away_is_gone_at_once),
      RUN(an_administrator_sets_another_password),
      RUN(a_disabled_account_lets_nobody_in),
      RUN(a_login_that_a_change_overtakes_is_none),
      RUN(the_routes_may_stand_elsewhere),
      RUN(a_new_data_folder_knows_nobody),
      RUN(a_stop_in_the_middle_harms_nothing),
      RUN(options_are_looked_at),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
