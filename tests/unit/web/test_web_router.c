/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "torture.h"
#include "web/web_open.h"
#include "web/web_router.h"

typedef struct scene {
  peal_web_router *router;
  peal_web_router_match match;
} scene;

static char scratch[8192];

/* "GET /a" is its own target. */
static void add(scene *s, const char *method, const char *pattern,
                const char *target) {
  static char names[40][24];
  static size_t used;
  char *copy = names[used++ % 40];
  strncpy(copy, target, 23);
  assert_int_equal(
      peal_web_router_add(s->router, peal_slice_of(method), pattern, copy),
      PEAL_OK);
}

static void find(scene *s, const char *method, const char *path) {
  static peal_web_router_path parts;
  assert_int_equal(peal_web_router_split(&parts, peal_slice_of(path), scratch),
                   PEAL_OK);
  peal_web_router_find(s->router, peal_slice_of(method), &parts, &s->match);
}

static void finds(scene *s, const char *method, const char *path,
                  const char *target) {
  find(s, method, path);
  if (!target)
    assert_null(s->match.target);
  else {
    assert_non_null(s->match.target);
    assert_string_equal(s->match.target, target);
  }
}

static int setup(void **state) {
  scene *s = calloc(1, sizeof(*s));
  s->router = peal_web_router_new(peal_mem_libc());
  add(s, "GET", "/", "root");
  add(s, "GET", "/api/devices", "list");
  add(s, "POST", "/api/devices", "make");
  add(s, "GET", "/api/devices/all", "all");
  add(s, "GET", "/api/devices/:id", "one");
  add(s, "DELETE", "/api/devices/:name", "drop");
  add(s, "GET", "/api/devices/:id/images/:image", "image");
  add(s, "GET", "/api/*rest", "rest");
  add(s, "GET", "/b\303\251", "accent");
  *state = s;
  return 0;
}

static int teardown(void **state) {
  scene *s = *state;
  peal_web_router_free(s->router);
  free(s);
  return 0;
}

static void finds_the_route_of_a_path(void **state) {
  scene *s = *state;
  finds(s, "GET", "/", "root");
  finds(s, "GET", "/api/devices", "list");
  finds(s, "POST", "/api/devices", "make");
  finds(s, "GET", "/api/devices/7", "one");
  finds(s, "DELETE", "/api/devices/7", "drop");
  finds(s, "GET", "/api/devices/7/images/9", "image");
  finds(s, "GET", "/other", NULL);
  finds(s, "GET", "/API/devices", NULL);
  finds(s, "GET", "/b%C3%A9", "accent");
}

static void a_fixed_part_wins_over_a_parameter_and_that_over_the_rest(
    void **state) {
  scene *s = *state;
  finds(s, "GET", "/api/devices/all", "all");
  finds(s, "GET", "/api/devices/al", "one");
  finds(s, "GET", "/api/devices/all/images", "rest");
  finds(s, "GET", "/api/devices/", "rest");
  finds(s, "GET", "/api/", "rest");
  finds(s, "GET", "/api", NULL);
  finds(s, "GET", "/api/x/y/z", "rest");
  assert_int_equal(s->match.rest, 1);
}

static void another_method_finds_the_less_fixed_route(void **state) {
  scene *s = *state;
  /* /api/devices/all has only GET, /api/devices/:name has DELETE */
  finds(s, "DELETE", "/api/devices/all", "drop");
}

static void hands_parameters_over_decoded(void **state) {
  scene *s = *state;
  finds(s, "GET", "/api/devices/a%2Fb%20c/images/%31", "image");
  assert_int_equal(s->match.count, 2);
  assert_string_equal(s->match.names[0], "id");
  assert_string_equal(s->match.names[1], "image");
  assert_true(peal_slice_is(s->match.values[0], "a/b c"));
  assert_true(peal_slice_is(s->match.values[1], "1"));
}

static void a_route_is_found_however_its_path_is_spelt(void **state) {
  finds(*state, "GET", "/%61pi/%64evices", "list");
}

static void tells_which_methods_a_path_has(void **state) {
  scene *s = *state;
  finds(s, "PUT", "/api/devices", NULL);
  assert_true(s->match.found_path);
  assert_non_null(strstr(s->match.allow, "GET"));
  assert_non_null(strstr(s->match.allow, "HEAD"));
  assert_non_null(strstr(s->match.allow, "POST"));
  finds(s, "PUT", "/nothing", NULL);
  assert_false(s->match.found_path);
}

static void head_is_answered_by_get(void **state) {
  finds(*state, "HEAD", "/api/devices", "list");
}

static void refuses_malformed_patterns_and_doubles(void **state) {
  scene *s = *state;

  static const struct {
    const char *pattern;
    peal_err err;
  } cases[] = {{"", PEAL_ERR_USAGE},
               {"a", PEAL_ERR_USAGE},
               {"/:", PEAL_ERR_USAGE},
               {"/*", PEAL_ERR_USAGE},
               {"/*a/b", PEAL_ERR_USAGE},
               {"/:a/:a", PEAL_ERR_USAGE},
               {"/api/devices", PEAL_ERR_EXISTS},
               {"/api/devices/:other", PEAL_ERR_EXISTS}};

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_int_equal(
        peal_web_router_add(s->router, PEAL_S("GET"), cases[i].pattern, s),
        cases[i].err);
}

static void refuses_malformed_paths(void **state) {
  static const char *const bad[] = {"a", "", "/%", "/%4", "/%zz", "/%00", "*"};
  static peal_web_router_path path;
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_int_equal(
        peal_web_router_split(&path, peal_slice_of(bad[i]), scratch),
        PEAL_ERR_HTTP_SYNTAX);
}

static void bounds_the_parts_of_a_path(void **state) {
  static peal_web_router_path path;
  char text[200];
  (void)state;
  memset(text, '/', sizeof(text));
  assert_int_equal(
      peal_web_router_split(&path, (peal_slice){text, 200}, scratch),
      PEAL_ERR_NOT_FOUND);
}

/* What a hook of "/private" and a folder see of a path. */
static void no_spelling_passes_by_a_prefix(void **state) {
  static const struct {
    const char *path;
    bool below, public;
  } cases[] = {
      {"/private", true, true},         {"/private/", true, false},
      {"/private/a", true, true},       {"/%70rivate/a", true, true},
      {"/private%2Fa", false, false},   {"//private/a", false, false},
      {"/./private/a", false, false},   {"/a/../private", false, false},
      {"/%2e%2e/a", false, false},      {"/privateer", false, true},
      {"/.git/config", false, false},   {"/a/.hidden", false, false},
      {"/a//b", false, false},          {"/a/b%20c.txt", false, true},
      {"/..%2f..%2fetc", false, false}, {"/%2fetc/passwd", false, false},
      {"/a/...", false, false},         {"/a/b..c", false, true}};

  static peal_web_router_path prefix, path;
  (void)state;
  assert_int_equal(peal_web_router_split(&prefix, PEAL_S("/private"), NULL),
                   PEAL_OK);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_int_equal(
        peal_web_router_split(&path, peal_slice_of(cases[i].path), scratch),
        PEAL_OK);
    bool below = peal_web_router_below(&path, &prefix);
    bool public = peal_web_open_is_public(path.parts, path.count);
    if (below != cases[i].below || public != cases[i].public)
      fail_msg("%s: below %d, public %d", cases[i].path, below, public);
  }
}

static peal_err build_router(const peal_mem *mem, void *user) {
  static const char *const patterns[] = {"/", "/a/:id", "/a/b/c", "/d/*rest"};
  peal_web_router *router = peal_web_router_new(mem);
  peal_err err = router ? PEAL_OK : PEAL_ERR_NOMEM;
  for (size_t i = 0; i < 4 && !err; i++)
    err = peal_web_router_add(router, PEAL_S("GET"), patterns[i], user);
  peal_web_router_free(router);
  return err;
}

static void survives_every_failing_allocation(void **state) {
  assert_true(torture_run(build_router, *state, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_route_of_a_path),
      cmocka_unit_test(
          a_fixed_part_wins_over_a_parameter_and_that_over_the_rest),
      cmocka_unit_test(another_method_finds_the_less_fixed_route),
      cmocka_unit_test(hands_parameters_over_decoded),
      cmocka_unit_test(a_route_is_found_however_its_path_is_spelt),
      cmocka_unit_test(tells_which_methods_a_path_has),
      cmocka_unit_test(head_is_answered_by_get),
      cmocka_unit_test(refuses_malformed_patterns_and_doubles),
      cmocka_unit_test(refuses_malformed_paths),
      cmocka_unit_test(bounds_the_parts_of_a_path),
      cmocka_unit_test(no_spelling_passes_by_a_prefix),
      cmocka_unit_test(survives_every_failing_allocation),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
