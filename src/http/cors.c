/* SPDX-License-Identifier: MIT */
#include "http/cors.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "http/http_req.h"
#include "wire/origin.h"

#define METHODS "GET,HEAD,PUT,PATCH,POST,DELETE"

struct peal_cors {
  const peal_mem *mem;
  char *origins; /* NULL: not configured */
  bool any;      /* "*" */
  bool single;   /* exactly one origin: it is sent whoever asks */
  char *methods, *headers, *expose;
  char *option_name;
  peal_cors_fn on_origin;
  void *user;
  bool credentials, private_network;
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

/* False if one of them is neither an origin nor a pattern. */
static bool read_origins(peal_cors *cors) {
  peal_slice list = peal_slice_of(cors->origins), origin, last = {0};
  size_t count = 0;
  while ((origin = next_origin(&list)).len) {
    if (!peal_origin_is_pattern(origin))
      return false;
    count++;
    last = origin;
    if (peal_slice_is(origin, "*"))
      cors->any = true;
  }
  cors->single =
      count == 1 && !cors->on_origin && peal_text_find(last, '*') == last.len;
  return true;
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

static peal_err fill(peal_cors *cors, const peal_cors_opts *opts) {
  const peal_mem *mem = cors->mem;
  bool ok = true;
  cors->origins = copy(mem, opts->origins, &ok);
  cors->methods = copy(mem, opts->methods ? opts->methods : METHODS, &ok);
  cors->headers = copy(mem, opts->headers, &ok);
  cors->expose = copy(mem, opts->expose, &ok);
  cors->option_name =
      copy(mem, opts->option_name ? opts->option_name : "cors.origins", &ok);
  cors->credentials = opts->credentials;
  cors->private_network = opts->private_network;
  cors->on_origin = opts->on_origin;
  cors->user = opts->user;
  if (opts->max_age_s)
    snprintf(cors->max_age, sizeof(cors->max_age), "%u", opts->max_age_s);
  if (!ok)
    return PEAL_ERR_NOMEM;
  if (cors->origins && !read_origins(cors))
    return PEAL_ERR_OPTION;
  /* Fetch: credentials and "any origin" exclude each other. */
  return cors->any && cors->credentials ? PEAL_ERR_OPTION : PEAL_OK;
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
  cors->mem = mem;
  peal_err err = fill(cors, opts);
  if (err)
    peal_cors_free(cors);
  else
    *out = cors;
  return err;
}

void peal_cors_free(peal_cors *cors) {
  if (!cors)
    return;
  peal_mem_free(cors->mem, cors->origins);
  peal_mem_free(cors->mem, cors->methods);
  peal_mem_free(cors->mem, cors->headers);
  peal_mem_free(cors->mem, cors->expose);
  peal_mem_free(cors->mem, cors->option_name);
  peal_mem_free(cors->mem, cors);
}

/* -- who may --------------------------------------------------------------- */

static bool is_listed(const peal_cors *cors, peal_slice origin) {
  peal_slice list = peal_slice_of(cors->origins), one;
  if (!cors->origins)
    return false;
  if (cors->any)
    return true;
  while ((one = next_origin(&list)).len)
    if (peal_origin_matches(origin, one))
      return true;
  return false;
}

bool peal_cors_knows(const peal_cors *cors, const peal_cors_caller *caller) {
  peal_slice origin = caller->origin;
  return !origin.ptr || peal_origin_is_own(origin, caller->host) ||
         peal_origin_is_own(origin, caller->forwarded) ||
         peal_origin_is_native(origin) ||
         (peal_origin_is_file(origin) && !caller->is_browser) ||
         is_listed(cors, origin);
}

/* Fields that a browser sends with whatever a page makes it request, and that
 * pages cannot leave out: a page that was opened from a file has the Origin of
 * a microcontroller, but these, too. */
static bool is_browser(const peal_http_req *req) {
  return peal_slice_starts(peal_http_req_header(req, "user-agent"),
                           "Mozilla/") ||
         peal_http_req_header(req, "accept-language").ptr ||
         peal_http_req_header(req, "sec-fetch-mode").ptr ||
         peal_http_req_header(req, "sec-fetch-site").ptr;
}

static bool knows(const peal_cors *cors, const peal_http_req *req) {
  peal_slice origin = peal_http_req_header(req, "origin");
  const peal_cors_caller caller = {.origin = origin,
                                   .host = peal_http_req_header(req, "host"),
                                   .forwarded = peal_http_req_host(req),
                                   .is_browser = peal_origin_is_file(origin) &&
                                                 is_browser(req)};
  return peal_cors_knows(cors, &caller);
}

bool peal_cors_allows(const peal_cors *cors, const peal_http_req *req) {
  return req->origin_verdict == PEAL_CORS_ALLOWED || knows(cors, req);
}

bool peal_cors_is_asking(const peal_cors *cors, const peal_http_req *req) {
  return cors->on_origin && req->origin_verdict == PEAL_CORS_UNASKED &&
         !knows(cors, req);
}

void peal_cors_call(const peal_cors *cors, const peal_http_req *req,
                    peal_cors_ask *ask) {
  cors->on_origin(req, peal_http_req_header(req, "origin"), ask, cors->user);
}

void peal_cors_note(peal_http_req *req, peal_cors_verdict verdict) {
  req->origin_verdict = (unsigned)verdict & 3u;
}

const char *peal_cors_option(const peal_cors *cors) {
  return cors->option_name;
}

/* -- headers --------------------------------------------------------------- */

typedef struct writer {
  void (*add)(const char *name, peal_slice value, void *user);
  void *user;
} writer;

static void add(const writer *to, const char *name, const char *value) {
  to->add(name, peal_slice_of(value), to->user);
}

static bool is_configured(const peal_cors *cors) {
  return cors->origins || cors->on_origin;
}

static bool is_preflight(const peal_http_req *req) {
  return peal_http_req_is_method(req, "OPTIONS");
}

/* The headers that a preflight asks for are reflected, so it varies. */
static bool reflects(const peal_cors *cors, const peal_http_req *req) {
  return is_preflight(req) && !cors->headers;
}

/* In the list, or on_origin says so. */
static bool is_named(const peal_cors *cors, const peal_http_req *req) {
  return req->origin_verdict == PEAL_CORS_ALLOWED ||
         is_listed(cors, peal_http_req_header(req, "origin"));
}

/* Private Network Access 3.3: a page of a public network asks for a server of a
 * private one. */
static bool opens_network(const peal_cors *cors, const peal_http_req *req) {
  return peal_slice_is(peal_http_req_header(
                           req, "access-control-request-private-network"),
                       "true") &&
         (cors->any ? cors->private_network : is_named(cors, req));
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
  } else if (origin.ptr && is_named(cors, req)) {
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
  if (opens_network(cors, req))
    add(to, "Access-Control-Allow-Private-Network", "true");
  if (cors->max_age[0])
    add(to, "Access-Control-Max-Age", cors->max_age);
}

void peal_cors_headers(const peal_cors *cors, const peal_http_req *req,
                       void (*add_fn)(const char *name, peal_slice value,
                                      void *user),
                       void *user) {
  const writer to = {add_fn, user};
  if (!is_configured(cors))
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
  if (!is_configured(cors))
    return false;
  peal_cors_apply(cors, req);
  req->length_204 = true;
  peal_http_answer(req, 204, NULL, (peal_slice){NULL, 0});
  return true;
}
