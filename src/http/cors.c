/* SPDX-License-Identifier: MIT */
#include "http/cors.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "http/http_req.h"

#define METHODS "GET,HEAD,PUT,PATCH,POST,DELETE"

struct peal_cors {
  const peal_mem *mem;
  char *origins; /* NULL: not configured */
  bool any;      /* "*" */
  bool single;   /* exactly one origin: it is sent whoever asks */
  char *methods, *headers, *expose;
  bool credentials;
  char max_age[12]; /* "" if not sent */
};

/* -- life ------------------------------------------------------------------ */

static bool is_separator(char c) {
  return c == ' ' || c == ',' || c == '\t' || c == '\n';
}

/* The next origin of the list, taken off it. */
static peal_slice next_origin(peal_slice *list) {
  size_t from = 0;
  while (from < list->len && is_separator(list->ptr[from]))
    from++;
  size_t to = from;
  while (to < list->len && !is_separator(list->ptr[to]))
    to++;
  peal_slice origin = {list->ptr + from, to - from};
  *list = (peal_slice){list->ptr + to, list->len - to};
  return origin;
}

static void read_origins(peal_cors *cors) {
  peal_slice list = peal_slice_of(cors->origins);
  size_t count = 0;
  for (;;) {
    peal_slice origin = next_origin(&list);
    if (!origin.len)
      break;
    count++;
    if (peal_slice_is(origin, "*"))
      cors->any = true;
  }
  cors->single = count == 1 && !cors->any;
}

/* A copy, or NULL for NULL; *ok is cleared if memory is out. */
static char *copy(const peal_mem *mem, const char *text, bool *ok) {
  if (!text)
    return NULL;
  char *made = peal_mem_str(mem, peal_slice_of(text));
  if (!made)
    *ok = false;
  return made;
}

static bool is_header_text(const char *text) {
  return !text || peal_http1_is_field_value(peal_slice_of(text));
}

peal_err peal_cors_new(peal_cors **out, const peal_cors_opts *opts,
                       const peal_mem *mem) {
  static const peal_cors_opts defaults;
  if (!opts)
    opts = &defaults;
  *out = NULL;
  mem = peal_mem_or_libc(mem);
  if (!is_header_text(opts->origins) || !is_header_text(opts->methods) ||
      !is_header_text(opts->headers) || !is_header_text(opts->expose))
    return PEAL_ERR_OPTION;
  peal_cors *cors = peal_mem_zalloc(mem, sizeof(*cors));
  if (!cors)
    return PEAL_ERR_NOMEM;
  bool ok = true;
  cors->mem = mem;
  cors->origins = copy(mem, opts->origins, &ok);
  cors->methods = copy(mem, opts->methods ? opts->methods : METHODS, &ok);
  cors->headers = copy(mem, opts->headers, &ok);
  cors->expose = copy(mem, opts->expose, &ok);
  cors->credentials = opts->credentials;
  if (opts->max_age_s)
    snprintf(cors->max_age, sizeof(cors->max_age), "%u", opts->max_age_s);
  if (ok && cors->origins)
    read_origins(cors);
  /* Fetch: credentials and "any origin" exclude each other. */
  bool contradictory = cors->any && cors->credentials;
  if (!ok || contradictory) {
    peal_cors_free(cors);
    return contradictory ? PEAL_ERR_OPTION : PEAL_ERR_NOMEM;
  }
  *out = cors;
  return PEAL_OK;
}

void peal_cors_free(peal_cors *cors) {
  if (!cors)
    return;
  peal_mem_free(cors->mem, cors->origins);
  peal_mem_free(cors->mem, cors->methods);
  peal_mem_free(cors->mem, cors->headers);
  peal_mem_free(cors->mem, cors->expose);
  peal_mem_free(cors->mem, cors);
}

/* -- who may --------------------------------------------------------------- */

/* "host:80" and "host" are one under http, "host:443" under https. */
static peal_slice without_port(peal_slice host, const char *port) {
  size_t len = strlen(port);
  if (host.len > len && memcmp(host.ptr + host.len - len, port, len) == 0)
    host.len -= len;
  return host;
}

/* RFC6454 4: scheme, host and port. The scheme we were called by is not known
 * behind a proxy that ends TLS, so both are taken. */
static bool is_same_origin(peal_slice origin, peal_slice host) {
  const char *port = ":80";
  size_t scheme = 7;
  if (peal_slice_starts(origin, "https://")) {
    port = ":443";
    scheme = 8;
  } else if (!peal_slice_starts(origin, "http://")) {
    return false;
  }
  peal_slice theirs = {origin.ptr + scheme, origin.len - scheme};
  return host.len && peal_text_eq_nocase(without_port(theirs, port),
                                         without_port(host, port));
}

static bool is_listed(const peal_cors *cors, peal_slice origin) {
  if (!cors->origins)
    return false;
  if (cors->any)
    return true;
  peal_slice list = peal_slice_of(cors->origins);
  for (;;) {
    peal_slice one = next_origin(&list);
    if (!one.len)
      return false;
    if (peal_text_eq_nocase(one, origin))
      return true;
  }
}

bool peal_cors_allows(const peal_cors *cors, peal_slice origin,
                      peal_slice host) {
  if (!origin.ptr)
    return true;
  return is_same_origin(origin, host) || is_listed(cors, origin);
}

/* -- headers --------------------------------------------------------------- */

typedef struct writer {
  void (*add)(const char *name, peal_slice value, void *user);
  void *user;
} writer;

static void add(const writer *to, const char *name, const char *value) {
  to->add(name, peal_slice_of(value), to->user);
}

static bool is_preflight(const peal_http_req *req) {
  return peal_http_req_is_method(req, "OPTIONS");
}

/* The headers that a preflight asks for are reflected, so it varies. */
static bool reflects(const peal_cors *cors, const peal_http_req *req) {
  return is_preflight(req) && !cors->headers;
}

/* What both kinds of answer begin with, in the reference's order. A single
 * origin is named whoever asks; of several, the asking one if it is among
 * them. */
static void add_origin(const peal_cors *cors, const peal_http_req *req,
                       const writer *to) {
  if (cors->any) {
    add(to, "Access-Control-Allow-Origin", "*");
    return;
  }
  peal_slice origin = peal_http_req_header(req, "origin");
  if (cors->single) {
    peal_slice list = peal_slice_of(cors->origins);
    to->add("Access-Control-Allow-Origin", next_origin(&list), to->user);
  } else if (origin.ptr && is_listed(cors, origin)) {
    to->add("Access-Control-Allow-Origin", origin, to->user);
  }
  /* Also when refused: caches must not give one origin's answer to
   * another. */
  add(to, "Vary",
      reflects(cors, req) ? "Origin, Access-Control-Request-Headers"
                          : "Origin");
}

static void add_preflight(const peal_cors *cors, const peal_http_req *req,
                          const writer *to) {
  add(to, "Access-Control-Allow-Methods", cors->methods);
  if (cors->headers) {
    add(to, "Access-Control-Allow-Headers", cors->headers);
  } else {
    peal_slice asked =
        peal_http_req_header(req, "access-control-request-headers");
    if (cors->any)
      add(to, "Vary", "Access-Control-Request-Headers");
    if (asked.len)
      to->add("Access-Control-Allow-Headers", asked, to->user);
  }
  if (cors->max_age[0])
    add(to, "Access-Control-Max-Age", cors->max_age);
}

void peal_cors_headers(const peal_cors *cors, const peal_http_req *req,
                       void (*add_fn)(const char *name, peal_slice value,
                                      void *user),
                       void *user) {
  const writer to = {add_fn, user};
  if (!cors->origins)
    return;
  add_origin(cors, req, &to);
  if (cors->credentials)
    add(&to, "Access-Control-Allow-Credentials", "true");
  if (is_preflight(req))
    add_preflight(cors, req, &to);
  if (cors->expose)
    add(&to, "Access-Control-Expose-Headers", cors->expose);
}

static void add_to_answer(const char *name, peal_slice value, void *user) {
  /* Without memory the header is missing, and the browser refuses: closed is
   * the safe side. */
  (void)peal_http_answer_header(user, name, value);
}

void peal_cors_apply(const peal_cors *cors, peal_http_req *req) {
  peal_cors_headers(cors, req, add_to_answer, req);
}

bool peal_cors_preflight(const peal_cors *cors, peal_http_req *req) {
  if (!cors->origins)
    return false;
  peal_cors_apply(cors, req);
  req->length_204 = true;
  peal_http_answer(req, 204, NULL, (peal_slice){NULL, 0});
  return true;
}
