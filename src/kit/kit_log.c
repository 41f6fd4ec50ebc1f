/* SPDX-License-Identifier: MIT */
#include "kit/kit_log.h"

#include <stdio.h>
#include <string.h>

#include <poll.h>
#include <unistd.h>

static peal_log_level level_of(const char *name) {
  return strcmp(name, "error") == 0   ? PEAL_LOG_ERROR
         : strcmp(name, "warn") == 0  ? PEAL_LOG_WARN
         : strcmp(name, "debug") == 0 ? PEAL_LOG_DEBUG
                                      : PEAL_LOG_INFO;
}

static peal_log_format format_of(const char *name) {
  return strcmp(name, "json") == 0   ? PEAL_LOG_JSON
         : strcmp(name, "keys") == 0 ? PEAL_LOG_KEYS
                                     : PEAL_LOG_TEXT;
}

/* A console that takes nothing must not hold up a worker: the line is then in
 * the file only. */
static void write_console(const peal_kit *h, const peal_log_record *record) {
  struct pollfd console = {.fd = STDERR_FILENO, .events = POLLOUT};
  char line[2048];
  if (poll(&console, 1, 0) <= 0 || (console.revents & POLLOUT) == 0)
    return;
  size_t len = peal_log_line(line, sizeof line, record, h->log.format);
  ssize_t written = write(STDERR_FILENO, line, len);
  (void)written;
}

/* Who is refused the data folder has listened in vain: that it did is not said
 * before. */
static bool keep_early(peal_kit *h, const peal_log_record *record) {
  if (h->lock_fd >= 0 || record->level != PEAL_LOG_INFO ||
      strcmp(record->area, "http") != 0)
    return false;
  size_t len = strlen(h->early);
  snprintf(h->early + len, sizeof h->early - len, "%s: %.*s\n",
           h->about->program, PEAL_SFMT(record->text));
  return true;
}

/* Lines go to the console until there is a file. Devices send several requests
 * a second: their lines have a file of their own, so that they do not rotate
 * away what else is said, and are on the console only if all is to be seen. */
static void on_log(const peal_log_record *record, void *user) {
  peal_kit *h = user;
  bool is_access = strcmp(record->area, "access") == 0;
  if (h->access_log == NULL) {
    if (!keep_early(h, record))
      fprintf(stderr, "%s: %.*s\n", h->about->program, PEAL_SFMT(record->text));
    return;
  }
  peal_logfile_log(record, is_access ? h->access_log : h->logfile);
  if (!is_access || h->log.level == PEAL_LOG_DEBUG)
    write_console(h, record);
}

static peal_logfile *open_file(const peal_kit *h, const char *name) {
  const peal_kit_conf *conf = &h->conf;
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", conf->data_dir, name);
  peal_logfile *file = NULL;
  peal_err err = peal_logfile_new(
      &file, &(peal_logfile_opts){.path = path,
                                  .max_bytes = (size_t)conf->log_bytes,
                                  .format = format_of(conf->log_format),
                                  .count = conf->log_count});
  if (err != PEAL_OK)
    fprintf(stderr, "%s: %s cannot be written: %s\n", h->about->program, path,
            peal_err_message(err));
  return file;
}

bool peal_kit_log_open(peal_kit *h) {
  char name[64];
  fputs(h->early, stderr);
  snprintf(name, sizeof name, "%s.log", h->about->program);
  h->logfile = open_file(h, name);
  if (h->logfile != NULL)
    h->access_log = open_file(h, "access.log");
  return h->access_log != NULL;
}

void peal_kit_log_close(peal_kit *h) {
  peal_logfile *files[] = {h->access_log, h->logfile};
  h->access_log = h->logfile = NULL;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    peal_logfile_free(files[i]);
}

void peal_kit_log_init(peal_kit *h) {
  h->log = (peal_log_opts){.fn = on_log,
                           .user = h,
                           .level = level_of(h->conf.log_level),
                           .format = format_of(h->conf.log_format)};
}
