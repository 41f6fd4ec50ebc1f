/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "torture.h"
#include "wire/crc32c.h"
#include "wire/outbox_scan.h"
#include "wire_case.h"

#define MAX_BODY 100000u

static const peal_outbox_place start = {0x1122334455667788, 7, 0};

static void checksums_are_those_of_the_standard(void **state) {
  (void)state;
  char zeros[32] = {0};
  assert_int_equal(peal_crc32c(0, PEAL_S("")), 0);
  assert_int_equal(peal_crc32c(0, PEAL_S("123456789")), 0xe3069283);
  // RFC3720 B.4
  assert_int_equal(peal_crc32c(0, (peal_slice){zeros, 32}), 0x8a9136aa);
  uint32_t half = peal_crc32c(0, PEAL_S("12345"));
  assert_int_equal(peal_crc32c(half, PEAL_S("6789")), 0xe3069283);
}

/* -- tests/wire/outbox_scan ---------------------------------------------------- */

static void log_record(wire_log *log, const peal_outbox_record *record,
                       uint64_t offset) {
  unsigned at = (unsigned)offset, seq = (unsigned)record->seq;
  if (record->type == PEAL_OUTBOX_RECORD_DONE) {
    wire_log_add(log, "%u done %u", at, seq);
    return;
  }
  peal_arena arena;
  peal_outbox_event event;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = peal_outbox_record_get_event(&event, record->body, &arena);
  if (err) {
    wire_log_add(log, "%u event %u %s", at, seq, peal_err_name(err));
  } else {
    peal_bytes *args =
        peal_json_bytes(peal_array(event.args.items, event.args.count));
    assert_true(peal_slice_eq(peal_outbox_record_id(record->body), event.id));
    wire_log_add(log, "%u event %u %.*s %.*s %.*s", at, seq,
                 PEAL_SFMT(event.id), PEAL_SFMT(event.name),
                 PEAL_SFMT(peal_bytes_slice(args)));
    peal_bytes_unref(args);
  }
  peal_arena_deinit(&arena);
}

static void log_found(peal_outbox_scan *scan, wire_log *log) {
  peal_outbox_record record;
  peal_outbox_place place;
  while (peal_outbox_scan_next(scan, &record, &place) == PEAL_OK)
    log_record(log, &record, place.offset);
}

static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)test;
  (void)user;
  peal_outbox_scan scan;
  peal_slice piece;
  peal_outbox_scan_init(&scan, start, MAX_BODY, NULL);
  while (wire_feed_next(feed, &piece)) {
    assert_int_equal(peal_outbox_scan_feed(&scan, piece), PEAL_OK);
    log_found(&scan, log);
  }
  peal_outbox_scan_finish(&scan);
  log_found(&scan, log);
  wire_log_add(log, "end %u, damaged %u, skipped %u", (unsigned)scan.end,
               scan.damaged, (unsigned)scan.skipped);
  peal_outbox_scan_deinit(&scan);
}

static void cases_are_read_as_expected_however_they_are_split(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("outbox_scan", WIRE_CASE_SPLIT, replay, NULL),
                   0);
}

/* -- there and back -------------------------------------------------------------- */

static void put(peal_buf *file, uint64_t seq, const peal_outbox_event *event,
                const char *id_name) {
  peal_buf body;
  peal_buf_init(&body, NULL, 0);
  assert_int_equal(peal_outbox_record_put_event(&body, event, id_name),
                   PEAL_OK);
  peal_outbox_place place = start;
  place.offset = file->len;
  peal_outbox_record_encode(file,
                            &(peal_outbox_record){PEAL_OUTBOX_RECORD_EVENT, seq,
                                                  peal_buf_slice(&body)},
                            place);
  peal_buf_deinit(&body);
}

/* The arguments of the one event in `file`, as JSON. */
static void assert_args(peal_buf *file, const char *json) {
  peal_outbox_record record;
  peal_outbox_event event;
  peal_arena arena;
  size_t used;
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(
      peal_outbox_record_decode(&record, peal_buf_slice(file), start, &used),
      PEAL_OK);
  assert_int_equal(used, file->len);
  assert_int_equal(peal_outbox_record_get_event(&event, record.body, &arena),
                   PEAL_OK);
  peal_bytes *text =
      peal_json_bytes(peal_array(event.args.items, event.args.count));
  peal_slice got = peal_bytes_slice(text);
  assert_int_equal(got.len, strlen(json));
  assert_memory_equal(got.ptr, json, got.len);
  peal_bytes_unref(text);
  peal_arena_deinit(&arena);
  peal_buf_reset(file);
}

static void the_id_becomes_a_member_of_the_first_object(void **state) {
  (void)state;
  peal_buf file;
  peal_buf_init(&file, NULL, 0);
  peal_outbox_event event = {
      PEAL_S("7-1"), PEAL_S("x"),
      PEAL_ARGS(PEAL_OBJECT({"a", peal_int(1)}), PEAL_OBJECT())};
  put(&file, 1, &event, "id");
  assert_args(&file, "[{\"a\":1,\"id\":\"7-1\"},{}]");
  event.args = PEAL_ARGS(PEAL_OBJECT({"id", peal_int(1)}, {"b", peal_null()}));
  put(&file, 1, &event, "id");
  assert_args(&file, "[{\"b\":null,\"id\":\"7-1\"}]");
  event.args = PEAL_ARGS(peal_int(1), PEAL_OBJECT());
  put(&file, 1, &event, "id");
  assert_args(&file, "[1,{}]");
  event.args = PEAL_NO_ARGS;
  put(&file, 1, &event, "id");
  assert_args(&file, "[]");
  peal_buf_deinit(&file);
}

static void names_of_the_protocol_are_refused(void **state) {
  (void)state;
  peal_buf body;
  peal_buf_init(&body, NULL, 0);
  peal_outbox_event event = {PEAL_S("1"), PEAL_S("disconnect"), PEAL_NO_ARGS};
  assert_int_equal(peal_outbox_record_put_event(&body, &event, NULL),
                   PEAL_ERR_RESERVED);
  assert_int_equal(body.len, 0);
  peal_buf_deinit(&body);
}

/* -- damage: whatever one byte says, what is found was written -------------------- */

enum { RECORDS = 6 };

static size_t count_found(peal_slice file, const peal_buf *whole,
                          uint64_t *seqs) {
  peal_outbox_scan scan;
  peal_outbox_record record;
  peal_outbox_place place;
  size_t count = 0;
  peal_outbox_scan_init(&scan, start, MAX_BODY, NULL);
  assert_int_equal(peal_outbox_scan_feed(&scan, file), PEAL_OK);
  peal_outbox_scan_finish(&scan);
  while (peal_outbox_scan_next(&scan, &record, &place) == PEAL_OK) {
    assert_memory_equal(record.body.ptr,
                        whole->ptr + place.offset +
                            PEAL_OUTBOX_RECORD_HEAD_BYTES,
                        record.body.len);
    seqs[count++] = record.seq;
  }
  assert_true(scan.end <= file.len);
  peal_outbox_scan_deinit(&scan);
  return count;
}

static void make_file(peal_buf *file) {
  char blob[40];
  memset(blob, 0xf5, sizeof blob);
  for (uint64_t i = 1; i <= RECORDS; i++) {
    peal_val first = i % 2 ? peal_int((int64_t)i)
                           : peal_binary((peal_slice){blob, sizeof blob});
    put(file, i,
        &(peal_outbox_event){PEAL_S("id"), PEAL_S("x"), PEAL_ARGS(first)},
        NULL);
  }
}

static void a_wrong_byte_costs_one_record_and_invents_none(void **state) {
  (void)state;
  peal_buf file;
  uint64_t seqs[RECORDS + 1];
  peal_buf_init(&file, NULL, 0);
  make_file(&file);
  for (size_t i = 0; i < file.len; i++) {
    char *copy = malloc(file.len);
    assert_non_null(copy);
    memcpy(copy, file.ptr, file.len);
    copy[i] = (char)(copy[i] ^ 0x5a);
    size_t count = count_found((peal_slice){copy, file.len}, &file, seqs);
    assert_int_equal(count, RECORDS - 1);
    for (size_t k = 1; k < count; k++)
      assert_true(seqs[k - 1] < seqs[k]);
    free(copy);
  }
  peal_buf_deinit(&file);
}

static void a_file_cut_anywhere_gives_all_that_is_whole(void **state) {
  (void)state;
  peal_buf file;
  uint64_t seqs[RECORDS + 1];
  peal_buf_init(&file, NULL, 0);
  make_file(&file);
  size_t before = 0;
  for (size_t len = 0; len <= file.len; len++) {
    size_t count = count_found((peal_slice){file.ptr, len}, &file, seqs);
    assert_in_range(count, before, before + 1);
    for (size_t k = 0; k < count; k++)
      assert_int_equal(seqs[k], k + 1);
    before = count;
  }
  assert_int_equal(before, RECORDS);
  peal_buf_deinit(&file);
}

/* -- memory ------------------------------------------------------------------------ */

static peal_err torture_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_buf body;
  peal_arena arena;
  peal_outbox_event event, again;
  peal_buf_init(&body, mem, 0);
  peal_arena_init(&arena, mem, 0, 0);
  event = (peal_outbox_event){
      PEAL_S("1"), PEAL_S("x"),
      PEAL_ARGS(PEAL_OBJECT({"b", peal_binary(PEAL_S("bytes"))}))};
  peal_err err = peal_outbox_record_put_event(&body, &event, "id");
  if (!err)
    err = peal_outbox_record_get_event(&again, peal_buf_slice(&body), &arena);
  if (!err) {
    peal_outbox_scan scan;
    peal_outbox_scan_init(&scan, start, MAX_BODY, mem);
    err = peal_outbox_scan_feed(&scan, peal_buf_slice(&body));
    peal_outbox_scan_deinit(&scan);
  }
  peal_arena_deinit(&arena);
  peal_buf_deinit(&body);
  return err;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  assert_true(torture_run(torture_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(checksums_are_those_of_the_standard),
      cmocka_unit_test(cases_are_read_as_expected_however_they_are_split),
      cmocka_unit_test(the_id_becomes_a_member_of_the_first_object),
      cmocka_unit_test(names_of_the_protocol_are_refused),
      cmocka_unit_test(a_wrong_byte_costs_one_record_and_invents_none),
      cmocka_unit_test(a_file_cut_anywhere_gives_all_that_is_whole),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
