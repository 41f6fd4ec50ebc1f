/* SPDX-License-Identifier: MIT */
#pragma once
/* house_conf: the options that every application has, and the reading of these
 * and its own: flags over environment over file over default. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>

/* Text is borrowed from the configuration. */
typedef struct house_conf {
  peal_config *config;   /* owns the text; keys of the application are asked
                            of it */
  peal_config_key *keys; /* the table, as long as the configuration */

  const char *host; /* NULL: all addresses */
  int port;
  unsigned workers;
  const char *data_dir;
  const char *web_dir; /* NULL: found beside the program */
  const char *cors_origins;
  const char *allowed_hosts;      /* NULL: our own names only */
  const char *content_policy;     /* of pages; NULL: what fits the page */
  const char *tls_cert, *tls_key; /* NULL: plain HTTP; in tls_cert */
  const char *proxies;            /* NULL: none */
  size_t max_connections;

  const char *password; /* of the dashboard; NULL: it is open */
  bool secure_cookie;
  int64_t session_s;
  bool require_keys;
  const char *add_key, *revoke_key; /* device ids; NULL: nothing to do */
  bool list_keys;

  const char *log_level;
  const char *log_format;
  int64_t log_bytes;
  unsigned log_count;
} house_conf;

struct house;
struct house_about;

/* Read everything: the common options and `count` of the application's own,
 * and make the log ready. Returns false to end the program with *exit_code;
 * whatever was wrong has been said on stderr. house_conf_deinit afterwards
 * either way. */
bool house_conf_read(struct house *h, const struct house_about *about,
                     const peal_config_key *own, size_t count, int argc,
                     char **argv, int *exit_code);
void house_conf_deinit(house_conf *conf);
/* The text of a key; empty is the same as none: NULL. */
const char *house_conf_text(const peal_config *config, const char *name);
/* A number of an unsigned key. */
unsigned house_conf_count(const peal_config *config, const char *name);
