/* SPDX-License-Identifier: MIT */
/* store_conn: one SQLite connection: its statements, parameters in, rows out.
 * */
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "web/store_impl.h"

/* A user's statement must not end the transaction that it shares with others,
 * nor reach another file. */
static int authorize(void *user, int action, const char *a, const char *b,
                     const char *c, const char *d) {
  const peal_store_conn *conn = user;
  (void)a;
  (void)b;
  (void)c;
  (void)d;
  if (conn->own)
    return SQLITE_OK;
  if (action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT ||
      action == SQLITE_ATTACH || action == SQLITE_DETACH)
    return SQLITE_DENY;
  return SQLITE_OK;
}

static bool make_file(peal_store *store) {
  /* sqlite gives its WAL the mode of the database. */
  int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

static peal_err refuse(peal_store_conn *conn, const char *what) {
  peal_logger_write(conn->store->log, PEAL_LOG_ERROR, "store", (peal_slice){0},
                    (peal_slice){0}, "%s: %s: %s", conn->store->path, what,
                    conn->db ? sqlite3_errmsg(conn->db) : "out of memory");
  peal_store_conn_close(conn);
  return PEAL_ERR_STORE;
}

peal_err peal_store_conn_open(peal_store_conn *conn, peal_store *store,
                              bool for_writes) {
  *conn = (peal_store_conn){.store = store, .own = true};
  if (for_writes && !make_file(store)) {
    peal_logger_write(store->log, PEAL_LOG_ERROR, "store", (peal_slice){0},
                      (peal_slice){0}, "%s cannot be opened for writing",
                      store->path);
    return PEAL_ERR_STORE;
  }
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(store->path, &conn->db, flags, NULL) != SQLITE_OK)
    return refuse(conn, "open");
  sqlite3_extended_result_codes(conn->db, 1);
  sqlite3_busy_timeout(conn->db, (int)store->opts.busy_ms);
  /* synchronous FULL: what was acknowledged survives a power cut, too. */
  const char *setup =
      for_writes ? "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                   "PRAGMA foreign_keys=ON;PRAGMA journal_size_limit=16777216;"
                   "PRAGMA temp_store=MEMORY"
                 : "PRAGMA query_only=ON;PRAGMA temp_store=MEMORY";
  if (peal_store_conn_exec(conn, setup) != SQLITE_OK)
    return refuse(conn, "setup");
  sqlite3_set_authorizer(conn->db, authorize, conn);
  conn->own = false;
  return PEAL_OK;
}

void peal_store_conn_close(peal_store_conn *conn) {
  for (size_t i = 0; i < PEAL_STORE_CACHED; i++)
    sqlite3_finalize(conn->cached[i].stmt);
  memset(conn->cached, 0, sizeof(conn->cached));
  sqlite3_close(conn->db);
  conn->db = NULL;
}

int peal_store_conn_exec(peal_store_conn *conn, const char *sql) {
  bool before = conn->own;
  conn->own = true;
  int code = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
  conn->own = before;
  return code;
}

static peal_err err_of(int code) {
  switch (code & 0xff) {
  case SQLITE_OK:
  case SQLITE_DONE:
  case SQLITE_ROW:
    return PEAL_OK;
  case SQLITE_NOMEM:
    return PEAL_ERR_NOMEM;
  case SQLITE_TOOBIG:
    return PEAL_ERR_TOO_LONG;
  case SQLITE_CONSTRAINT:
    if (code == SQLITE_CONSTRAINT_UNIQUE ||
        code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
      return PEAL_ERR_EXISTS;
    return PEAL_ERR_USAGE;
  case SQLITE_ERROR:
  case SQLITE_MISMATCH:
  case SQLITE_RANGE:
  case SQLITE_AUTH:
  case SQLITE_READONLY:
    return code == SQLITE_READONLY_DBMOVED ? PEAL_ERR_STORE : PEAL_ERR_USAGE;
  default:
    return PEAL_ERR_STORE;
  }
}

void peal_store_conn_tell(peal_store_conn *conn, peal_store_job *job,
                          int code) {
  char text[sizeof(job->message)];
  snprintf(text, sizeof(text), "%s",
           code == SQLITE_NOMEM ? "out of memory" : sqlite3_errmsg(conn->db));
  peal_store_job_fail(job, err_of(code), text);
  job->result.is_full = (code & 0xff) == SQLITE_FULL;
  job->result.is_locked =
      (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
}

/* The cached statement of this text, or the slot for it. */
static peal_store_cached *find_slot(peal_store_conn *conn, const char *sql,
                                    uint32_t hash) {
  peal_store_cached *oldest = &conn->cached[0];
  for (size_t i = 0; i < PEAL_STORE_CACHED; i++) {
    peal_store_cached *slot = &conn->cached[i];
    if (slot->stmt && slot->hash == hash &&
        strcmp(sqlite3_sql(slot->stmt), sql) == 0)
      return slot;
    if (slot->used < oldest->used)
      oldest = slot;
  }
  sqlite3_finalize(oldest->stmt);
  *oldest = (peal_store_cached){.hash = hash};
  return oldest;
}

/* Is there anything but blanks and comments? */
static bool has_more(const char *tail) {
  while (tail && *tail) {
    if (strchr(" \t\r\n;", *tail)) {
      tail++;
    } else if (tail[0] == '-' && tail[1] == '-') {
      tail += strcspn(tail, "\n");
    } else {
      return true;
    }
  }
  return false;
}

static sqlite3_stmt *prepare(peal_store_conn *conn, peal_store_job *job,
                             const char *sql) {
  uint32_t hash = peal_map_hash(peal_slice_of(sql), 0);
  peal_store_cached *slot = find_slot(conn, sql, hash);
  slot->used = ++conn->clock;
  if (slot->stmt)
    return slot->stmt;
  const char *tail = NULL;
  int code = sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                &slot->stmt, &tail);
  if (code != SQLITE_OK) {
    peal_store_conn_tell(conn, job, code);
    return NULL;
  }
  if (!slot->stmt || has_more(tail)) {
    peal_store_job_fail(job, PEAL_ERR_USAGE, "expected exactly one statement");
    sqlite3_finalize(slot->stmt);
    slot->stmt = NULL;
  }
  return slot->stmt;
}

static int bind_json(sqlite3_stmt *stmt, int index, peal_val value) {
  peal_bytes *json = peal_json_bytes(value);
  if (!json)
    return SQLITE_NOMEM;
  peal_slice text = peal_bytes_slice(json);
  int code = sqlite3_bind_text64(stmt, index, text.ptr, text.len,
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
  peal_bytes_unref(json);
  return code;
}

/* Strings and binaries live as long as the job. */
static int bind_one(sqlite3_stmt *stmt, int index, peal_val value) {
  const char *bytes = value.len ? value.as.bytes : "";
  switch ((peal_type)value.type) {
  case PEAL_UNDEFINED:
  case PEAL_NULL:
    return sqlite3_bind_null(stmt, index);
  case PEAL_BOOL:
    return sqlite3_bind_int(stmt, index, value.as.boolean);
  case PEAL_INT:
    return sqlite3_bind_int64(stmt, index, value.as.integer);
  case PEAL_DOUBLE:
    return sqlite3_bind_double(stmt, index, value.as.number);
  case PEAL_STRING:
    return sqlite3_bind_text64(stmt, index, bytes, value.len, SQLITE_STATIC,
                               SQLITE_UTF8);
  case PEAL_BINARY:
    return sqlite3_bind_blob64(stmt, index, bytes, value.len, SQLITE_STATIC);
  case PEAL_ARRAY:
  case PEAL_OBJECT:
    return bind_json(stmt, index, value);
  }
  return SQLITE_MISUSE;
}

static bool bind_all(peal_store_conn *conn, peal_store_job *job,
                     sqlite3_stmt *stmt, peal_val args) {
  int expected = sqlite3_bind_parameter_count(stmt);
  if ((uint32_t)expected != args.len) {
    char text[80];
    snprintf(text, sizeof(text), "expected %d parameters, not %u", expected,
             (unsigned)args.len);
    peal_store_job_fail(job, PEAL_ERR_USAGE, text);
    return false;
  }
  for (int i = 0; i < expected; i++) {
    int code = bind_one(stmt, i + 1, peal_val_at(args, (size_t)i));
    if (code != SQLITE_OK) {
      peal_store_conn_tell(conn, job, code);
      return false;
    }
  }
  return true;
}

/* Copy text or blob into the job. */
static bool copy_bytes(peal_store_job *job, const void *data, size_t len,
                       const char **out) {
  char *copy = peal_arena_alloc(&job->arena, len + 1);
  if (!copy)
    return false;
  if (len)
    memcpy(copy, data, len);
  copy[len] = 0;
  *out = copy;
  return true;
}

static bool read_column(peal_store_job *job, sqlite3_stmt *stmt, int column,
                        peal_val *out) {
  const char *bytes = NULL;
  const void *data = NULL;
  switch (sqlite3_column_type(stmt, column)) {
  case SQLITE_INTEGER:
    *out = peal_int(sqlite3_column_int64(stmt, column));
    return true;
  case SQLITE_FLOAT:
    *out = peal_double(sqlite3_column_double(stmt, column));
    return true;
  case SQLITE_NULL:
    *out = peal_null();
    return true;
  case SQLITE_BLOB:
    data = sqlite3_column_blob(stmt, column);
    break;
  default:
    data = sqlite3_column_text(stmt, column);
    if (!data)
      return false;
    break;
  }
  size_t len = (size_t)sqlite3_column_bytes(stmt, column);
  if (!copy_bytes(job, data, len, &bytes))
    return false;
  peal_slice slice = {bytes, len};
  *out = sqlite3_column_type(stmt, column) == SQLITE_BLOB
             ? peal_binary(slice)
             : peal_str_slice(slice);
  return true;
}

/* The names of the columns, once per result. */
static peal_pair *read_names(peal_store_job *job, sqlite3_stmt *stmt,
                             size_t count) {
  peal_pair *names = peal_arena_alloc(&job->arena, count * sizeof(*names));
  for (size_t i = 0; names && i < count; i++) {
    const char *name = sqlite3_column_name(stmt, (int)i);
    size_t len = name ? strlen(name) : 0;
    if (!name || !copy_bytes(job, name, len, &names[i].key))
      return NULL;
  }
  return names;
}

static bool read_row(peal_store_job *job, sqlite3_stmt *stmt,
                     const peal_pair *names, size_t count) {
  peal_pair *pairs = peal_arena_alloc(&job->arena, count * sizeof(*pairs));
  if (!pairs)
    return false;
  for (size_t i = 0; i < count; i++) {
    pairs[i] = names[i];
    if (!read_column(job, stmt, (int)i, &pairs[i].value))
      return false;
  }
  peal_val row = peal_object(pairs, count);
  peal_buf_add(&job->rows, (peal_slice){(const char *)&row, sizeof(row)});
  return job->rows.err == PEAL_OK;
}

static bool is_over(const peal_store_job *job) {
  const peal_store_opts *opts = &job->store->opts;
  return job->rows.len / sizeof(peal_val) > opts->max_rows ||
         job->arena.total + 4096 > opts->max_result_bytes;
}

static int step_all(peal_store_job *job, sqlite3_stmt *stmt) {
  size_t columns = (size_t)sqlite3_column_count(stmt);
  const peal_pair *names = NULL;
  int code;
  while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
    if (!names)
      names = read_names(job, stmt, columns);
    if (!names || !read_row(job, stmt, names, columns))
      return is_over(job) ? SQLITE_TOOBIG : SQLITE_NOMEM;
    if (is_over(job))
      return SQLITE_TOOBIG;
  }
  return code;
}

static void keep_result(peal_store_conn *conn, peal_store_job *job,
                        bool wrote) {
  job->result.rows = peal_array((const peal_val *)(const void *)job->rows.ptr,
                                job->rows.len / sizeof(peal_val));
  if (!wrote)
    return;
  job->result.last_id = sqlite3_last_insert_rowid(conn->db);
  job->result.changes = sqlite3_changes(conn->db);
}

peal_err peal_store_conn_run(peal_store_conn *conn, peal_store_job *job,
                             const peal_store_job_stmt *stmt) {
  peal_store_job_reset(job);
  sqlite3_stmt *prepared = prepare(conn, job, stmt->sql);
  if (!prepared)
    return job->result.err;
  if (bind_all(conn, job, prepared, peal_doc_val(stmt->args))) {
    int code = step_all(job, prepared);
    if (code == SQLITE_DONE)
      keep_result(conn, job, !sqlite3_stmt_readonly(prepared));
    else if (code == SQLITE_TOOBIG)
      peal_store_job_fail(job, PEAL_ERR_TOO_LONG,
                          "the result is over max_rows or max_result_bytes");
    else
      peal_store_conn_tell(conn, job, code);
  }
  sqlite3_reset(prepared);
  sqlite3_clear_bindings(prepared);
  return job->result.err;
}
