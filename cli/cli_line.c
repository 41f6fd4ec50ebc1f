/* SPDX-License-Identifier: MIT */
#include "cli_line.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <sys/stat.h>
#include <unistd.h>
#ifdef CLI_HAVE_EDIT
#include <histedit.h>
#endif

#include "cli_say.h"

enum { LINE_MAX_BYTES = 16 << 20, HISTORY = 1000, PATH = 1024, CHOICES = 64 };

struct cli_line {
  cli_line_opts opts;
  char *line; /* the last one */
  /* from a pipe */
  char *in;
  size_t in_len, in_cap, used;
  bool is_over, has_failed;
#ifdef CLI_HAVE_EDIT
  /* from a terminal */
  EditLine *edit;
  History *history;
  bool is_editing, is_hidden;
  char path[PATH]; /* of the history, or "" */
  unsigned char bytes[8];
  size_t byte_count;
#endif
};

/* ---- where the history is ------------------------------------------------- */

/* Each folder of the path, as mkdir -p. */
static bool make_folders(char *path) {
  for (char *at = path + 1; *at != '\0'; at++) {
    if (*at != '/')
      continue;
    *at = '\0';
    bool is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
    *at = '/';
    if (!is_there)
      return false;
  }
  return true;
}

bool cli_line_history_path(char *out, size_t cap) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  int n = -1;
  // https://specifications.freedesktop.org/basedir-spec: absolute or nothing
  if (state != NULL && state[0] == '/')
    n = snprintf(out, cap, "%s/peal/history", state);
  else if (home != NULL && home[0] == '/')
    n = snprintf(out, cap, "%s/.local/state/peal/history", home);
  return n > 0 && (size_t)n < cap && make_folders(out);
}

/* ---- from a pipe ----------------------------------------------------------- */

static bool read_some(cli_line *line) {
  if (line->used > 0) {
    line->in_len -= line->used;
    memmove(line->in, line->in + line->used, line->in_len);
    line->used = 0;
  }
  if (line->in_len + 1 >= line->in_cap) {
    size_t cap = line->in_cap > 0 ? 2 * line->in_cap : 65536;
    char *more = cap <= LINE_MAX_BYTES ? realloc(line->in, cap) : NULL;
    if (more == NULL) {
      line->has_failed = true;
      cli_say("connect", "a line of more than %d MiB, or no memory for it",
              LINE_MAX_BYTES >> 20);
      return false;
    }
    line->in = more;
    line->in_cap = cap;
  }
  if (!line->opts.wait(line->opts.user))
    return false;
  ssize_t got = read(STDIN_FILENO, line->in + line->in_len,
                     line->in_cap - line->in_len - 1);
  if (got < 0)
    return errno == EINTR;
  line->in_len += (size_t)got;
  line->is_over = got == 0;
  return true;
}

/* Files of other systems end their lines with \r\n. Returns: NULL behind a line
 * about it. */
static const char *text_of(cli_line *line, char *start, size_t len) {
  if (memchr(start, '\0', len) != NULL) {
    line->has_failed = true;
    cli_say("connect", "a line with a byte that is 0");
    return NULL;
  }
  if (len > 0 && start[len - 1] == '\r')
    len--;
  start[len] = '\0';
  return start;
}

static const char *read_plain(cli_line *line) {
  for (;;) {
    char *start = line->in != NULL ? line->in + line->used : NULL;
    size_t left = line->in_len - line->used;
    char *end = left > 0 ? memchr(start, '\n', left) : NULL;
    if (end != NULL || (line->is_over && left > 0)) {
      size_t len = end != NULL ? (size_t)(end - start) : left;
      line->used += end != NULL ? len + 1 : len;
      return text_of(line, start, len);
    }
    if (line->is_over || !read_some(line))
      return NULL;
  }
}

#ifdef CLI_HAVE_EDIT
/* ---- from a terminal --------------------------------------------------------- */

static cli_line *line_of(EditLine *edit) {
  cli_line *line = NULL;
  el_get(edit, EL_CLIENTDATA, &line);
  return line;
}

static char *prompt(EditLine *edit) {
  cli_line *line = line_of(edit);
  static char text[256];
  snprintf(text, sizeof text, "%s", line->opts.prompt(line->opts.user));
  return text;
}

/* One character for libedit; keys come in bytes of UTF-8. */
static int read_key(EditLine *edit, wchar_t *out) {
  cli_line *line = line_of(edit);
  for (;;) {
    unsigned char byte;
    if (!line->opts.wait(line->opts.user))
      return 0;
    ssize_t got = read(STDIN_FILENO, &byte, 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return (int)got;
    line->bytes[line->byte_count++] = byte;
    mbstate_t state = {0};
    size_t len = mbrtowc(out, (char *)line->bytes, line->byte_count, &state);
    if (len == (size_t)-2 && line->byte_count < sizeof line->bytes)
      continue;
    if (len == (size_t)-1 || len == (size_t)-2)
      *out = byte;
    line->byte_count = 0;
    return 1;
  }
}

typedef struct choices {
  char *words[CHOICES];
  size_t count, common; /* how many letters are the same in all */
} choices;

static void add_choice(const char *word, void *to) {
  choices *c = to;
  if (c->count == CHOICES)
    return;
  char *copy = strdup(word);
  if (copy == NULL)
    return;
  size_t same = 0;
  while (c->count > 0 && same < c->common && c->words[0][same] == copy[same])
    same++;
  c->common = c->count > 0 ? same : strlen(copy);
  c->words[c->count++] = copy;
}

static void list_choices(const choices *c) {
  fputc('\n', stdout);
  for (size_t i = 0; i < c->count; i++)
    printf("%s%s", i > 0 ? "  " : "", c->words[i]);
  fputc('\n', stdout);
  fflush(stdout);
}

static unsigned char insert(EditLine *edit, const choices *c, size_t typed) {
  char rest[256];
  bool is_only = c->count == 1;
  snprintf(rest, sizeof rest, "%.*s%s", (int)(c->common - typed),
           c->words[0] + typed, is_only ? " " : "");
  if (rest[0] != '\0' && el_insertstr(edit, rest) == 0)
    return CC_REFRESH;
  list_choices(c);
  return CC_REDISPLAY;
}

static unsigned char complete(EditLine *edit, int key) {
  (void)key;
  cli_line *line = line_of(edit);
  const LineInfo *info = el_line(edit);
  const char *start = info->cursor;
  while (start > info->buffer && start[-1] != ' ')
    start--;
  choices c = {.count = 0};
  size_t typed = (size_t)(info->cursor - start);
  line->opts.complete(start, typed, start == info->buffer, add_choice, &c,
                      line->opts.user);
  unsigned char result =
      c.count > 0 && c.common >= typed ? insert(edit, &c, typed) : CC_ERROR;
  for (size_t i = 0; i < c.count; i++)
    free(c.words[i]);
  return result;
}

static void load_history(cli_line *line) {
  HistEvent event;
  line->history = history_init();
  if (line->history == NULL)
    return;
  history(line->history, &event, H_SETSIZE, HISTORY);
  history(line->history, &event, H_SETUNIQUE, 1);
  el_set(line->edit, EL_HIST, history, line->history);
  if (!cli_line_history_path(line->path, sizeof line->path))
    line->path[0] = '\0';
  else
    history(line->history, &event, H_LOAD, line->path);
}

static void save_history(cli_line *line) {
  HistEvent event;
  if (line->history == NULL)
    return;
  // what was said to a server is nobody else's
  mode_t mask = umask(077);
  if (line->path[0] != '\0')
    history(line->history, &event, H_SAVE, line->path);
  umask(mask);
  history_end(line->history);
}

static void begin_editing(cli_line *line) {
  // keys are bytes of UTF-8 whatever the locale says of messages
  if (setlocale(LC_CTYPE, "") == NULL || MB_CUR_MAX == 1)
    setlocale(LC_CTYPE, "C.UTF-8");
  line->edit = el_init("peal", stdin, stdout, stderr);
  if (line->edit == NULL)
    return;
  el_set(line->edit, EL_CLIENTDATA, line);
  el_set(line->edit, EL_PROMPT, prompt);
  el_set(line->edit, EL_EDITOR, "emacs");
  el_set(line->edit, EL_GETCFN, read_key);
  el_set(line->edit, EL_ADDFN, "peal-complete", "complete a word", complete);
  el_set(line->edit, EL_BIND, "^I", "peal-complete", NULL);
  el_set(line->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
  load_history(line);
  el_source(line->edit, NULL);
}

/* A line that begins with a blank is not kept, as shells have it, nor is one
 * that holds what a client knows itself by. */
static void remember(cli_line *line, const char *text) {
  HistEvent event;
  if (line->history == NULL || text[0] == '\0' || text[0] == ' ' ||
      strncmp(text, "/auth", 5) == 0)
    return;
  history(line->history, &event, H_ENTER, text);
}

static const char *read_edited(cli_line *line) {
  int len = 0;
  line->is_editing = true;
  const char *text = el_gets(line->edit, &len);
  line->is_editing = false;
  if (text == NULL || len <= 0)
    return NULL;
  free(line->line);
  line->line = strdup(text);
  if (line->line == NULL)
    return NULL;
  line->line[strcspn(line->line, "\r\n")] = '\0';
  remember(line, line->line);
  return line->line;
}
#endif

/* ---- either ---------------------------------------------------------------------- */

cli_line *cli_line_new(const cli_line_opts *opts) {
  cli_line *line = calloc(1, sizeof *line);
  if (line == NULL)
    return NULL;
  line->opts = *opts;
#ifdef CLI_HAVE_EDIT
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
    begin_editing(line);
#endif
  return line;
}

void cli_line_free(cli_line *line) {
  if (line == NULL)
    return;
#ifdef CLI_HAVE_EDIT
  save_history(line);
  if (line->edit != NULL)
    el_end(line->edit);
#endif
  free(line->line);
  free(line->in);
  free(line);
}

const char *cli_line_read(cli_line *line) {
#ifdef CLI_HAVE_EDIT
  if (line->edit != NULL)
    return read_edited(line);
#endif
  return read_plain(line);
}

bool cli_line_has_failed(const cli_line *line) {
  return line->has_failed;
}

void cli_line_hide(cli_line *line) {
#ifdef CLI_HAVE_EDIT
  if (!line->is_editing)
    return;
  fputs("\r\033[J", stdout);
  fflush(stdout);
#else
  (void)line;
#endif
}

void cli_line_show(cli_line *line) {
#ifdef CLI_HAVE_EDIT
  if (line->is_editing)
    el_set(line->edit, EL_REFRESH);
#else
  (void)line;
#endif
}
