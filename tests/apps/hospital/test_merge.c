/* SPDX-License-Identifier: MIT */
/* Entries of several nodes, in whatever order they come and however often, end
 * in the same hospital: the statements themselves, on a store of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include <peal/store.h>

#include "journal_sql.h"
#include "schema.h"

/* What the journal's own unit would say; its file needs a running program. */
static const char *const names[JOURNAL_KINDS] = {
    "patient", "triage",      "bed",     "staff",    "preferences", "risk",
    "alert",   "acknowledge", "resolve", "escalate", "account"};

typedef struct told {
  journal_kind kind;
  const char *key;
  int64_t node, seq, ts;
  const char *body;
} told;

/* Ten things that three nodes did, some of them at the same time. */
static const told story[] = {
    {JOURNAL_PATIENT, "7", 1, 1, 100, "{\"name\":\"Ada\",\"ward\":\"North\"}"},
    {JOURNAL_PATIENT, "7", 2, 1, 200,
     "{\"name\":\"Ada L\",\"ward\":\"North\"}"},
    {JOURNAL_PATIENT, "7", 3, 1, 200,
     "{\"name\":\"Ada M\",\"ward\":\"North\"}"},
    {JOURNAL_ALERT, "1048577", 1, 2, 300,
     "{\"patient_id\":\"7\",\"severity\":\"critical\",\"message\":\"m\","
     "\"ward\":\"North\"}"},
    {JOURNAL_ALERT, "1048578", 2, 2, 300,
     "{\"patient_id\":\"7\",\"severity\":\"critical\",\"message\":\"n\","
     "\"ward\":\"North\"}"},
    {JOURNAL_ACKNOWLEDGE, "1048577", 2, 3, 400,
     "{\"at\":\"2026-01-01T00:00:02.000Z\",\"by\":\"doc\"}"},
    {JOURNAL_ACKNOWLEDGE, "1048577", 3, 2, 390,
     "{\"at\":\"2026-01-01T00:00:01.000Z\",\"by\":\"nina\"}"},
    {JOURNAL_ESCALATE, "1048577", 1, 3, 380,
     "{\"level\":1,\"at\":\"2026-01-01T00:00:01.000Z\"}"},
    {JOURNAL_ESCALATE, "1048578", 3, 3, 500,
     "{\"level\":2,\"at\":\"2026-01-01T00:00:05.000Z\"}"},
    {JOURNAL_RESOLVE, "1048577", 3, 4, 600,
     "{\"at\":\"2026-01-01T00:00:09.000Z\",\"by\":\"nina\"}"},
};

enum { COUNT = sizeof story / sizeof *story, ROUNDS = 12 };

static char folder[] = "/tmp/peal-merge-XXXXXX";

static peal_store *open_store(char path[128], int round) {
  peal_store *store = NULL;
  snprintf(path, 128, "%s/%d.db", folder, round);
  assert_int_equal(
      peal_store_open(&store,
                      &(peal_store_opts){.path = path,
                                         .batch_ms = PEAL_STORE_NO_WAIT,
                                         .migrations = schema_migrations}),
      PEAL_OK);
  return store;
}

static void take(peal_store *store, const journal_sql *sql, const told *t) {
  peal_val key = journal_sql_is_numbered(t->kind)
                     ? peal_int(strtoll(t->key, NULL, 10))
                     : peal_str(t->key);
  peal_val kind = peal_str(names[t->kind]), ts = peal_int(t->ts),
           node = peal_int(t->node), body = peal_str(t->body);
  assert_int_equal(peal_store_exec_sync(store, journal_sql_take(sql, t->kind),
                                        PEAL_ARGS(kind, key, ts, node, body),
                                        NULL),
                   PEAL_OK);
  assert_int_equal(
      peal_store_exec_sync(
          store, journal_sql_taken(t->kind),
          PEAL_ARGS(kind, key, ts, node, body, peal_int(t->seq), peal_str("x")),
          NULL),
      PEAL_OK);
}

/* All that clients could see, as one text. */
static peal_bytes *look(peal_store *store) {
  peal_doc *rows = NULL;
  assert_int_equal(
      peal_store_exec_sync(
          store,
          "SELECT (SELECT json_group_array(json(body)) FROM (SELECT body FROM"
          " records ORDER BY kind, key)) AS records,"
          " (SELECT json_group_array(json(x)) FROM (SELECT " SCHEMA_ALERT
          " AS x FROM alerts WHERE " SCHEMA_IS_ALERT " ORDER BY id)) AS alerts,"
          " (SELECT json_group_array(due_ms) FROM (SELECT due_ms FROM alerts"
          " ORDER BY id)) AS due, (SELECT count(*) FROM journal) AS entries",
          PEAL_NO_ARGS, &rows),
      PEAL_OK);
  peal_bytes *text = peal_json_bytes(peal_doc_val(rows));
  peal_doc_free(rows);
  assert_non_null(text);
  return text;
}

static unsigned dice = 7;

static unsigned roll(unsigned sides) {
  dice = dice * 1103515245u + 12345u;
  return dice / 65536u % sides;
}

static void shuffle(size_t order[COUNT]) {
  for (size_t i = 0; i < COUNT; i++)
    order[i] = i;
  for (size_t i = COUNT; i-- > 1;) {
    size_t other = roll((unsigned)i + 1), kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
}

static void any_order_ends_in_the_same_hospital(void **state) {
  (void)state;
  journal_sql sql;
  peal_bytes *first = NULL;
  journal_sql_init(&sql, 120000, 300000);
  for (int round = 0; round < ROUNDS; round++) {
    char path[128];
    size_t order[COUNT];
    peal_store *store = open_store(path, round);
    shuffle(order);
    for (size_t i = 0; i < COUNT; i++) {
      take(store, &sql, &story[order[i]]);
      if (roll(3) == 0) // again, some of it
        take(store, &sql, &story[order[roll((unsigned)i + 1)]]);
    }
    peal_bytes *seen = look(store);
    peal_store_close(store);
    unlink(path);
    if (first == NULL) {
      first = seen;
      continue;
    }
    peal_slice a = peal_bytes_slice(first), b = peal_bytes_slice(seen);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    peal_bytes_unref(seen);
  }
  char text[4096];
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(peal_bytes_slice(first)));
  // the later one, and of two at the same time the greater node
  assert_non_null(strstr(text, "Ada M"));
  assert_non_null(strstr(text, "nina"));
  assert_null(strstr(text, "doc\\\\\""));
  assert_non_null(strstr(text, "resolved"));
  peal_bytes_unref(first);
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_order_ends_in_the_same_hospital)};
  if (mkdtemp(folder) == NULL)
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
