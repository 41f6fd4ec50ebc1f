/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keep.h"
#include "say.h"
#include "wall.h"

enum { MAX_BYTES = 65536, MAX_DAYS = 400 };

static peal_doc *read_if_there(const char *path) {
  char why[256] = "";
  peal_doc *doc = keep_read(path, MAX_BYTES, why, sizeof why);
  if (doc == NULL && strstr(why, strerror(ENOENT)) == NULL)
    say("error: %s: begun anew", why);
  return doc;
}

bool journal_open(journal *it, const options *opts) {
  *it = (journal){.seen = ""};
  snprintf(it->path, sizeof it->path, "%s/test.json", opts->data_dir);
  snprintf(it->counter_path, sizeof it->counter_path, "%s/counter%s.json",
           opts->data_dir, opts->simulate ? "-sim" : "");
  if (!keep_make_dir(opts->data_dir)) {
    fprintf(stderr, "sv30-device: data folder %s: %s\n", opts->data_dir,
            strerror(errno));
    return false;
  }
  if (opts->simulate) // a test of its own
    return true;
  peal_doc *doc = read_if_there(it->path);
  peal_val from = peal_doc_val(doc);
  if (doc != NULL && !course_read(&it->course, peal_val_get(from, "course")))
    it->course = (course){.started_ms = 0};
  snprintf(it->seen, sizeof it->seen, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(from, "seen"))));
  peal_val waiting = peal_val_get(from, "waiting");
  if (peal_val_is(waiting, PEAL_OBJECT))
    it->waiting = peal_doc_new(waiting);
  peal_doc_free(doc);
  return true;
}

void journal_close(journal *it) {
  peal_doc_free(it->waiting);
  it->waiting = NULL;
}

/* What was counted, this day as the last one; without the days that were
 * longest not counted, if there are more than enough. */
static peal_val days_val(peal_build *build, peal_val from, const char *day,
                         int64_t count) {
  peal_pairs *pairs = peal_pairs_new(build);
  size_t len = peal_val_is(from, PEAL_OBJECT) ? from.len : 0;
  for (size_t i = len >= MAX_DAYS ? len - MAX_DAYS + 1 : 0; i < len; i++)
    if (!peal_slice_is(peal_val_key(from, i), day))
      peal_pairs_add_n(pairs, peal_val_key(from, i), from.as.pairs[i].value);
  peal_pairs_add(pairs, day, peal_int(count));
  return peal_pairs_val(pairs);
}

/* The next number of that day. Other days are kept: a clock that was wrong, and
 * is set, comes back to one. 0: the disk does not take it. */
static unsigned next_number(const journal *it, const char *day) {
  peal_doc *doc = read_if_there(it->counter_path);
  peal_val from = peal_doc_val(doc);
  peal_build *build = peal_build_new();
  int64_t count = peal_val_int(peal_val_get(from, day), 0);
  count = count < 0 || count >= 1000000 ? 1 : count + 1;
  bool done = keep_write(it->counter_path, days_val(build, from, day, count));
  peal_build_free(build);
  peal_doc_free(doc);
  if (!done)
    say("error: %s: %s", it->counter_path, strerror(errno));
  return done ? (unsigned)count : 0;
}

/* What the options say of a test is said of one: under a name that was given
 * before, also by the run before, a test would be a correction of that. */
static bool is_for_this(const journal *it, const options *opts) {
  return !it->has_begun && (opts->test_id[0] == '\0' ||
                            strcmp(it->course.id, opts->test_id) != 0);
}

bool journal_begin(journal *it, const options *opts, int64_t at_ms,
                   bool is_simulated) {
  char day[TEST_ID_DAY_BYTES];
  civil at = wall_civil(at_ms);
  course *test = &it->course;
  bool is_named = is_for_this(it, opts);
  *test = (course){.started_ms = at_ms, .is_running = true};
  const char *type = is_named && opts->test_type[0] != '\0' ? opts->test_type
                                                            : test_id_type(at);
  snprintf(test->type, sizeof test->type, "%s", type);
  it->has_begun = true;
  if (is_named && opts->test_id[0] != '\0') {
    snprintf(test->id, sizeof test->id, "%s", opts->test_id);
    return true;
  }
  test_id_day(day, at);
  unsigned number = next_number(it, day);
  test_id_make(test->id, is_simulated, at, number);
  return number > 0;
}

bool journal_put(journal *it, peal_val result) {
  peal_doc_free(it->waiting);
  it->waiting = peal_doc_new(result);
  return it->waiting != NULL;
}

static bool write_down(const journal *it) {
  peal_build *build = peal_build_new();
  peal_val waiting = it->waiting ? peal_doc_val(it->waiting) : peal_undefined();
  bool done = keep_write(it->path,
                         PEAL_OBJECT({"course", course_val(build, &it->course)},
                                     {"seen", peal_str(it->seen)},
                                     {"waiting", waiting}));
  peal_build_free(build);
  if (!done)
    say("error: %s: %s", it->path, strerror(errno));
  return done;
}

bool journal_commit(journal *it, uplink *up) {
  char id[TEST_ID_BYTES];
  if (!write_down(it))
    return false;
  if (it->waiting == NULL)
    return true;
  peal_val result = peal_doc_val(it->waiting);
  snprintf(id, sizeof id, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(result, "testId"))));
  int t_min = (int)peal_val_int(peal_val_get(result, "t_min"), 0);
  if (!uplink_result(up, result, id, t_min))
    return false;
  peal_doc_free(it->waiting);
  it->waiting = NULL;
  return write_down(it);
}
