/* SPDX-License-Identifier: MIT */
#include "engine/client_files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "engine/engine_impl.h"
#include "http/compress.h"

#define FILE_COUNT 8u
#define CODINGS 3u
/* The largest of them is a map of some 400 KiB. */
#define FILE_MAX_BYTES (8u << 20)

static const char *const names[FILE_COUNT] = {"socket.io.js",
                                              "socket.io.min.js",
                                              "socket.io.esm.min.js",
                                              "socket.io.msgpack.min.js",
                                              "socket.io.js.map",
                                              "socket.io.min.js.map",
                                              "socket.io.esm.min.js.map",
                                              "socket.io.msgpack.min.js.map"};

typedef struct cached_file {
  peal_bytes *bodies[CODINGS]; /* by peal_compress */
  char etag[24];               /* quoted */
} cached_file;

/* Read once per worker, so that no lock is needed. */
typedef struct worker_files {
  cached_file files[FILE_COUNT];
} worker_files;

struct peal_client_files {
  peal_engine *engine;
  char *dir; /* NULL: not installed */
  worker_files *workers;
};

/* -- where they are ------------------------------------------------------------------ */

static bool is_installed(const char *dir) {
  char path[PATH_MAX];
  int len = snprintf(path, sizeof path, "%s/%s", dir, names[0]);
  return len > 0 && (size_t)len < sizeof path && access(path, R_OK) == 0;
}

/* ../share/peal/client beside the program, for builds and moved trees. */
static bool beside_program(char *out, size_t size) {
  char exe[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
  if (len <= 0)
    return false;
  exe[len] = '\0';
  char *slash = strrchr(exe, '/');
  if (!slash)
    return false;
  *slash = '\0';
  int n = snprintf(out, size, "%s/../share/peal/client", exe);
  return n > 0 && (size_t)n < size && is_installed(out);
}

static const char *find_dir(const char *wanted, char *out, size_t size) {
  if (wanted)
    return wanted;
  if (beside_program(out, size))
    return out;
  return is_installed(PEAL_SHARE_DIR "/client") ? PEAL_SHARE_DIR "/client"
                                                : NULL;
}

/* -- loading, on the pool ---------------------------------------------------------------- */

typedef struct load_job {
  peal_client_files *files;
  peal_http_req *req;
  size_t index;
  peal_compress coding;
  cached_file loaded; /* the plain body, and the one asked for */
} load_job;

static peal_bytes *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  peal_bytes *bytes = NULL;
  if (!file)
    return NULL;
  if (fseek(file, 0, SEEK_END) == 0) {
    long size = ftell(file);
    if (size >= 0 && size <= (long)FILE_MAX_BYTES)
      bytes = peal_bytes_alloc((size_t)size, NULL);
    rewind(file);
    if (bytes &&
        fread(peal_bytes_data(bytes), 1, (size_t)size, file) != (size_t)size) {
      peal_bytes_unref(bytes);
      bytes = NULL;
    }
  }
  (void)fclose(file);
  return bytes;
}

/* The banner of the plain file says "Socket.IO v<version>". */
static void read_etag(const char *dir, char *etag, size_t size) {
  char path[PATH_MAX], head[256] = {0};
  (void)snprintf(path, sizeof path, "%s/%s", dir, names[0]);
  FILE *file = fopen(path, "rb");
  size_t got = file ? fread(head, 1, sizeof head - 1, file) : 0;
  if (file)
    (void)fclose(file);
  head[got] = '\0';
  const char *version = strstr(head, "Socket.IO v");
  size_t len = 0;
  if (version) {
    version += strlen("Socket.IO v");
    len = strspn(version, "0123456789.abcdefghijklmnopqrstuvwxyz-");
  }
  (void)snprintf(etag, size, "\"%.*s\"", (int)(len < 16 ? len : 16),
                 len ? version : PEAL_VERSION);
}

static void load_work(void *user) {
  load_job *job = user;
  char path[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s/%s", job->files->dir,
                 names[job->index]);
  peal_bytes *plain = read_file(path);
  read_etag(job->files->dir, job->loaded.etag, sizeof job->loaded.etag);
  job->loaded.bodies[PEAL_COMPRESS_NONE] = plain;
  if (plain && job->coding != PEAL_COMPRESS_NONE)
    job->loaded.bodies[job->coding] = peal_compress_bytes(
        job->coding, (peal_compress_how){0}, peal_bytes_slice(plain));
}

/* -- answering ------------------------------------------------------------------------------ */

/* reference: equal, or W/-prefixed. */
static bool is_known(const peal_http_req *req, const char *etag) {
  peal_slice seen = peal_http_req_header(req, "if-none-match");
  if (peal_slice_starts(seen, "W/"))
    seen = (peal_slice){seen.ptr + 2, seen.len - 2};
  return seen.len && peal_slice_is(seen, etag);
}

static const char *type_of(size_t index) {
  return index < 4 ? "application/javascript; charset=utf-8"
                   : "application/json; charset=utf-8";
}

static void answer(const peal_client_files *files, peal_http_req *req,
                   const cached_file *file, size_t index,
                   peal_compress coding) {
  peal_cors_apply(files->engine->cors, req);
  (void)peal_http_answer_header(req, "Cache-Control",
                                PEAL_S("public, max-age=0"));
  (void)peal_http_answer_header(req, "ETag", peal_slice_of(file->etag));
  (void)peal_http_answer_header(req, "Vary", PEAL_S("Accept-Encoding"));
  if (is_known(req, file->etag)) {
    peal_http_answer(req, 304, NULL, (peal_slice){0});
    return;
  }
  peal_bytes *body = file->bodies[coding];
  if (!body)
    body = file->bodies[PEAL_COMPRESS_NONE];
  else if (coding != PEAL_COMPRESS_NONE)
    (void)peal_http_answer_header(req, "Content-Encoding",
                                  peal_slice_of(peal_compress_name(coding)));
  peal_http_answer_bytes(req, 200, type_of(index), body);
}

static void load_done(peal_worker *worker, peal_err err, void *user) {
  load_job *job = user;
  peal_client_files *files = job->files;
  cached_file *file =
      &files->workers[peal_worker_index(worker)].files[job->index];
  memcpy(file->etag, job->loaded.etag, sizeof file->etag);
  for (size_t i = 0; i < CODINGS; i++) {
    if (!job->loaded.bodies[i])
      continue;
    peal_bytes_unref(file->bodies[i]);
    file->bodies[i] = job->loaded.bodies[i];
  }
  if (err || !file->bodies[PEAL_COMPRESS_NONE])
    peal_http_answer(job->req, 404, "text/plain",
                     PEAL_S("this file of the client is not installed\n"));
  else
    answer(files, job->req, file, job->index, job->coding);
  peal_mem_free(files->engine->mem, job);
}

static void load(peal_client_files *files, peal_http_req *req, size_t index,
                 peal_compress coding) {
  load_job *job = peal_mem_zalloc(files->engine->mem, sizeof *job);
  if (!job) {
    peal_http_answer(req, 503, NULL, (peal_slice){0});
    return;
  }
  *job =
      (load_job){.files = files, .req = req, .index = index, .coding = coding};
  peal_http_defer(req);
  if (peal_task_run(peal_http_req_worker(req), load_work, load_done, job)) {
    peal_mem_free(files->engine->mem, job);
    peal_http_answer(req, 503, NULL, (peal_slice){0});
  }
}

static bool find_name(peal_slice path, size_t prefix, size_t *index) {
  peal_slice name = {path.ptr + prefix, path.len - prefix};
  for (*index = 0; *index < FILE_COUNT; (*index)++)
    if (peal_slice_is(name, names[*index]))
      return true;
  return false;
}

static void on_request(peal_http_req *req, void *user) {
  peal_client_files *files = user;
  size_t index;
  bool is_get = peal_http_req_is_method(req, "GET") ||
                peal_http_req_is_method(req, "HEAD");
  if (!files->dir || !is_get ||
      !find_name(peal_http_req_path(req), strlen(files->engine->path),
                 &index)) {
    peal_http_answer(req, 404, NULL, (peal_slice){0});
    return;
  }
  peal_compress coding =
      peal_compress_choose(peal_http_req_header(req, "accept-encoding"));
  const cached_file *file =
      &files->workers[peal_worker_index(peal_http_req_worker(req))]
           .files[index];
  if (file->bodies[coding])
    answer(files, req, file, index, coding);
  else
    load(files, req, index, coding);
}

/* -- life ------------------------------------------------------------------------------------- */

peal_err peal_client_files_new(peal_client_files **out, peal_engine *engine,
                               const char *client_dir) {
  char found[PATH_MAX];
  const char *dir = find_dir(client_dir, found, sizeof found);
  peal_client_files *files = peal_mem_zalloc(engine->mem, sizeof *files);
  *out = files;
  if (!files)
    return PEAL_ERR_NOMEM;
  files->engine = engine;
  files->workers = peal_mem_zalloc(engine->mem, engine->worker_count *
                                                    sizeof *files->workers);
  if (dir)
    files->dir = peal_mem_str(engine->mem, peal_slice_of(dir));
  if (!files->workers || (dir && !files->dir))
    return PEAL_ERR_NOMEM;
  peal_engine_set_client_files(engine, on_request, files);
  return PEAL_OK;
}

static void free_bodies(cached_file *file) {
  for (size_t i = 0; i < CODINGS; i++)
    peal_bytes_unref(file->bodies[i]);
}

void peal_client_files_free(peal_client_files *files) {
  if (!files)
    return;
  const peal_mem *mem = files->engine->mem;
  for (unsigned i = 0; files->workers && i < files->engine->worker_count; i++)
    for (size_t j = 0; j < FILE_COUNT; j++)
      free_bodies(&files->workers[i].files[j]);
  peal_mem_free(mem, files->workers);
  peal_mem_free(mem, files->dir);
  peal_mem_free(mem, files);
}
