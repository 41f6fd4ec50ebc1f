/* SPDX-License-Identifier: MIT */
#pragma once
/* web_file: answer a request with a file: opened, looked at and compressed on
 * the pool, sent from the worker. */
#include "web/web_cache.h"
#include "web/web_cond.h"
#include "web/web_impl.h"
#include "web/web_mime.h"

/* A compressed answer is made of files up to this many bytes. */
#define PEAL_WEB_FILE_COMPRESS_BYTES (1u << 20)

typedef struct peal_web_file_job {
  peal_http_req *req;
  /* Where to look, in order. */
  const char *dir;    /* opened for this request, or NULL: */
  const int *folders; /* folders that are open */
  size_t folder_count;
  const char *name;     /* relative, in the request's memory */
  const char *index;    /* for folders; NULL: none */
  const char *fallback; /* for what is not found; NULL: none */
  const char *type;     /* NULL: by the name */
  const char *cache_control;
  peal_web_cache *cache; /* NULL: not compressed */
  bool wants_slash;      /* the path ended with a slash: it must be a folder */
  void (*missing)(struct peal_web_file_job *job); /* answers 404 */

  /* What the pool found. */
  peal_web_cond_ask ask;
  peal_compress coding;
  int fd;         /* or -1 */
  int error;      /* errno */
  bool is_folder; /* without slash: to be redirected */
  const peal_web_mime *mime;
  const char *served; /* the name that was served */
  peal_web_cond_file file;
  peal_web_cond_plan plan;
  peal_bytes *compressed;
  char index_name[1100];
} peal_web_file_job;

/* A zeroed job in the request's memory; NULL: answered. */
peal_web_file_job *peal_web_file_job_new(peal_http_req *req);
void peal_web_file_start(peal_web_file_job *job);
