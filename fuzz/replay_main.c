/* SPDX-License-Identifier: MIT */
/* replay_main: runs a fuzz target over the inputs it is given, for compilers
 * without libFuzzer. A corpus thus is a regression test everywhere.
 *
 * A file that ends in .corpus has an input a line, `name: bytes`, escaped as in
 * C (tools/fuzz_corpus.py); any other file is one input, as it stands. The
 * empty input is always tried. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX_BYTES = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t replayed;

/* An exact copy, so that a sanitizer sees the first byte past the end. */
static bool replay(const char *name, const void *data, size_t len) {
  uint8_t *exact = malloc(len > 0 ? len : 1);
  if (exact == NULL)
    return false;
  memcpy(exact, data, len);
  if (getenv("PEAL_REPLAY_NAMES") != NULL)
    fprintf(stderr, "%s, %zu bytes\n", name, len);
  (void)LLVMFuzzerTestOneInput(exact, len);
  free(exact);
  replayed++;
  return true;
}

static bool hex_digit(char c, unsigned *out) {
  const char *digits = "0123456789abcdef";
  const char *at = c != '\0' ? strchr(digits, c) : NULL;
  if (at != NULL)
    *out = (unsigned)(at - digits);
  return at != NULL;
}

/* The byte that `*from`, behind a backslash, stands for. */
static bool unescape_one(const char **from, char *out) {
  unsigned high = 0;
  unsigned low = 0;
  switch (*(*from)++) {
  case '\\':
    *out = '\\';
    return true;
  case 'n':
    *out = '\n';
    return true;
  case 'r':
    *out = '\r';
    return true;
  case 't':
    *out = '\t';
    return true;
  case 'x':
    if (!hex_digit((*from)[0], &high) || !hex_digit((*from)[1], &low))
      return false;
    *from += 2;
    *out = (char)(high * 16 + low);
    return true;
  default:
    return false;
  }
}

/* In place: what is written is never longer than what was read. */
static bool unescape(char *text, size_t *len) {
  const char *from = text;
  char *to = text;
  while (*from != '\0') {
    char c = *from++;
    if (c == '\\' && !unescape_one(&from, &c))
      return false;
    *to++ = c;
  }
  *len = (size_t)(to - text);
  return true;
}

static bool replay_line(char *line) {
  line[strcspn(line, "\n")] = '\0';
  if (line[0] == '#' || line[0] == '\0')
    return true;
  char *colon = strchr(line, ':');
  if (colon == NULL)
    return false;
  *colon = '\0';
  char *text = colon[1] == ' ' ? colon + 2 : colon + 1;
  size_t len = 0;
  return unescape(text, &len) && replay(line, text, len);
}

static bool replay_corpus(FILE *file) {
  char *line = NULL;
  size_t cap = 0;
  bool ok = true;
  while (ok && getline(&line, &cap, file) >= 0)
    ok = replay_line(line);
  free(line);
  return ok && ferror(file) == 0;
}

static bool replay_file(FILE *file, const char *path) {
  uint8_t *data = malloc(INPUT_MAX_BYTES);
  size_t len = data != NULL ? fread(data, 1, INPUT_MAX_BYTES, file) : 0;
  bool ok = data != NULL && ferror(file) == 0 && replay(path, data, len);
  free(data);
  return ok;
}

static bool replay_path(const char *path) {
  const char *end = strrchr(path, '.');
  FILE *file = fopen(path, "rb");
  bool ok = file != NULL;
  if (ok)
    ok = end != NULL && strcmp(end, ".corpus") == 0 ? replay_corpus(file)
                                                    : replay_file(file, path);
  if (file != NULL)
    (void)fclose(file);
  if (!ok)
    fprintf(stderr, "%s: cannot be read behind %zu inputs\n", path, replayed);
  return ok;
}

int main(int argc, char **argv) {
  bool ok = replay("the empty input", "", 0);
  for (int i = 1; i < argc; i++)
    ok = replay_path(argv[i]) && ok;
  printf("replayed %zu inputs\n", replayed);
  return ok ? 0 : 1;
}
