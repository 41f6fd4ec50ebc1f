/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include <string.h>

#include <openssl/err.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "net/tls_limits.h"
#include "net/tls_set.h"

struct peal_tls {
  uv_mutex_t reading; /* one reads at a time: the last one is the newest */
  uv_mutex_t lock;    /* of `now` */
  SSL_CTX *now;
  peal_tls_tickets tickets;
  peal_tls_opts opts;
  peal_tls_cert more[PEAL_LIMIT_TLS_NAMES];
  size_t text_len;
  char *text; /* of all strings */
};

/* -- options --------------------------------------------------------------- */

static size_t size_of(const char *text) {
  return text ? strlen(text) + 1 : 0;
}

static const char *keep(char **at, const char *text) {
  if (!text)
    return NULL;
  size_t size = strlen(text) + 1;
  char *mine = memcpy(*at, text, size);
  *at += size;
  return mine;
}

static size_t text_size(const peal_tls_opts *opts) {
  size_t size = size_of(opts->cert_file) + size_of(opts->key_file) +
                size_of(opts->client_ca_file) + size_of(opts->ciphers);
  for (size_t i = 0; i < opts->more_count; i++)
    size += size_of(opts->more[i].cert_file) + size_of(opts->more[i].key_file);
  return size;
}

static bool copy(peal_tls *tls, const peal_tls_opts *opts) {
  char *at = peal_mem_alloc(peal_mem_libc(), text_size(opts));
  tls->text = at;
  if (!at)
    return false;
  tls->opts = *opts;
  tls->opts.cert_file = keep(&at, opts->cert_file);
  tls->opts.key_file = keep(&at, opts->key_file);
  tls->opts.client_ca_file = keep(&at, opts->client_ca_file);
  tls->opts.ciphers = keep(&at, opts->ciphers);
  for (size_t i = 0; i < opts->more_count; i++)
    tls->more[i] =
        (peal_tls_cert){.cert_file = keep(&at, opts->more[i].cert_file),
                        .key_file = keep(&at, opts->more[i].key_file)};
  tls->opts.more = tls->more;
  if (opts->client_ca_file && opts->client_cert == PEAL_TLS_CLIENT_NONE)
    tls->opts.client_cert = PEAL_TLS_CLIENT_REQUIRED;
  return true;
}

static bool are_right(const peal_tls_opts *opts) {
  if (!opts || !opts->cert_file || opts->more_count > PEAL_LIMIT_TLS_NAMES ||
      (opts->more_count && !opts->more) ||
      opts->client_cert > PEAL_TLS_CLIENT_REQUIRED)
    return false;
  for (size_t i = 0; i < opts->more_count; i++)
    if (!opts->more[i].cert_file)
      return false;
  return opts->client_ca_file || opts->client_cert == PEAL_TLS_CLIENT_NONE;
}

/* Nothing that only a later library knows. */
static bool are_known(const peal_tls_opts *opts) {
  bool known = PEAL_RESERVED_IS_KNOWN(opts);
  for (size_t i = 0; known && i < opts->more_count; i++)
    known = PEAL_RESERVED_IS_KNOWN(&opts->more[i]);
  return known;
}

/* -- life ------------------------------------------------------------------ */

peal_err peal_tls_reload(peal_tls *tls, peal_tls_problem *why) {
  peal_tls_problem unused;
  peal_err err;
  if (!why)
    why = &unused;
  why->text[0] = 0;
  if (!tls)
    return PEAL_ERR_USAGE;
  uv_mutex_lock(&tls->reading);
  SSL_CTX *fresh = peal_tls_set_new(&tls->opts, &tls->tickets, why, &err);
  if (fresh) {
    uv_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->now;
    tls->now = fresh;
    uv_mutex_unlock(&tls->lock);
    SSL_CTX_free(old);
  }
  uv_mutex_unlock(&tls->reading);
  return err;
}

static peal_tls *make(const peal_tls_opts *opts) {
  peal_tls *tls = peal_mem_zalloc(peal_mem_libc(), sizeof(*tls));
  if (tls && copy(tls, opts)) {
    if (uv_mutex_init(&tls->lock) == 0) {
      if (uv_mutex_init(&tls->reading) == 0) {
        if (peal_tls_tickets_init(&tls->tickets))
          return tls;
        uv_mutex_destroy(&tls->reading);
      }
      uv_mutex_destroy(&tls->lock);
    }
    peal_mem_free(peal_mem_libc(), tls->text);
  }
  peal_mem_free(peal_mem_libc(), tls);
  return NULL;
}

peal_err peal_tls_new(peal_tls **out, const peal_tls_opts *opts,
                      peal_tls_problem *why) {
  if (why)
    why->text[0] = 0;
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  if (!are_right(opts))
    return PEAL_ERR_USAGE;
  if (!are_known(opts))
    return PEAL_ERR_OPTION;
  peal_tls *tls = make(opts);
  if (!tls)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_tls_reload(tls, why);
  if (err)
    peal_tls_free(tls);
  else
    *out = tls;
  return err;
}

void peal_tls_free(peal_tls *tls) {
  if (!tls)
    return;
  SSL_CTX_free(tls->now);
  peal_tls_tickets_deinit(&tls->tickets);
  uv_mutex_destroy(&tls->reading);
  uv_mutex_destroy(&tls->lock);
  peal_mem_free(peal_mem_libc(), tls->text);
  peal_mem_free(peal_mem_libc(), tls);
}

SSL *peal_tls_begin(peal_tls *tls) {
  ERR_clear_error();
  uv_mutex_lock(&tls->lock);
  SSL *ssl = SSL_new(tls->now);
  uv_mutex_unlock(&tls->lock);
  if (ssl)
    SSL_set_accept_state(ssl);
  return ssl;
}
