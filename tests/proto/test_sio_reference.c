/* SPDX-License-Identifier: MIT */
/* sio_reference: lives of the reference's client (tests/proto/
 * sio_reference.txt, made by tools/gen_sio_client_cases.cjs), lived again by
 * ours: what it sends, tells and tries, word for word. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sio_machine.h"

#define FILE_NAME PEAL_TEST_DIR "/proto/sio_reference.txt"
#define MAX_TAGS 128u

static sio_machine m;
static char tags[MAX_TAGS][16]; /* names of events that asked */
static char ids[MAX_TAGS][16];  /* "/a,7" */
static unsigned tag_count;

static const char *tag_of(const char *event) {
  assert_true(tag_count < MAX_TAGS);
  (void)snprintf(tags[tag_count], sizeof tags[0], "%s", event);
  return tags[tag_count++];
}

/* -- words in the reference's way ------------------------------------------------- */

/* >2/a,7["e"] is >2/a,["e"]: each try of its has another id. */
static void say_sent(char *out, const char *word) {
  const char *at = word + 1;
  char id[16] = "";
  if (*at == '2') {
    const char *nsp = at + 1;
    const char *digits = *nsp == '/' ? strchr(nsp, ',') + 1 : nsp;
    const char *data = digits + strspn(digits, "0123456789");
    (void)snprintf(id, sizeof id, "%.*s", (int)(data - nsp), nsp);
    out += sprintf(out, " %.*s%s", (int)(digits - word), word, data);
    for (unsigned i = 0; data != digits && i < tag_count; i++)
      if (!strncmp(data + 2, tags[i], strlen(tags[i])) &&
          data[2 + strlen(tags[i])] == '"')
        memcpy(ids[i], id, sizeof id);
    return;
  }
  (void)sprintf(out, " %s", word);
}

static bool starts(const char *word, const char *with) {
  return strncmp(word, with, strlen(with)) == 0;
}

static void say_word(char *out, const char *word) {
  const char *end = strrchr(word, ':');
  if (word[0] == '>')
    say_sent(out, word);
  else if (starts(word, "dial"))
    (void)strcpy(out, " dial");
  else if (starts(word, "failed"))
    (void)strcpy(out, " failed");
  else if (starts(word, "refused:"))
    (void)sprintf(out, " %.*s", (int)strcspn(word, "{"), word);
  else if (starts(word, "connect_error:"))
    (void)sprintf(out, " %.*s", (int)(end - word), word);
  else if (starts(word, "ack:") && !strchr(word, '['))
    (void)sprintf(out, " %.*s:error", (int)(end - word), word);
  else if (starts(word, "connect") || starts(word, "disconnect:") ||
           starts(word, "event:") || starts(word, "ack:") ||
           starts(word, "attempt"))
    (void)sprintf(out, " %s", word);
}

/* "= a b c", "" if nothing of what the reference tells was said. */
static void words_of(char *out) {
  char *save = NULL;
  *out = '\0';
  for (char *word = strtok_r(m.log, " ", &save); word;
       word = strtok_r(NULL, " ", &save))
    say_word(out + strlen(out), word);
  sio_machine_forget(&m);
  if (*out) {
    memmove(out + 1, out, strlen(out) + 1);
    *out = '=';
  }
}

static int compare(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct split {
  char copy[8192], *all[256];
  size_t count;
} split;

static void cut(split *s, const char *text) {
  char *save = NULL;
  s->count = 0;
  memcpy(s->copy, text, strlen(text) + 1);
  for (char *word = strtok_r(s->copy, " ", &save); word;
       word = strtok_r(NULL, " ", &save))
    s->all[s->count++] = word;
}

/* Of several namespaces the reference's order is that of their connect(), ours
 * that of their making. */
static void sort(char *text) {
  split s;
  cut(&s, text);
  qsort(s.all, s.count, sizeof *s.all, compare);
  for (size_t i = 0; i < s.count; i++)
    text += sprintf(text, "%s%s", i ? " " : "", s.all[i]);
}

/* When one is given up and the next sent, ours sends first. */
static void sends_first(char *text) {
  split s;
  cut(&s, text);
  for (int sends = 1; sends >= 0; sends--)
    for (size_t i = 0; i < s.count; i++)
      if ((s.all[i][0] == '>') == sends)
        text += sprintf(text, "%s ", s.all[i]);
}

static bool has_no_order(const char *verb) {
  return !strcmp(verb, "opened") || !strcmp(verb, "closed") ||
         !strcmp(verb, "failed");
}

/* -- verbs ---------------------------------------------------------------------------- */

static void begin(const char *opts) {
  const char *attempts = strstr(opts, "attempts:");
  const char *retries = strstr(opts, "retries:");
  const char *timeout = strstr(opts, "ack_timeout:");
  tag_count = 0;
  m = (sio_machine){0};
  m.opts.timeout_ms = UINT32_MAX;
  if (attempts)
    m.opts.reconnection_attempts = (uint32_t)atoi(strchr(attempts, ':') + 1);
  if (retries)
    m.opts.retries = (uint32_t)atoi(strchr(retries, ':') + 1);
  if (timeout)
    m.opts.ack_timeout_ms = (uint32_t)atoi(strchr(timeout, ':') + 1);
  sio_machine_begin(&m);
  (void)sio_machine_of(&m, "/a");
}

static void emit(const char *nsp, const char *event, const char *how) {
  bool asks = !strcmp(how, "ack");
  peal_sio_client_emit e = {.is_volatile = !strcmp(how, "volatile"),
                            .timeout_ms = asks ? 137 : 0};
  assert_int_equal(
      sio_machine_emit_with(&m, nsp, event, asks ? tag_of(event) : NULL, &e),
      PEAL_OK);
  sio_machine_run(&m);
}

static void answer(const char *event) {
  char text[64];
  for (unsigned i = 0; i < tag_count; i++)
    if (!strcmp(tags[i], event)) {
      (void)snprintf(text, sizeof text, "3%s[\"%s\"]", ids[i], event);
      sio_machine_text(&m, text);
      return;
    }
  fail();
}

static void act(char *line) {
  char *save = NULL, *verb = strtok_r(line, " ", &save);
  char *one = strtok_r(NULL, " ", &save), *two = strtok_r(NULL, " ", &save);
  char *three = strtok_r(NULL, " ", &save);
  if (!strcmp(verb, "connect"))
    sio_machine_connect(&m, one);
  else if (!strcmp(verb, "leave"))
    sio_machine_leave(&m, one);
  else if (!strcmp(verb, "emit"))
    emit(one, two, three);
  else if (!strcmp(verb, "opened"))
    sio_machine_opened(&m);
  else if (!strcmp(verb, "failed"))
    sio_machine_closed(&m, PEAL_CLIENT_TRANSPORT_ERROR, PEAL_ERR_IO);
  else if (!strcmp(verb, "closed"))
    sio_machine_closed(&m, PEAL_CLIENT_TRANSPORT_CLOSE, PEAL_OK);
  else if (!strcmp(verb, "text"))
    sio_machine_text(&m, one);
  else if (!strcmp(verb, "answer"))
    answer(one);
  else if (!strcmp(verb, "wait"))
    sio_machine_wait(&m, (uint64_t)atoi(one));
  else
    fail_msg("%s", verb);
}

/* -- cases ------------------------------------------------------------------------------ */

static char line[1024], words[8192], last[1024];
static unsigned number;

static void must_be(char *wanted) {
  if (has_no_order(last)) {
    sort(wanted);
    sort(words);
  } else if (starts(last, "wait")) {
    sends_first(wanted);
    sends_first(words);
  }
  if (strcmp(words, wanted))
    fail_msg("line %u, %s:\nreference: %s\nours:      %s", number, last, wanted,
             words);
  *words = '\0';
}

static void lives_as_the_reference_does(void **state) {
  FILE *file = fopen(FILE_NAME, "r");
  unsigned cases = 0;
  (void)state;
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    number++;
    if (line[0] == '=') {
      must_be(line);
      continue;
    }
    must_be((char[1]){""});
    if (line[0] == '#')
      continue;
    memcpy(last, line, sizeof line);
    if (starts(line, "case")) {
      if (cases++)
        sio_machine_end(&m);
      begin(line);
      continue;
    }
    act(line);
    words_of(words);
  }
  must_be((char[1]){""});
  sio_machine_end(&m);
  assert_int_equal(fclose(file), 0);
  assert_true(cases >= 40);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lives_as_the_reference_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
