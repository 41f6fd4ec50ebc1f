/* SPDX-License-Identifier: MIT */
#include "web/web_folder.h"

#include <string.h>

#include <unistd.h>

#include "base/mem.h"
#include "web/web_open.h"

peal_web_folder *peal_web_folder_find(peal_web *app,
                                      const peal_web_router_path *path) {
  for (peal_web_folder *folder = app->folders; folder; folder = folder->next) {
    /* The folder itself is asked for with its slash. */
    if (path->count > folder->depth &&
        peal_web_router_below(path, &folder->path))
      return folder;
  }
  return NULL;
}

static void answer_missing(peal_web_file_job *job) {
  peal_web_missing(peal_web_ctx_of(job->req));
}

/* The parts behind the prefix, joined; NULL if memory is out. */
static char *join(peal_http_req *req, const peal_slice *parts, size_t count) {
  size_t len = 1;
  for (size_t i = 0; i < count; i++)
    len += parts[i].len + 1;
  char *out = peal_http_req_alloc(req, len);
  char *p = out;
  for (size_t i = 0; out && i < count; i++) {
    if (i)
      *p++ = '/';
    if (parts[i].len)
      memcpy(p, parts[i].ptr, parts[i].len);
    p += parts[i].len;
  }
  if (out)
    *p = 0;
  return out;
}

void peal_web_folder_serve(peal_web_ctx *ctx) {
  const peal_web_folder *folder = ctx->folder;
  const peal_slice *parts = ctx->path.parts + folder->depth;
  size_t count = ctx->path.count - folder->depth;
  bool slash = parts[count - 1].len == 0;
  if (slash)
    count--;
  if (count && !peal_web_open_is_public(parts, count)) {
    peal_web_missing(ctx);
    return;
  }
  peal_web_file_job *job = peal_web_file_job_new(ctx->req);
  if (!job)
    return;
  job->name = join(ctx->req, parts, count);
  if (!job->name) {
    peal_web_error_of(ctx->req, PEAL_ERR_NOMEM);
    return;
  }
  job->folders = folder->folders;
  job->folder_count = folder->folder_count;
  job->index = folder->index;
  job->fallback = folder->fallback;
  job->cache_control = folder->cache_control;
  job->cache = folder->cache;
  job->wants_slash = slash;
  job->missing = answer_missing;
  peal_web_file_start(job);
}

void peal_web_folder_free(peal_web *app, peal_web_folder *folder) {
  for (size_t i = 0; i < folder->folder_count; i++)
    close(folder->folders[i]);
  peal_mem_free(app->mem, folder->folders);
  peal_mem_free(app->mem, folder->prefix);
  peal_mem_free(app->mem, folder->index);
  peal_mem_free(app->mem, folder->cache_control);
  peal_mem_free(app->mem, folder->fallback);
  peal_web_cache_free(folder->cache);
  peal_mem_free(app->mem, folder);
}

void peal_web_folder_free_all(peal_web *app) {
  while (app->folders) {
    peal_web_folder *folder = app->folders;
    app->folders = folder->next;
    peal_web_folder_free(app, folder);
  }
}
