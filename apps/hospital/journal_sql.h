/* SPDX-License-Identifier: MIT */
#pragma once
/* journal_sql: the statements by which an entry becomes what the store shows.
 * All have ?1 kind, ?2 key, ?3 time, ?4 node, ?5 body. */
#include "journal.h"

/* Times after which an active critical alert goes up. */
typedef struct journal_sql {
  char alert[2048], escalate[512];
  char taken_alert[2048], taken_escalate[768];
} journal_sql;

void journal_sql_init(journal_sql *out, int64_t doctor_ms, int64_t all_ms);
/* Of a change that is made here: it does nothing where the verb forbids it. */
const char *journal_sql_change(const journal_sql *sql, journal_kind kind,
                               journal_verb verb);
/* Of another node's entry: in whatever order they come, the end is the same. */
const char *journal_sql_take(const journal_sql *sql, journal_kind kind);
/* The entry itself, if the statement before it has done something; ?6 seq, ?7
 * actor. It returns `row`, as clients see it. */
const char *journal_sql_entry(journal_kind kind);
/* The same for another node's, whose body is whole: written in any case. */
const char *journal_sql_taken(journal_kind kind);
/* Is its key a number? */
bool journal_sql_is_numbered(journal_kind kind);
