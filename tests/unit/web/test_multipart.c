/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "torture.h"
#include "web/multipart.h"
#include "wire_case.h"

typedef struct reader {
  wire_log *log;
  bool in_data;
} reader;

static void end_data(reader *r) {
  if (r->in_data)
    wire_log_end(r->log);
  r->in_data = false;
}

static peal_err on_part(const peal_multipart_part *part, void *user) {
  reader *r = user;
  wire_log_add_bytes(r->log, "part", part->name);
  if (part->filename.ptr)
    wire_log_add_bytes(r->log, "filename", part->filename);
  if (part->type.len)
    wire_log_add_bytes(r->log, "type", part->type);
  return peal_slice_is(part->name, "refused") ? PEAL_ERR_EXISTS : PEAL_OK;
}

static peal_err on_data(peal_slice data, void *user) {
  reader *r = user;
  if (!r->in_data)
    wire_log_put_bytes(r->log, PEAL_S("data "));
  r->in_data = true;
  assert_true(data.len > 0);
  wire_log_put_bytes(r->log, data);
  return PEAL_OK;
}

static peal_err on_part_end(void *user) {
  reader *r = user;
  end_data(r);
  wire_log_add(r->log, "end of part");
  return PEAL_OK;
}

static const peal_multipart_callbacks callbacks = {on_part, on_data,
                                                   on_part_end};

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  const char *boundary = wire_case_opt(test, "boundary");
  size_t max_parts = (size_t)wire_case_opt_u64(test, "parts", 10);
  size_t max_head = (size_t)wire_case_opt_u64(test, "head", 200);
  reader r = {.log = log};
  peal_multipart m;
  peal_slice piece;
  (void)user;
  assert_int_equal(
      peal_multipart_init(&m, peal_slice_of(boundary ? boundary : "B"),
                          max_parts, max_head, &callbacks, &r, NULL),
      PEAL_OK);
  peal_err err = PEAL_OK;
  while (wire_feed_next(feed, &piece))
    err = peal_multipart_feed(&m, piece);
  end_data(&r);
  if (!err)
    err = peal_multipart_end(&m);
  if (err)
    wire_log_add(log, "%s: %s", peal_err_name(err), m.why);
  else
    wire_log_add(log, "complete");
  peal_multipart_deinit(&m);
}

static void reads_all_cases_at_every_split(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("multipart", WIRE_CASE_SPLIT, run_case, NULL),
                   0);
}

static void finds_the_boundary_of_a_content_type(void **state) {
  static const struct {
    const char *type, *boundary;
  } cases[] = {
      {"multipart/form-data; boundary=abc", "abc"},
      {"multipart/form-data;boundary=\"a b\"", "a b"},
      {"Multipart/Form-Data ; charset=utf-8; Boundary=x-1.2", "x-1.2"},
      {"multipart/form-data; x=\"a;boundary=no\"; boundary=yes", "yes"},
      {"multipart/form-data", NULL},
      {"multipart/form-data; boundary=", NULL},
      {"multipart/form-data; boundary=\"\"", NULL},
      {"multipart/form-data; boundary=\"a", NULL},
      {"multipart/form-data; boundary=\"a \"", NULL},
      {"multipart/form-data; boundary=a\rb", NULL},
      {"multipart/form-data; boundary="
       "0123456789012345678901234567890123456789"
       "012345678901234567890123456789",
       "0123456789012345678901234567890123456789"
       "012345678901234567890123456789"},
      {"multipart/form-data; boundary="
       "0123456789012345678901234567890123456789"
       "0123456789012345678901234567890",
       NULL},
      {"multipart/mixed; boundary=abc", NULL},
      {"", NULL},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char out[PEAL_MULTIPART_BOUNDARY];
    size_t len = 0;
    bool found =
        peal_multipart_boundary(peal_slice_of(cases[i].type), out, &len);
    if (found != (cases[i].boundary != NULL) ||
        (found && !peal_slice_is((peal_slice){out, len}, cases[i].boundary)))
      fail_msg("%s: %.*s", cases[i].type, found ? (int)len : 4,
               found ? out : "none");
  }
}

static void refuses_a_boundary_that_may_not_be(void **state) {
  peal_multipart m;
  (void)state;
  assert_int_equal(
      peal_multipart_init(&m, PEAL_S("a\nb"), 1, 1, &callbacks, NULL, NULL),
      PEAL_ERR_USAGE);
}

static peal_err ignore_part(const peal_multipart_part *part, void *user) {
  (void)part;
  (void)user;
  return PEAL_OK;
}

static peal_err ignore_data(peal_slice data, void *user) {
  (void)data;
  (void)user;
  return PEAL_OK;
}

static peal_err ignore_end(void *user) {
  (void)user;
  return PEAL_OK;
}

static peal_err read_once(const peal_mem *mem, void *user) {
  static const peal_multipart_callbacks none = {ignore_part, ignore_data,
                                                ignore_end};
  peal_slice body = PEAL_S("--B\r\nContent-Disposition: form-data; name=a\r\n"
                           "\r\nx\r\n--B--\r\n");
  peal_multipart m;
  (void)user;
  peal_err err = peal_multipart_init(&m, PEAL_S("B"), 9, 999, &none, NULL, mem);
  if (err)
    return err;
  err = peal_multipart_feed(&m, body);
  if (!err)
    err = peal_multipart_end(&m);
  peal_multipart_deinit(&m);
  return err;
}

static void survives_every_failing_allocation(void **state) {
  (void)state;
  assert_true(torture_run(read_once, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_all_cases_at_every_split),
      cmocka_unit_test(finds_the_boundary_of_a_content_type),
      cmocka_unit_test(refuses_a_boundary_that_may_not_be),
      cmocka_unit_test(survives_every_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
