/* SPDX-License-Identifier: MIT */
#include "http/http_file.h"

#include <string.h>

#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "http/http_answer.h"
#include "net/system.h"
#include "proto/http_write.h"

/* Read and sent in pieces of this many bytes; one is held at a time. */
#define PIECE_BYTES 65536u

struct peal_http_file {
  uv_fs_t fs;
  peal_http_req *req; /* NULL: the request is gone */
  peal_worker *worker;
  peal_bytes *piece; /* the connection has a reference while it is sent */
  int fd;
  uint64_t offset;
  uint64_t left;
  bool reading; /* on the pool */
};

static void free_file(peal_http_file *file) {
  close(file->fd);
  peal_bytes_unref(file->piece);
  peal_mem_free(file->worker->mem, file);
}

void peal_http_file_drop(peal_http_file *file) {
  file->req = NULL;
  if (!file->reading)
    free_file(file);
}

static size_t piece_len(const peal_http_file *file) {
  return file->left < PIECE_BYTES ? (size_t)file->left : PIECE_BYTES;
}

/* The file is shorter than announced, or cannot be read: the peer learns it
 * from the broken connection. */
static void fail(peal_http_file *file, const char *why) {
  peal_http_req *req = file->req;
  const peal_slice none = {NULL, 0};
  peal_logger_write(file->worker->log, PEAL_LOG_ERROR, "http", none, none,
                    "sending a file for %.*s: %s", PEAL_SFMT(req->path), why);
  peal_http_link_break(req->link, PEAL_ERR_IO);
}

static void took(peal_http_file *file, size_t len) {
  peal_http_req *req = file->req;
  file->offset += len;
  file->left -= len;
  peal_err err = peal_http_write_share(&req->link->conn, file->piece, len,
                                       file->worker->now_ms);
  if (!err && file->left == 0)
    err = peal_http_write_end(&req->link->conn, req->home->worker->now_ms);
  if (err) {
    peal_http_link_break(req->link, err);
    return;
  }
  req->written += len;
  if (file->left > 0) {
    peal_http_link_send(req->link);
    return;
  }
  req->file = NULL;
  free_file(file);
  peal_http_answer_over(req);
}

static void finish_read(peal_http_file *file, long result, const char *why) {
  if (result < 0)
    fail(file, why);
  else if (result == 0)
    fail(file, "it has become shorter");
  else
    took(file, (size_t)result);
}

static void on_read(uv_fs_t *fs) {
  peal_http_file *file = fs->data;
  ssize_t result = fs->result;
  uv_fs_req_cleanup(fs);
  file->reading = false;
  peal_worker_wake(file->worker);
  if (!file->req) {
    free_file(file);
    return;
  }
  finish_read(file, result, result < 0 ? uv_strerror((int)result) : "");
}

/* What the page cache has costs no thread. Returns false if it has not. */
static bool read_cached(peal_http_file *file, char *to) {
  ssize_t got = peal_system_read_cached(file->fd, to, piece_len(file),
                                        (int64_t)file->offset);
  if (got <= 0)
    return false;
  finish_read(file, got, "");
  return true;
}

static void read_on_pool(peal_http_file *file, char *to) {
  uv_buf_t buf = uv_buf_init(to, (unsigned)piece_len(file));
  file->fs.data = file;
  file->reading = true;
  int failed = uv_fs_read(&file->worker->loop, &file->fs, file->fd, &buf, 1,
                          (int64_t)file->offset, on_read);
  if (failed) {
    file->reading = false;
    fail(file, uv_strerror(failed));
  }
}

void peal_http_file_next(peal_http_req *req) {
  peal_http_file *file = req->file;
  if (file->reading || !req->link || !req->link->stream)
    return;
  if (!file->piece)
    file->piece = peal_bytes_alloc(piece_len(file), file->worker->mem);
  if (!file->piece) {
    fail(file, "out of memory");
    return;
  }
  char *to = peal_bytes_data(file->piece);
  if (!read_cached(file, to))
    read_on_pool(file, to);
}

void peal_http_answer_file(peal_http_req *req, unsigned status,
                           const char *type, int fd, uint64_t offset,
                           uint64_t length) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_worker *worker = req->home->worker;
  bool first = peal_http_answer_may(req);
  peal_http_file *file =
      first ? peal_mem_zalloc(worker->mem, sizeof(*file)) : NULL;
  if (first && !file)
    peal_http_answer_error(req, 503);
  if (!file) {
    close(fd);
    return;
  }
  *file = (peal_http_file){
      .worker = worker, .req = req, .fd = fd, .offset = offset, .left = length};
  peal_http_answer_certain(req, status, type, length);
  if (!req->link || req->bodyless || length == 0) {
    free_file(file);
    peal_http_answer_end(req);
    return;
  }
  req->file = file;
  /* The first piece leaves together with the head if it is there. */
  peal_http_file_next(req);
}
