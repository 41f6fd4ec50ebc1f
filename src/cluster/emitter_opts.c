/* SPDX-License-Identifier: MIT */
#include "cluster/emitter_opts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "wire/redis_url.h"

enum {
  QUEUE_BYTES = 16 << 20,
  STREAM_MAX_LEN = 10000, /* as @socket.io/redis-streams-adapter */
  STREAMS_MAX = 16
};

peal_err peal_emitter_opts_problem(peal_emitter_problem *why, peal_err err,
                                   const char *text) {
  if (why) {
    why->err = err;
    (void)snprintf(why->text, sizeof why->text, "%s", text);
  }
  return err;
}

static const char *wrong(const peal_emitter_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return "an option that this library does not know";
  if ((unsigned)opts->dialect > PEAL_EMITTER_PYTHON)
    return "dialect is none of its words";
  if ((unsigned)opts->rooms > PEAL_EMITTER_DYNAMIC_PRIVATE)
    return "rooms is none of its words";
  if (opts->stream_count > STREAMS_MAX)
    return "stream_count must be at most 16";
  if (opts->ca_file && opts->tls_insecure)
    return "tls_insecure believes any certificate: it cannot go with ca_file";
  return NULL;
}

/* NULL: it is one. */
static const char *wrong_url(const char *url) {
  if (!url || !*url)
    return "no URL, and PEAL_REDIS_URL is not set";
  peal_redis_url *parsed = peal_mem_zalloc(peal_mem_libc(), sizeof *parsed);
  if (!parsed)
    return peal_err_message(PEAL_ERR_NOMEM);
  const char *why = peal_redis_url_parse(parsed, peal_slice_of(url));
  /* What was read has the password. */
  peal_mem_free(peal_mem_libc(), parsed);
  return why;
}

/* False: memory is out. */
static bool copy(const char **text, const char *otherwise,
                 peal_arena *strings) {
  if (!*text)
    *text = otherwise;
  if (*text)
    *text = peal_arena_str(strings, peal_slice_of(*text));
  return *text || !otherwise;
}

static bool copy_all(peal_emitter_opts *out, peal_arena *strings) {
  const char *ca_file = out->ca_file;
  return copy(&out->url, "", strings) &&
         copy(&out->prefix, "socket.io", strings) &&
         copy(&out->stream, "socket.io", strings) &&
         copy(&out->channel, "flask-socketio", strings) &&
         copy(&out->ca_file, NULL, strings) && !ca_file == !out->ca_file;
}

peal_err peal_emitter_opts_set(peal_emitter_opts *out,
                               const peal_emitter_opts *opts,
                               peal_arena *strings, peal_emitter_problem *why) {
  *out = opts ? *opts : (peal_emitter_opts){0};
  const char *what = wrong(out);
  if (!out->url)
    out->url = getenv("PEAL_REDIS_URL");
  if (!what)
    what = wrong_url(out->url);
  if (what)
    return peal_emitter_opts_problem(why, PEAL_ERR_OPTION, what);
  if (!copy_all(out, strings))
    return peal_emitter_opts_problem(why, PEAL_ERR_NOMEM,
                                     peal_err_message(PEAL_ERR_NOMEM));
  if (!out->queue_bytes)
    out->queue_bytes = QUEUE_BYTES;
  if (!out->stream_count)
    out->stream_count = 1;
  if (!out->stream_max_len)
    out->stream_max_len = STREAM_MAX_LEN;
  return PEAL_OK;
}
