/* SPDX-License-Identifier: MIT */
#include "cli_client_opts.h"

#include <stdlib.h>
#include <string.h>

#include "cli_command.h"
#include "cli_say.h"

/* "NAME: VALUE" or "NAME=VALUE". */
static bool split(cli_client_opts *out, const char *text, char at,
                  peal_client_field *field) {
  const char *mark = strchr(text, at);
  if (mark == NULL || mark == text || strpbrk(text, "\r\n") != NULL)
    return false;
  char *name = strndup(text, (size_t)(mark - text));
  if (name == NULL)
    return false;
  out->names[out->name_count++] = name;
  mark++;
  *field =
      (peal_client_field){name, at == ':' ? mark + strspn(mark, " \t") : mark};
  return true;
}

static cli_exit wrong(const cli_opts *from, const char *option,
                      const char *expected, const char *text) {
  cli_say(from->command->name, "--%s: expected %s, not \"%s\"", option,
          expected, text);
  return CLI_USAGE;
}

static cli_exit add_headers(cli_client_opts *out, const cli_opts *from) {
  size_t count = 0;
  for (size_t i = 0; i < from->headers.count; i++)
    if (!split(out, from->headers.items[i], ':', &out->headers[count++]))
      return wrong(from, "header", "NAME: VALUE", from->headers.items[i]);
  if (from->origin != NULL)
    out->headers[count++] = (peal_client_field){"Origin", from->origin};
  out->opts.headers = out->headers;
  out->opts.header_count = count;
  return CLI_OK;
}

static cli_exit add_query(cli_client_opts *out, const cli_opts *from) {
  for (size_t i = 0; i < from->query.count; i++)
    if (!split(out, from->query.items[i], '=', &out->query[i]))
      return wrong(from, "query", "NAME=VALUE", from->query.items[i]);
  out->opts.query = out->query;
  out->opts.query_count = from->query.count;
  return CLI_OK;
}

static peal_client_transports transports_of(const char *name) {
  if (name != NULL && strcmp(name, "websocket,polling") == 0)
    return PEAL_CLIENT_WEBSOCKET_FIRST;
  if (name != NULL && strcmp(name, "websocket") == 0)
    return PEAL_CLIENT_WEBSOCKET_ONLY;
  if (name != NULL && strcmp(name, "polling") == 0)
    return PEAL_CLIENT_POLLING_ONLY;
  return PEAL_CLIENT_POLLING_FIRST;
}

const peal_parser *cli_client_opts_parser(const char *word) {
  return word != NULL && strcmp(word, "msgpack") == 0 ? peal_parser_msgpack()
                                                      : NULL;
}

cli_exit cli_client_opts_init(cli_client_opts *out, const cli_opts *from) {
  *out =
      (cli_client_opts){.opts = {.url = from->words[0],
                                 .path = from->path,
                                 .transports = transports_of(from->transports),
                                 .try_all_transports = true,
                                 .eio3 = from->eio3,
                                 .parser = cli_client_opts_parser(from->parser),
                                 .timeout_ms = from->timeout_ms,
                                 .tls = {.ca_file = from->ca_file,
                                         .ca_dir = from->ca_dir,
                                         .cert_file = from->cert,
                                         .key_file = from->key,
                                         .server_name = from->server_name,
                                         .insecure_no_verify = from->insecure},
                                 .proxy = from->proxy,
                                 .deflate.on = from->deflate,
                                 .log.level = PEAL_LOG_ERROR}};
  cli_exit code = add_headers(out, from);
  return code == CLI_OK ? add_query(out, from) : code;
}

void cli_client_opts_deinit(cli_client_opts *out) {
  for (size_t i = 0; i < out->name_count; i++)
    free(out->names[i]);
}
