/* SPDX-License-Identifier: MIT */
/* kit_conf: the options that every application has, and their reading. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit_program.h>

#include "kit/kit_log.h"

static const peal_config_key base[] = {
    {.name = "host",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "address to listen on (all)"},
    {.name = "port",
     .type = PEAL_CONFIG_INT,
     .otherwise = "5000",
     .help = "port to listen on",
     .min = 1,
     .max = 65535},
    {.name = "workers",
     .type = PEAL_CONFIG_INT,
     .otherwise = "1",
     .help = "threads that serve",
     .min = 1,
     .max = 256},
    {.name = "data-dir",
     .type = PEAL_CONFIG_STR,
     .otherwise = "data",
     .help = "where everything is kept"},
    {.name = "web-dir",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "folder of the page (the installed one)"},
    {.name = "cors-origins",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help =
         "other origins whose pages may use this, separated by blanks, or * "
         "(pages of this machine on port 3000 and 8080)"},
    {.name = "allowed-hosts",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "names beside its own that it answers to, separated by blanks, or "
             "* (addresses, localhost, the machine's name)"},
    {.name = "content-policy",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "Content-Security-Policy of pages, or none (strict for the "
             "installed page; that of --web-dir may load and run anything)"},
    {.name = "tls-cert",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "certificate (PEM, those between behind it): https and wss in "
             "place of http; read again on SIGHUP"},
    {.name = "tls-key",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "its key (that in the file of tls-cert)"},
    {.name = "proxies",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "proxies whose word about the client counts: addresses, networks, "
             "loopback, private, unix"},
    {.name = "max-connections",
     .type = PEAL_CONFIG_INT,
     .otherwise = "4000",
     .help = "open connections, of devices and dashboards; one address has "
             "three quarters of them at most",
     .min = 10,
     .max = 1000000},
    {.name = "log-level",
     .type = PEAL_CONFIG_STR,
     .otherwise = "info",
     .help = "what is logged",
     .choices = "error warn info debug"},
    {.name = "log-format",
     .type = PEAL_CONFIG_STR,
     .otherwise = "text",
     .help = "lines for people, as key=value, or as JSON",
     .choices = "text keys json"},
    {.name = "log-bytes",
     .type = PEAL_CONFIG_BYTES,
     .otherwise = "10M",
     .help = "size at which the log file is put away",
     .min = 65536,
     .max = INT64_C(1) << 40},
    {.name = "log-count",
     .type = PEAL_CONFIG_INT,
     .otherwise = "5",
     .help = "old log files that are kept",
     .min = 1,
     .max = 1000},
};

/* Of an application that has a store. */
static const peal_config_key owner[] = {
    {.name = "dashboard-password",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "asks for it before history and live data are shown",
     .secret = true},
    {.name = "session-time",
     .type = PEAL_CONFIG_MS,
     .otherwise = "7d",
     .help = "how long a login holds",
     .min = 60000,
     .max = INT64_C(366) * 86400000},
    {.name = "require-device-keys",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "refuse devices that have no key"},
    // from here on those of an application with accounts of its own, too
    {.name = "secure-cookie",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "send the session cookie over TLS only"},
    {.name = "add-device-key",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "make a new key for this device, print it, end"},
    {.name = "revoke-device-key",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "revoke the key of this device, end"},
    {.name = "list-device-keys",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "list the devices that have keys, end"},
};

enum {
  BASE = PEAL_CONFIG_COUNT(base),
  OWNER = PEAL_CONFIG_COUNT(owner),
  PASSWORD = 3, /* of these, first: what goes with the dashboard's password */
};

const char *peal_kit_conf_text(const peal_config *config, const char *name) {
  const char *text = peal_config_str(config, name);
  return text != NULL && text[0] != '\0' ? text : NULL;
}

unsigned peal_kit_conf_count(const peal_config *config, const char *name) {
  return (unsigned)peal_config_int(config, name);
}

/* Addresses first, then what is the application's own. NULL: out of memory. */
static peal_config_key *table_of(const peal_kit_about *about,
                                 const peal_config_key *own, size_t count,
                                 size_t *total) {
  size_t owners = about->database == NULL ? 0
                  : about->has_people     ? OWNER - PASSWORD
                                          : OWNER;
  *total = BASE + owners + count;
  peal_config_key *keys = calloc(*total, sizeof *keys);
  if (keys == NULL)
    return NULL;
  memcpy(keys, base, sizeof base);
  memcpy(keys + BASE, owner + OWNER - owners, owners * sizeof *owner);
  if (count > 0)
    memcpy(keys + BASE + owners, own, count * sizeof *own);
  for (size_t i = 0; i < BASE; i++)
    if (strcmp(keys[i].name, "port") == 0)
      keys[i].otherwise = about->port;
    else if (strcmp(keys[i].name, "data-dir") == 0)
      keys[i].otherwise = about->data_dir;
  return keys;
}

static void read_base(peal_kit_conf *out, const peal_config *c) {
  out->host = peal_kit_conf_text(c, "host");
  out->port = (int)peal_config_int(c, "port");
  out->workers = peal_kit_conf_count(c, "workers");
  out->data_dir = peal_config_str(c, "data-dir");
  out->web_dir = peal_kit_conf_text(c, "web-dir");
  out->cors_origins = peal_kit_conf_text(c, "cors-origins");
  out->allowed_hosts = peal_kit_conf_text(c, "allowed-hosts");
  out->content_policy = peal_kit_conf_text(c, "content-policy");
  out->tls_cert = peal_kit_conf_text(c, "tls-cert");
  out->tls_key = peal_kit_conf_text(c, "tls-key");
  out->proxies = peal_kit_conf_text(c, "proxies");
  out->max_connections = peal_kit_conf_count(c, "max-connections");
  out->log_level = peal_config_str(c, "log-level");
  out->log_format = peal_config_str(c, "log-format");
  out->log_bytes = peal_config_int(c, "log-bytes");
  out->log_count = peal_kit_conf_count(c, "log-count");
}

static void read_password(peal_kit_conf *out, const peal_config *c) {
  out->password = peal_kit_conf_text(c, "dashboard-password");
  out->session_s = peal_config_int(c, "session-time") / 1000;
  out->require_keys = peal_config_bool(c, "require-device-keys");
}

static void read_owner(peal_kit_conf *out, const peal_config *c) {
  out->secure_cookie = peal_config_bool(c, "secure-cookie");
  out->add_key = peal_kit_conf_text(c, "add-device-key");
  out->revoke_key = peal_kit_conf_text(c, "revoke-device-key");
  out->list_keys = peal_config_bool(c, "list-device-keys");
}

/* An empty password was meant to be one. */
static bool is_password_good(const peal_kit_about *about,
                             const peal_kit_conf *conf) {
  if (conf->password != NULL ||
      strcmp(peal_config_source(conf->config, "dashboard-password"),
             "default") == 0)
    return true;
  fprintf(stderr,
          "%s: the dashboard password is empty: leave it out if everybody may "
          "see everything\n",
          about->program);
  return false;
}

bool peal_kit_conf_read(peal_kit *h, const peal_kit_about *about,
                        const peal_config_key *own, size_t count, int argc,
                        char **argv, int *exit_code) {
  peal_kit_conf *out = &h->conf;
  size_t total = 0;
  h->about = about;
  h->lock_fd = -1;
  *out = (peal_kit_conf){.keys = table_of(about, own, count, &total)};
  *exit_code = 1;
  if (out->keys == NULL)
    return false;
  out->config =
      peal_config_new(&(peal_config_opts){.program = about->program,
                                          .summary = about->summary,
                                          .env_prefix = about->env_prefix,
                                          .keys = out->keys,
                                          .key_count = total},
                      argc, argv, exit_code);
  if (out->config == NULL)
    return false;
  read_base(out, out->config);
  *exit_code = 1;
  if (about->database != NULL)
    read_owner(out, out->config);
  if (about->database != NULL && !about->has_people) {
    read_password(out, out->config);
    if (!is_password_good(about, out))
      return false;
  }
  peal_kit_log_init(h);
  return true;
}

void peal_kit_conf_deinit(peal_kit_conf *conf) {
  peal_config_free(conf->config);
  free(conf->keys);
  *conf = (peal_kit_conf){0};
}
