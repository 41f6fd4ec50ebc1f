/* SPDX-License-Identifier: MIT */
#include "client/client_opts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/reserved.h"
#include "net/proxy_env.h"
#include "proto/parser.h"
#include "proto/proto_limits.h"
#include "wire/base64.h"
#include "wire/client_url.h"
#include "wire/deflate_terms.h"
#include "wire/http1_chars.h"
#include "wire/percent.h"
#include "wire/proxy_url.h"

peal_err peal_client_opts_problem(peal_client_problem *why, peal_err err,
                                  const char *format, ...) {
  if (!why)
    return err;
  va_list args;
  *why = (peal_client_problem){.err = err};
  va_start(args, format);
  vsnprintf(why->text, sizeof why->text, format, args);
  va_end(args);
  return err;
}

static peal_err no_memory(peal_client_problem *why) {
  return peal_client_opts_problem(why, PEAL_ERR_NOMEM, "%s",
                                  peal_err_message(PEAL_ERR_NOMEM));
}

/* -- numbers and words ----------------------------------------------------- */

static const char *contradiction(const peal_client_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->tls) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->log) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->deflate))
    return "an option that this library does not know";
  if (!peal_parser_is_whole(opts->parser))
    return "parser lacks a function, or has one that this library does not "
           "know";
  if (opts->eio3 && peal_parser_other(opts->parser))
    return "eio3 cannot go with a parser";
  if (opts->no_upgrade && opts->remember_upgrade)
    return "remember_upgrade cannot go with no_upgrade";
  if (opts->tls.insecure_no_verify &&
      (opts->tls.ca_file || opts->tls.ca_dir || opts->tls.pin))
    return "tls.insecure_no_verify believes any certificate: it cannot go with "
           "ca_file, ca_dir or pin";
  return NULL;
}

static const char *wrong_number(const peal_client_opts *opts) {
  if ((unsigned)opts->transports > PEAL_CLIENT_WEBSOCKET_ONLY)
    return "transports is none of its words";
  if ((unsigned)opts->buffer_full > PEAL_CLIENT_DROP_OLDEST)
    return "buffer_full is none of its words";
  if (!(opts->randomization_factor <= 1))
    return "randomization_factor must be a number from 0 to 1";
  if (opts->max_attachments > UINT16_MAX && opts->max_attachments != PEAL_OFF)
    return "max_attachments must be at most 65535, or PEAL_OFF";
  if (!peal_deflate_terms_is_known(&opts->deflate))
    return "deflate has windows of 9 to 15 bits, levels of 1 to 9, and "
           "mem_level of 1 to 9";
  if (opts->path && opts->path[0] != '/')
    return "path must begin with a slash: \"/socket.io/\"";
  if ((opts->header_count && !opts->headers) ||
      (opts->query_count && !opts->query))
    return "headers or query is NULL, but has a count";
  return NULL;
}

static peal_err check(const peal_client_opts *opts, peal_client_problem *why) {
  const char *wrong = contradiction(opts);
  if (wrong)
    return peal_client_opts_problem(why, PEAL_ERR_OPTION, "%s", wrong);
  wrong = wrong_number(opts);
  return wrong ? peal_client_opts_problem(why, PEAL_ERR_USAGE, "%s", wrong)
               : PEAL_OK;
}

/* -- strings --------------------------------------------------------------- */

/* NULL: memory is out. */
static const char *copy(peal_client_setup *it, const char *text) {
  return peal_arena_str(it->strings, peal_slice_of(text));
}

static bool keep_all(peal_client_setup *it) {
  const char **texts[] = {&it->opts.tls.ca_file,     &it->opts.tls.ca_dir,
                          &it->opts.tls.cert_file,   &it->opts.tls.key_file,
                          &it->opts.tls.server_name, &it->opts.proxy};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (*texts[i] && !(*texts[i] = copy(it, *texts[i])))
      return false;
  }
  return true;
}

static bool spans(const char *text, peal_http1_chars flag) {
  size_t len = strlen(text);
  return peal_http1_chars_span(text, len, flag) == len;
}

/* One place more than there are: for the Authorization. */
static peal_err keep_headers(peal_client_setup *it, peal_client_problem *why) {
  const peal_client_opts *opts = &it->opts;
  peal_client_field *fields =
      peal_arena_alloc(it->strings, (opts->header_count + 1) * sizeof *fields);
  if (!fields)
    return no_memory(why);
  for (size_t i = 0; i < opts->header_count; i++) {
    fields[i] = opts->headers[i];
    if (!fields[i].name || !fields[i].name[0] || !fields[i].value ||
        !spans(fields[i].name, PEAL_HTTP1_TCHAR) ||
        !spans(fields[i].value, PEAL_HTTP1_VALUE))
      return peal_client_opts_problem(
          why, PEAL_ERR_USAGE,
          "header %zu (%.64s) has no name, or a character "
          "that no field has",
          i, fields[i].name ? fields[i].name : "NULL");
    fields[i].name = copy(it, fields[i].name);
    fields[i].value = copy(it, fields[i].value);
    if (!fields[i].name || !fields[i].value)
      return no_memory(why);
  }
  it->opts.headers = fields;
  return PEAL_OK;
}

static bool has_header(const peal_client_setup *it, const char *name) {
  for (size_t i = 0; i < it->opts.header_count; i++)
    if (peal_slice_is_nocase(peal_slice_of(it->opts.headers[i].name), name))
      return true;
  return false;
}

/* -- the URL --------------------------------------------------------------- */

/* RFC7617 2. A header of the program's own counts more. */
static peal_err add_user(peal_client_setup *it, peal_slice userinfo,
                         peal_client_problem *why) {
  static const char scheme[] = "Basic ";
  if (!userinfo.ptr || has_header(it, "authorization"))
    return PEAL_OK;
  size_t len = 0, cap = peal_base64_encode_len(userinfo.len + 1);
  char *plain = peal_arena_alloc(it->strings, userinfo.len + 1);
  char *value = peal_arena_alloc(it->strings, sizeof scheme + cap);
  if (!plain || !value)
    return no_memory(why);
  if (peal_percent_decode_path(plain, &len, userinfo))
    return peal_client_opts_problem(
        why, PEAL_ERR_USAGE,
        "the URL: a %% in user or password must begin two digits");
  if (!memchr(userinfo.ptr, ':', userinfo.len))
    plain[len++] = ':';
  memcpy(value, scheme, sizeof scheme - 1);
  peal_base64_encode_to(value + sizeof scheme - 1, (peal_slice){plain, len});
  value[sizeof scheme - 1 + peal_base64_encode_len(len)] = 0;
  peal_client_field *fields = (peal_client_field *)(uintptr_t)it->opts.headers;
  fields[it->opts.header_count++] = (peal_client_field){"Authorization", value};
  return PEAL_OK;
}

/* RFC9110 7.2: the port may be left out if it is the scheme's. */
static const char *authority_of(peal_client_setup *it,
                                const peal_client_url *url) {
  size_t cap = url->host.len + sizeof "[]:65535";
  char *out = peal_arena_alloc(it->strings, cap);
  if (!out)
    return NULL;
  int len = snprintf(out, cap, url->is_ipv6 ? "[%.*s]" : "%.*s",
                     PEAL_SFMT(url->host));
  if (url->port != (url->is_tls ? 443 : 80))
    snprintf(out + len, cap - (size_t)len, ":%u", url->port);
  return out;
}

static const char *query_of(peal_client_setup *it, peal_slice first) {
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_buf_add(&buf, first);
  for (size_t i = 0; i < it->opts.query_count; i++) {
    const peal_client_field *field = &it->opts.query[i];
    if (peal_buf_slice(&buf).len)
      peal_buf_add_char(&buf, '&');
    peal_percent_encode(&buf, peal_slice_of(field->name));
    peal_buf_add_char(&buf, '=');
    peal_percent_encode(&buf, peal_slice_of(field->value));
  }
  const char *out =
      buf.err ? NULL : peal_arena_str(it->strings, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
  return out;
}

static const char *path_of(peal_client_setup *it) {
  const char *path = it->opts.path ? it->opts.path : "/socket.io/";
  size_t len = strlen(path);
  char *out = peal_arena_alloc(it->strings, len + 2);
  if (!out)
    return NULL;
  memcpy(out, path, len + 1);
  if (out[len - 1] != '/')
    memcpy(out + len, "/", 2);
  return out;
}

/* For problems: where user and password stand nothing is repeated. */
static const char *shown(const char *url) {
  return strchr(url, '@') ? "..." : url;
}

static peal_err check_url(const peal_client_opts *opts, peal_client_url *url,
                          peal_client_problem *why) {
  if (!opts->url)
    return peal_client_opts_problem(why, PEAL_ERR_USAGE,
                                    "there is no URL; \"http://host:port\" "
                                    "was meant");
  const char *wrong = peal_client_url_parse(url, peal_slice_of(opts->url));
  if (wrong)
    return peal_client_opts_problem(
        why, PEAL_ERR_USAGE, "the URL \"%.120s\": %s", shown(opts->url), wrong);
  if (url->nsp.len > PEAL_LIMIT_SIO_NSP_BYTES ||
      memchr(url->nsp.ptr, ',', url->nsp.len))
    return peal_client_opts_problem(
        why, PEAL_ERR_USAGE,
        "the URL \"%.120s\": its path is the namespace, "
        "which has no comma and at most %u bytes",
        shown(opts->url), PEAL_LIMIT_SIO_NSP_BYTES);
  if (opts->path && !spans(opts->path, PEAL_HTTP1_TARGET))
    return peal_client_opts_problem(why, PEAL_ERR_USAGE,
                                    "path has a character that is written with "
                                    "%% in URLs");
  return PEAL_OK;
}

static peal_err keep_url(peal_client_setup *it, const peal_client_url *url,
                         peal_client_problem *why) {
  for (size_t i = 0; i < it->opts.query_count; i++)
    if (!it->opts.query[i].name || !it->opts.query[i].value)
      return peal_client_opts_problem(why, PEAL_ERR_USAGE,
                                      "query %zu has no name or no value", i);
  it->host = peal_arena_str(it->strings, url->host);
  it->nsp = peal_arena_str(it->strings, url->nsp);
  it->authority = authority_of(it, url);
  it->query = query_of(it, url->query);
  it->path = path_of(it);
  it->port = url->port;
  it->is_tls = url->is_tls;
  it->opts.url = it->opts.path = NULL;
  it->opts.query = NULL;
  it->opts.query_count = 0;
  if (!it->host || !it->nsp || !it->authority || !it->query || !it->path)
    return no_memory(why);
  return add_user(it, url->userinfo, why);
}

/* NULL: what the environment says. "": none. */
static peal_err set_proxy(peal_client_setup *it, peal_client_problem *why) {
  if (it->opts.proxy && !it->opts.proxy[0])
    it->opts.proxy = NULL;
  else if (!it->opts.proxy) {
    const char *proxy = peal_proxy_env_get(it->host, it->is_tls);
    if (proxy && !(it->opts.proxy = copy(it, proxy)))
      return no_memory(why);
  }
  return PEAL_OK;
}

peal_err peal_client_opts_read(peal_client_setup *out,
                               const peal_client_opts *opts,
                               peal_arena *strings, peal_client_problem *why) {
  peal_client_url url = {0};
  *out = (peal_client_setup){.opts = *opts};
  out->strings = strings;
  peal_err err = check(opts, why);
  if (!err)
    err = check_url(opts, &url, why);
  if (!err && !keep_all(out))
    err = no_memory(why);
  if (!err)
    err = keep_headers(out, why);
  if (!err)
    err = keep_url(out, &url, why);
  return err ? err : set_proxy(out, why);
}

bool peal_client_opts_has_https_proxy(const peal_client_setup *setup) {
  peal_proxy_url url;
  const char *proxy = setup->opts.proxy;
  return proxy && !peal_proxy_url_parse(&url, peal_slice_of(proxy)) &&
         url.kind == PEAL_PROXY_HTTPS;
}
