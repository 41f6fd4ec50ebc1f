/* SPDX-License-Identifier: MIT */
#include "web/web_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "web/web_date.h"
#include "web/web_open.h"

/* -- on the pool ----------------------------------------------------------- */

static int open_below(const peal_web_file_job *job, const char *name) {
  int fd = -ENOENT;
  if (job->dir) {
    int folder = peal_web_open_folder(job->dir);
    if (folder < 0)
      return folder;
    fd = peal_web_open_at(folder, name);
    close(folder);
    return fd;
  }
  for (size_t i = 0; i < job->folder_count && fd < 0; i++)
    fd = peal_web_open_at(job->folders[i], name);
  return fd;
}

/* Open a regular file; a folder is -EISDIR. */
static int open_regular(const peal_web_file_job *job, const char *name,
                        struct stat *stat) {
  int fd = open_below(job, name);
  if (fd < 0)
    return fd;
  int error = 0;
  if (fstat(fd, stat))
    error = errno;
  else if (S_ISDIR(stat->st_mode))
    error = EISDIR;
  else if (!S_ISREG(stat->st_mode))
    error = ENOENT;
  if (!error)
    return fd;
  close(fd);
  return -error;
}

/* The index of a folder. */
static int open_index(peal_web_file_job *job, struct stat *stat) {
  if (!job->index)
    return -ENOENT;
  int len = snprintf(job->index_name, sizeof(job->index_name), "%s%s%s",
                     job->name, *job->name ? "/" : "", job->index);
  if (len < 0 || (size_t)len >= sizeof(job->index_name))
    return -ENAMETOOLONG;
  job->served = job->index_name;
  return open_regular(job, job->index_name, stat);
}

static int find(peal_web_file_job *job, struct stat *stat) {
  job->served = job->name;
  int fd = *job->name ? open_regular(job, job->name, stat) : -EISDIR;
  if (fd >= 0 && job->wants_slash) {
    close(fd);
    fd = -ENOENT;
  }
  if (fd == -EISDIR) {
    fd = open_index(job, stat);
    if (fd >= 0 && !job->wants_slash) {
      close(fd);
      job->is_folder = true;
      return -EISDIR;
    }
  }
  if (fd == -ENOENT && job->fallback) {
    job->served = job->fallback;
    fd = open_regular(job, job->fallback, stat);
  }
  return fd;
}

static peal_bytes *read_whole(int fd, size_t size) {
  peal_bytes *bytes = peal_bytes_alloc(size ? size : 1, NULL);
  size_t done = 0;
  while (bytes && done < size) {
    ssize_t got =
        pread(fd, peal_bytes_data(bytes) + done, size - done, (off_t)done);
    if (got <= 0) {
      peal_bytes_unref(bytes);
      return NULL;
    }
    done += (size_t)got;
  }
  if (bytes)
    peal_bytes_cut(bytes, size);
  return bytes;
}

/* Only an optimisation: what fails is sent as it is. */
static void compress(peal_web_file_job *job) {
  job->compressed =
      peal_web_cache_get(job->cache, job->served, job->coding, job->file.etag);
  if (job->compressed)
    return;
  peal_bytes *plain = read_whole(job->fd, (size_t)job->file.size);
  if (!plain)
    return;
  job->compressed = peal_compress_bytes(job->coding, (peal_compress_how){0},
                                        peal_bytes_slice(plain));
  peal_bytes_unref(plain);
  if (job->compressed)
    peal_web_cache_put(job->cache, job->served, job->coding, job->file.etag,
                       job->compressed);
}

static void work(void *user) {
  peal_web_file_job *job = user;
  struct stat stat;
  job->fd = find(job, &stat);
  if (job->fd < 0) {
    job->error = -job->fd;
    return;
  }
  job->mime = peal_web_mime_of(peal_slice_of(job->served));
  job->file.size = (uint64_t)stat.st_size;
  job->file.mtime_s = stat.st_mtim.tv_sec;
  peal_web_cond_etag(&job->file, (int64_t)stat.st_mtim.tv_sec * 1000000000 +
                                     stat.st_mtim.tv_nsec);
  job->plan = peal_web_cond_decide(&job->file, &job->ask);
  if (job->plan.status == 200 && job->mime->compress && job->cache &&
      job->coding != PEAL_COMPRESS_NONE && job->file.size >= 256 &&
      job->file.size <= PEAL_WEB_FILE_COMPRESS_BYTES)
    compress(job);
}

/* -- on the worker --------------------------------------------------------- */

static void add(peal_http_req *req, const char *name, const char *value) {
  if (value && *value)
    (void)peal_http_answer_header(req, name, peal_slice_of(value));
}

static void add_security(peal_http_req *req, const peal_web_mime *mime) {
  const peal_web_ctx *ctx = peal_web_ctx_of(req);
  if (!ctx || !mime->active)
    return;
  add(req, "Content-Security-Policy", ctx->app->csp);
  add(req, "X-Frame-Options", ctx->app->frame_options);
  add(req, "Referrer-Policy", ctx->app->referrer_policy);
  add(req, "Strict-Transport-Security", ctx->app->hsts);
}

static void add_headers(peal_web_file_job *job) {
  char date[30];
  peal_web_date_print(date, job->file.mtime_s);
  add(job->req, "ETag", job->file.etag);
  add(job->req, "Last-Modified", date);
  add(job->req, "Cache-Control",
      job->cache_control ? job->cache_control : "no-cache");
  add(job->req, "Accept-Ranges", "bytes");
  if (job->cache && job->mime->compress)
    add(job->req, "Vary", "Accept-Encoding");
  add_security(job->req, job->mime);
}

static void answer_range(peal_web_file_job *job) {
  char text[96];
  const peal_web_cond_plan *plan = &job->plan;
  if (plan->status == 416)
    snprintf(text, sizeof(text), "bytes */%" PRIu64, job->file.size);
  else
    snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
             plan->offset, plan->offset + plan->length - 1, job->file.size);
  add(job->req, "Content-Range", text);
}

static void answer_found(peal_web_file_job *job) {
  peal_http_req *req = job->req;
  const char *type = job->type ? job->type : job->mime->type;
  unsigned status = job->plan.status;
  add_headers(job);
  if (status == 206 || status == 416)
    answer_range(job);
  if (job->compressed) {
    add(req, "Content-Encoding", peal_compress_name(job->coding));
    peal_http_answer_bytes(req, 200, type, job->compressed);
  } else if (status == 200 || status == 206) {
    int fd = job->fd;
    job->fd = -1;
    peal_http_answer_file(req, status, type, fd, job->plan.offset,
                          job->plan.length);
  } else if (status == 304) {
    peal_http_answer(req, 304, NULL, (peal_slice){0});
  } else {
    peal_web_error(req, status,
                   status == 416 ? "the range is not in the file"
                                 : "precondition failed",
                   NULL);
  }
}

/* To the same path with a slash, so that its relative links are right. */
static void redirect(peal_http_req *req) {
  peal_slice path = peal_http_req_path(req);
  peal_slice query = peal_http_req_query(req);
  char *to = peal_http_req_alloc(req, path.len + query.len + 3);
  if (!to) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  snprintf(to, path.len + query.len + 3, "%.*s/%s%.*s", PEAL_SFMT(path),
           query.len ? "?" : "", PEAL_SFMT(query));
  peal_web_redirect(req, 301, to);
}

static void answer_failed(peal_web_file_job *job) {
  switch (job->error) {
  case ENOENT:
  case ENOTDIR:
  case EISDIR:
  case ELOOP:
  case EXDEV:
  case EACCES:
  case EPERM:
  case ENAMETOOLONG:
  case ENXIO:
    job->missing(job);
    return;
  case EMFILE:
  case ENFILE:
  case ENOMEM:
    peal_web_error_of(job->req, PEAL_ERR_NO_FILES);
    return;
  default:
    peal_web_error_of(job->req, PEAL_ERR_IO);
  }
}

static void done(peal_http_req *req, peal_err err, void *user) {
  peal_web_file_job *job = user;
  if (err)
    peal_web_error_of(req, PEAL_ERR_NOMEM);
  else if (job->is_folder)
    redirect(req);
  else if (job->fd < 0)
    answer_failed(job);
  else {
    peal_bytes *compressed = job->compressed;
    int fd = job->fd;
    bool keep =
        !compressed && (job->plan.status == 200 || job->plan.status == 206);
    answer_found(job); /* the job may be gone now */
    if (!keep)
      close(fd);
    peal_bytes_unref(compressed);
  }
}

static void answer_missing(peal_web_file_job *job) {
  peal_web_error(job->req, 404, "not found", NULL);
}

peal_web_file_job *peal_web_file_job_new(peal_http_req *req) {
  peal_web_file_job *job = peal_http_req_alloc(req, sizeof(*job));
  if (!job) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  memset(job, 0, sizeof(*job));
  job->req = req;
  job->fd = -1;
  job->missing = answer_missing;
  return job;
}

void peal_web_file_start(peal_web_file_job *job) {
  peal_http_req *req = job->req;
  job->ask = (peal_web_cond_ask){
      .if_match = peal_http_req_header(req, "If-Match"),
      .if_unmodified_since = peal_http_req_header(req, "If-Unmodified-Since"),
      .if_none_match = peal_http_req_header(req, "If-None-Match"),
      .if_modified_since = peal_http_req_header(req, "If-Modified-Since"),
      .range = peal_http_req_header(req, "Range"),
      .if_range = peal_http_req_header(req, "If-Range"),
      .is_get = peal_http_req_is_method(req, "GET")};
  if (job->cache)
    job->coding =
        peal_compress_choose(peal_http_req_header(req, "Accept-Encoding"));
  (void)peal_web_task(req, work, done, job);
}

/* -- for routes ------------------------------------------------------------ */

static bool is_public_path(peal_slice name) {
  peal_slice parts[PEAL_WEB_ROUTER_PARTS];
  size_t count = 0, start = 0;
  for (size_t i = 0; i <= name.len; i++) {
    if (i < name.len && name.ptr[i] != '/')
      continue;
    if (count == PEAL_WEB_ROUTER_PARTS)
      return false;
    parts[count++] = (peal_slice){name.ptr + start, i - start};
    start = i + 1;
  }
  return peal_web_open_is_public(parts, count);
}

static const char *copy(peal_http_req *req, peal_slice text) {
  char *out = peal_http_req_alloc(req, text.len + 1);
  if (!out)
    return NULL;
  memcpy(out, text.ptr, text.len);
  out[text.len] = 0;
  return out;
}

void peal_web_file_send(peal_http_req *req, const char *dir, peal_slice name,
                        const char *type, const char *cache_control) {
  if (!name.len || !is_public_path(name)) {
    peal_web_error(req, 404, "not found", NULL);
    return;
  }
  peal_web_file_job *job = peal_web_file_job_new(req);
  if (!job)
    return;
  job->dir = copy(req, peal_slice_of(dir));
  job->name = copy(req, name);
  job->type = type ? copy(req, peal_slice_of(type)) : NULL;
  job->cache_control =
      cache_control ? copy(req, peal_slice_of(cache_control)) : NULL;
  if (!job->dir || !job->name || (type && !job->type) ||
      (cache_control && !job->cache_control))
    peal_web_error_of(req, PEAL_ERR_NOMEM);
  else
    peal_web_file_start(job);
}
