/* SPDX-License-Identifier: MIT */
#include "wire_case.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>

/* Beyond this length not every position is split, but a sample. */
#define ALL_SPLITS_BYTES 2048u
#define SAMPLED_SPLITS 512u
#define MAX_FILES 64u
#define MAX_REPEAT 10000000u

struct wire_log {
  char *ptr;
  size_t len;
  size_t cap;
};

struct wire_case {
  char *name;
  char *opts; /* words with a terminator each, an empty one at the end */
  wire_log input;
  wire_log expected;
  const char *file;
  size_t line;
};

struct wire_feed {
  peal_slice rest;
  size_t first; /* length of the first piece */
  size_t step;  /* length of the others */
  size_t given;
  char *piece;
};

/* -- log -------------------------------------------------------------------- */

/* A test program that is out of memory may stop. */
static void *must(void *ptr) {
  if (!ptr) {
    fputs("wire_case: out of memory\n", stderr);
    abort();
  }
  return ptr;
}

static void log_put(wire_log *log, const char *data, size_t len) {
  if (log->len + len + 1 > log->cap) {
    log->cap = (log->len + len + 1) * 2;
    log->ptr = must(realloc(log->ptr, log->cap));
  }
  if (len > 0)
    memcpy(log->ptr + log->len, data, len);
  log->len += len;
  log->ptr[log->len] = '\0';
}

static void log_free(wire_log *log) {
  free(log->ptr);
  *log = (wire_log){0};
}

void wire_log_add(wire_log *log, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *line = NULL;
  int len = vasprintf(&line, format, args);
  va_end(args);
  if (len < 0)
    must(NULL);
  log_put(log, line, (size_t)len);
  log_put(log, "\n", 1);
  free(line);
}

void wire_log_put_bytes(wire_log *log, peal_slice data) {
  for (size_t i = 0; i < data.len; i++) {
    unsigned char c = (unsigned char)data.ptr[i];
    char text[8];
    const char *shown = c == '\r'   ? "\\r"
                        : c == '\n' ? "\\n"
                        : c == '\t' ? "\\t"
                        : c == '\\' ? "\\\\"
                                    : NULL;
    if (!shown) {
      bool plain = c >= 0x20 && c < 0x7f;
      (void)snprintf(text, sizeof text, plain ? "%c" : "\\x%02x", c);
      shown = text;
    }
    log_put(log, shown, strlen(shown));
  }
}

void wire_log_end(wire_log *log) {
  log_put(log, "\n", 1);
}

void wire_log_add_bytes(wire_log *log, const char *words, peal_slice data) {
  log_put(log, words, strlen(words));
  if (data.len > 0)
    log_put(log, " ", 1);
  wire_log_put_bytes(log, data);
  wire_log_end(log);
}

/* -- reading ---------------------------------------------------------------- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool input_add(wire_log *input, const char *text, size_t len);

/* `text` stands behind "\*". Returns the bytes used, 0 if malformed. */
static size_t input_repeat(wire_log *input, const char *text, size_t len) {
  size_t at = 0, times = 0, depth = 0;
  while (at < len && text[at] >= '0' && text[at] <= '9' && times < MAX_REPEAT)
    times = times * 10 + (size_t)(text[at++] - '0');
  if (at == 0 || at >= len || text[at] != '{')
    return 0;
  size_t begin = ++at;
  for (depth = 1; at < len; at++) {
    if (text[at] == '\\') {
      at++;
      continue;
    }
    if (text[at] == '{')
      depth++;
    if (text[at] == '}' && --depth == 0)
      break;
  }
  if (at >= len)
    return 0;
  for (size_t i = 0; i < times; i++) {
    if (!input_add(input, text + begin, at - begin))
      return 0;
  }
  return at + 1;
}

/* `text` stands behind a backslash. Returns the bytes used, 0 if malformed. */
static size_t input_escape(wire_log *input, const char *text, size_t len) {
  static const char names[] = "rnt0s\\{}", bytes[] = "\r\n\t\0 \\{}";
  if (len == 0)
    return 0;
  if (text[0] == '*') {
    size_t used = input_repeat(input, text + 1, len - 1);
    return used ? used + 1 : 0;
  }
  if (text[0] == 'x') {
    int hi = len > 1 ? hex_digit(text[1]) : -1;
    int lo = len > 2 ? hex_digit(text[2]) : -1;
    if (hi < 0 || lo < 0)
      return 0;
    char byte = (char)(hi * 16 + lo);
    log_put(input, &byte, 1);
    return 3;
  }
  const char *name = strchr(names, text[0]);
  if (!name || !text[0])
    return 0;
  log_put(input, &bytes[name - names], 1);
  return 1;
}

static bool input_add(wire_log *input, const char *text, size_t len) {
  for (size_t at = 0; at < len;) {
    if (text[at] != '\\') {
      log_put(input, text + at++, 1);
      continue;
    }
    size_t used = input_escape(input, text + at + 1, len - at - 1);
    if (used == 0)
      return false;
    at += used + 1;
  }
  return true;
}

static bool add_line(wire_case *test, char *line, bool *in_log) {
  size_t len = strlen(line);
  if (*in_log && strncmp(line, "# ", 2) == 0)
    return true;
  if (*in_log) {
    log_put(&test->expected, line, len);
    log_put(&test->expected, "\n", 1);
    return true;
  }
  if (strcmp(line, ">>") == 0) {
    *in_log = true;
    return true;
  }
  if (strncmp(line, "-- ", 3) == 0 && !test->opts) {
    test->opts = must(calloc(1, len + 1));
    char *to = test->opts, *save = NULL;
    for (char *word = strtok_r(line + 3, " ", &save); word;
         word = strtok_r(NULL, " ", &save))
      to = stpcpy(to, word) + 1;
    return true;
  }
  while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
    len--;
  while (len > 0 && (*line == ' ' || *line == '\t')) {
    line++;
    len--;
  }
  return input_add(&test->input, line, len);
}

static void case_free(wire_case *test) {
  free(test->name);
  free(test->opts);
  log_free(&test->input);
  log_free(&test->expected);
  *test = (wire_case){0};
}

const char *wire_case_name(const wire_case *test) {
  return test->name;
}

const char *wire_case_opt(const wire_case *test, const char *key) {
  size_t len = strlen(key);
  for (const char *word = test->opts; word && *word; word += strlen(word) + 1) {
    if (strncmp(word, key, len) == 0 && (word[len] == '\0' || word[len] == '='))
      return word[len] == '=' ? word + len + 1 : "";
  }
  return NULL;
}

uint64_t wire_case_opt_u64(const wire_case *test, const char *key,
                           uint64_t otherwise) {
  const char *value = wire_case_opt(test, key);
  return value && *value ? strtoull(value, NULL, 10) : otherwise;
}

/* -- replaying -------------------------------------------------------------- */

bool wire_feed_next(wire_feed *feed, peal_slice *piece) {
  if (feed->given > 0 && feed->rest.len == 0)
    return false;
  size_t len = feed->given++ == 0 ? feed->first : feed->step;
  if (len > feed->rest.len)
    len = feed->rest.len;
  free(feed->piece);
  feed->piece = must(malloc(len ? len : 1));
  if (len > 0)
    memcpy(feed->piece, feed->rest.ptr, len);
  feed->rest.ptr += len;
  feed->rest.len -= len;
  *piece = (peal_slice){feed->piece, len};
  return true;
}

typedef struct replay {
  wire_case_fn fn;
  void *user;
} replay;

/* Returns false, and says so once, if the log is not the expected one. */
static bool replay_case(const wire_case *test, replay how, size_t first,
                        size_t step) {
  peal_slice input = {test->input.ptr, test->input.len};
  wire_feed feed = {.rest = input, .first = first, .step = step};
  wire_log log = {0};
  log_put(&log, "", 0);
  how.fn(test, &feed, &log, how.user);
  free(feed.piece);
  const char *expected = test->expected.ptr ? test->expected.ptr : "";
  bool same = strcmp(log.ptr, expected) == 0;
  if (!same)
    fprintf(stderr,
            "%s:%zu: %s: first piece %zu, then %zu\n"
            "--- expected\n%s--- got\n%s",
            test->file, test->line, test->name, first, step, expected, log.ptr);
  log_free(&log);
  return same;
}

static bool run_case(wire_case *test, wire_case_mode mode, replay how) {
  /* Blank lines between two cases belong to neither. */
  wire_log *expected = &test->expected;
  while (expected->len > 1 && expected->ptr[expected->len - 2] == '\n')
    expected->ptr[--expected->len] = '\0';
  if (expected->len == 1 && expected->ptr[0] == '\n')
    expected->ptr[expected->len = 0] = '\0';
  size_t len = test->input.len;
  if (!replay_case(test, how, len, len))
    return false;
  if (mode == WIRE_CASE_WHOLE)
    return true;
  if (!replay_case(test, how, 1, 1))
    return false;
  size_t stride = len > ALL_SPLITS_BYTES ? len / SAMPLED_SPLITS : 1;
  for (size_t at = 1; at < len; at += stride) {
    if (!replay_case(test, how, at, len))
      return false;
  }
  return true;
}

/* -- files ------------------------------------------------------------------ */

typedef struct run_state {
  wire_case test;
  replay how;
  wire_case_mode mode;
  int cases;
  int differ;
  bool in_log;
} run_state;

static void finish_case(run_state *run) {
  if (!run->test.name)
    return;
  run->cases++;
  if (!run_case(&run->test, run->mode, run->how))
    run->differ++;
  case_free(&run->test);
}

static bool run_line(run_state *run, const char *file, size_t number,
                     char *line) {
  line[strcspn(line, "\n")] = '\0';
  if (strncmp(line, "== ", 3) == 0) {
    finish_case(run);
    run->test.name = must(strdup(line + 3));
    run->test.file = file;
    run->test.line = number;
    run->in_log = false;
    return true;
  }
  if (!run->test.name)
    return line[0] == '\0' || line[0] == '#';
  return add_line(&run->test, line, &run->in_log);
}

static bool run_file(run_state *run, const char *path) {
  FILE *file = fopen(path, "r");
  if (!file)
    return false;
  char *line = NULL;
  size_t cap = 0, number = 0;
  bool good = true;
  while (good && getline(&line, &cap, file) >= 0) {
    good = run_line(run, path, ++number, line);
    if (!good)
      fprintf(stderr, "%s:%zu: malformed line\n", path, number);
  }
  finish_case(run);
  free(line);
  (void)fclose(file);
  return good;
}

static int is_case_file(const struct dirent *entry) {
  size_t len = strlen(entry->d_name);
  return len > 4 && strcmp(entry->d_name + len - 4, ".txt") == 0;
}

int wire_case_run(const char *stem, wire_case_mode mode, wire_case_fn fn,
                  void *user) {
  run_state run = {.how = {fn, user}, .mode = mode};
  char *folder = NULL;
  struct dirent **entries = NULL;
  if (asprintf(&folder, "%s/wire/%s", PEAL_TEST_DIR, stem) < 0)
    must(NULL);
  int count = scandir(folder, &entries, is_case_file, alphasort);
  bool good = count > 0 && count <= (int)MAX_FILES;
  for (int i = 0; i < count; i++) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
      must(NULL);
    good = good && run_file(&run, path);
    free(path);
    free(entries[i]);
  }
  free(entries);
  if (run.cases == 0)
    fprintf(stderr, "no case in %s\n", folder);
  free(folder);
  return good && run.cases > 0 ? run.differ : -1;
}
