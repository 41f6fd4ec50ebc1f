/* SPDX-License-Identifier: MIT */
#include "http/compress_answer.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "http/http_answer.h"

/* An answer that is being compressed on the pool. */
typedef struct work {
  peal_http_req *req;
  const char *type;
  peal_bytes *body;
  peal_bytes *made; /* by the pool; NULL: no memory */
  size_t charged;
  unsigned status;
  peal_compress coding;
  peal_compress_how how;
} work;

static void answer_plain(peal_http_req *req, unsigned status, const char *type,
                         peal_bytes *body) {
  peal_http_answer_own(req, status, type, body);
}

/* `made` is taken; without it the bytes go as they are. */
static void answer_made(peal_http_req *req, unsigned status, const char *type,
                        peal_bytes *body, peal_bytes *made,
                        peal_compress coding) {
  if (made &&
      peal_http_answer_header(req, "Content-Encoding",
                              peal_slice_of(peal_compress_name(coding)))) {
    peal_bytes_unref(made);
    made = NULL;
  }
  answer_plain(req, status, type, made ? made : body);
  peal_bytes_unref(made);
}

static void on_pool(void *user) {
  work *job = user;
  job->made =
      peal_compress_bytes(job->coding, job->how, peal_bytes_slice(job->body));
}

static void on_done(peal_worker *worker, peal_err err, void *user) {
  work *job = user;
  peal_http_req *req = job->req;
  (void)err; /* cancelled: nothing was made */
  peal_account_worker_release(&req->home->account, job->charged);
  req->promised = false;
  answer_made(req, job->status, job->type, job->body, job->made, job->coding);
  peal_bytes_unref(job->body);
  peal_mem_free(worker->mem, job);
}

/* What waits for the pool is charged. Returns false if it cannot. */
static bool give_to_pool(peal_http_req *req, unsigned status, const char *type,
                         peal_bytes *body, peal_compress coding,
                         peal_compress_how how) {
  peal_worker *worker = req->home->worker;
  size_t len = peal_bytes_slice(body).len;
  if (peal_account_worker_charge(&req->home->account, len))
    return false;
  work *job = peal_mem_zalloc(worker->mem, sizeof(*job));
  if (job) {
    *job = (work){.req = req,
                  .type = type,
                  .body = body,
                  .charged = len,
                  .status = status,
                  .coding = coding,
                  .how = how};
    peal_bytes_ref(body);
    if (peal_task_run(worker, on_pool, on_done, job) == PEAL_OK)
      return true;
    peal_bytes_unref(body);
  }
  peal_mem_free(worker->mem, job);
  peal_account_worker_release(&req->home->account, len);
  return false;
}

void peal_compress_answer(peal_http_req *req, unsigned status, const char *type,
                          peal_bytes *body, peal_compress coding,
                          peal_compress_how how) {
  if (!peal_http_answer_may(req))
    return;
  if (!body || coding == PEAL_COMPRESS_NONE || req->aborted) {
    answer_plain(req, status, type, body);
    return;
  }
  if (peal_bytes_slice(body).len <= PEAL_COMPRESS_ANSWER_INLINE_BYTES) {
    peal_bytes *made = peal_compress_bytes(coding, how, peal_bytes_slice(body));
    answer_made(req, status, type, body, made, coding);
    return;
  }
  if (!give_to_pool(req, status, type, body, coding, how)) {
    answer_plain(req, status, type, body);
    return;
  }
  req->promised = true;
  req->deferred = true;
}
