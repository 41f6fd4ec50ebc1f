/* SPDX-License-Identifier: MIT */
/* config_secret: a secret that is made once and kept in a file for its owner
 * alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/config.h>

#include "base/hex.h"
#include "net/crypto.h"
#include "net/system.h"

/* A secret file has at most this many bytes. */
#define FILE_BYTES 4096u

static peal_err fail(peal_err_info *info, peal_err err, const char *msg) {
  if (info)
    *info = (peal_err_info){.code = err, .msg = msg};
  return err;
}

static bool write_all(int fd, const char *text) {
  size_t len = strlen(text), done = 0;
  while (done < len) {
    ssize_t wrote = write(fd, text + done, len - done);
    if (wrote <= 0)
      return false;
    done += (size_t)wrote;
  }
  return true;
}

/* Written beside and linked into place: nobody ever reads half a secret, and
 * of two programs that start at once one makes it. */
static peal_err store(const char *path, const char *text, bool *lost,
                      peal_err_info *info) {
  size_t size = strlen(path) + 32;
  char *beside = malloc(size);
  if (!beside)
    return fail(info, PEAL_ERR_NOMEM, "out of memory");
  snprintf(beside, size, "%s.%ld.new", path, (long)getpid());
  int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok =
      fd >= 0 && write_all(fd, text) && write_all(fd, "\n") && fsync(fd) == 0;
  if (fd >= 0)
    close(fd);
  *lost = false;
  if (ok && link(beside, path)) {
    *lost = errno == EEXIST;
    ok = *lost;
  }
  if (fd >= 0)
    unlink(beside);
  free(beside);
  return ok ? PEAL_OK
            : fail(info, PEAL_ERR_SYSTEM, "the secret cannot be written");
}

static peal_err check_mode(int fd, peal_err_info *info) {
  struct stat stat;
  if (fstat(fd, &stat))
    return fail(info, PEAL_ERR_SYSTEM, "the secret cannot be read");
  if (!S_ISREG(stat.st_mode))
    return fail(info, PEAL_ERR_USAGE, "the secret is not a regular file");
  if (stat.st_mode & (S_IRWXG | S_IRWXO))
    return fail(info, PEAL_ERR_USAGE,
                "others may read the secret: expected mode 0600");
  return PEAL_OK;
}

static peal_err read_text(int fd, char **out, peal_err_info *info) {
  char *text = calloc(1, FILE_BYTES + 1);
  if (!text)
    return fail(info, PEAL_ERR_NOMEM, "out of memory");
  ssize_t len = read(fd, text, FILE_BYTES);
  if (len < 0) {
    free(text);
    return fail(info, PEAL_ERR_SYSTEM, "the secret cannot be read");
  }
  text[strcspn(text, "\r\n")] = 0;
  if (!*text) {
    free(text);
    return fail(info, PEAL_ERR_USAGE, "the secret is empty");
  }
  *out = text;
  return PEAL_OK;
}

/* PEAL_ERR_NOT_FOUND if there is no file. */
static peal_err load(char **out, const char *path, peal_err_info *info) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return errno == ENOENT
               ? PEAL_ERR_NOT_FOUND
               : fail(info, PEAL_ERR_SYSTEM, "the secret cannot be read");
  peal_err err = check_mode(fd, info);
  if (!err)
    err = read_text(fd, out, info);
  close(fd);
  return err;
}

static peal_err make(char **out, const char *path, size_t bytes, bool *is_new,
                     peal_err_info *info) {
  unsigned char dice[64];
  char text[129];
  bool lost;
  if (peal_crypto_random(dice, bytes))
    return fail(info, PEAL_ERR_SYSTEM, "no random bytes");
  peal_hex_put(text, dice, bytes);
  text[2 * bytes] = 0;
  peal_err err = store(path, text, &lost, info);
  if (!err)
    err = load(out, path, info);
  if (!err && is_new)
    *is_new = !lost;
  peal_system_wipe(dice, sizeof(dice));
  peal_system_wipe(text, sizeof(text));
  return err;
}

peal_err peal_config_secret(char **out, const char *path, size_t bytes,
                            bool *is_new, peal_err_info *info) {
  if (is_new)
    *is_new = false;
  if (!out || !path || bytes < 16 || bytes > 64)
    return fail(info, PEAL_ERR_USAGE, "expected 16 to 64 bytes");
  *out = NULL;
  peal_err err = load(out, path, info);
  return err == PEAL_ERR_NOT_FOUND ? make(out, path, bytes, is_new, info) : err;
}

void peal_config_secret_free(char *secret) {
  if (!secret)
    return;
  peal_system_wipe(secret, strlen(secret));
  free(secret);
}
