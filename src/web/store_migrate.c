/* SPDX-License-Identifier: MIT */
/* store_migrate: the steps that bring a database file to the newest schema. */
#include <stdio.h>

#include "web/store_impl.h"

static void complain(peal_store *store, const char *what, size_t step) {
  peal_logger_write(store->log, PEAL_LOG_ERROR, "store", (peal_slice){0},
                    (peal_slice){0}, "%s: %s %zu: %s", store->path, what, step,
                    sqlite3_errmsg(store->writer.db));
}

static bool read_version(sqlite3 *db, size_t *out) {
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) ==
                SQLITE_OK &&
            sqlite3_step(stmt) == SQLITE_ROW &&
            sqlite3_column_int(stmt, 0) >= 0;
  if (ok)
    *out = (size_t)sqlite3_column_int(stmt, 0);
  sqlite3_finalize(stmt);
  return ok;
}

/* Under BEGIN IMMEDIATE, so that two processes do not both do a step. */
static peal_err run_steps(peal_store *store, size_t count) {
  peal_store_conn *conn = &store->writer;
  size_t version = 0;
  if (!read_version(conn->db, &version)) {
    complain(store, "schema version", 0);
    return PEAL_ERR_STORE;
  }
  if (version > count) {
    peal_logger_write(store->log, PEAL_LOG_ERROR, "store", (peal_slice){0},
                      (peal_slice){0},
                      "%s has schema %zu, this program knows up to %zu",
                      store->path, version, count);
    return PEAL_ERR_USAGE;
  }
  for (size_t i = version; i < count; i++) {
    char set[48];
    snprintf(set, sizeof(set), "PRAGMA user_version=%zu", i + 1);
    if (peal_store_conn_exec(conn, store->opts.migrations[i]) != SQLITE_OK ||
        peal_store_conn_exec(conn, set) != SQLITE_OK) {
      complain(store, "migration to schema", i + 1);
      return PEAL_ERR_STORE;
    }
  }
  return PEAL_OK;
}

peal_err peal_store_migrate(peal_store *store) {
  size_t count = 0;
  while (store->opts.migrations && store->opts.migrations[count])
    count++;
  peal_store_conn *conn = &store->writer;
  if (peal_store_conn_exec(conn, "BEGIN IMMEDIATE") != SQLITE_OK) {
    complain(store, "begin of migration to schema", count);
    return PEAL_ERR_STORE;
  }
  peal_err err = run_steps(store, count);
  if (!err &&
      peal_store_conn_exec(
          conn, "CREATE TABLE IF NOT EXISTS peal_probe"
                "(id INTEGER PRIMARY KEY, at INTEGER);COMMIT") != SQLITE_OK) {
    complain(store, "end of migration to schema", count);
    err = PEAL_ERR_STORE;
  }
  if (err && !sqlite3_get_autocommit(conn->db))
    (void)peal_store_conn_exec(conn, "ROLLBACK");
  return err;
}
