/* SPDX-License-Identifier: MIT */
/* Against vision_fake.py, a model on loopback in which each path is a way to
 * answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vision.h"

static const char picture[] = "\xFF\xD8picture";

enum { PICTURE_BYTES = sizeof picture - 1 };

typedef struct fake {
  pid_t pid;
  int input; /* closing it ends the model */
  int port;
} fake;

static fake model;

static int start_model(void **state) {
  (void)state;
  int in[2], out[2];
  if (pipe(in) != 0 || pipe(out) != 0)
    return -1;
  model.pid = fork();
  if (model.pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[1]);
    execlp("python3", "python3", TEST_DIR "/vision_fake.py", (char *)NULL);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  model.input = in[1];
  FILE *from = fdopen(out[0], "r");
  bool done = from != NULL && fscanf(from, "%d", &model.port) == 1;
  if (from != NULL)
    fclose(from);
  return done ? 0 : -1;
}

static int stop_model(void **state) {
  (void)state;
  close(model.input);
  return waitpid(model.pid, NULL, 0) == model.pid ? 0 : -1;
}

/* Options for the way of answering; short times, so that tests are quick. */
static vision_opts opts_for(const char *way, vision_kind kind) {
  static char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/%s", model.port, way);
  return (vision_opts){.kind = kind,
                       .base_url = url,
                       .model = "eye-1.5",
                       .key = "secret-key",
                       .prompt = "say \"what\" you see",
                       .timeout_ms = 3000,
                       .backoff_ms = 10};
}

/* ---- the worker ------------------------------------------------------ */

static peal_workers *workers;
static peal_worker *worker;
static pthread_t thread;

static void *run(void *user) {
  (void)user;
  return peal_workers_run(workers) == 0 ? NULL : workers;
}

static int set_up(void **state) {
  workers = peal_workers_new(NULL);
  worker = peal_workers_get(workers, 0);
  return start_model(state) == 0 &&
                 pthread_create(&thread, NULL, run, NULL) == 0
             ? 0
             : -1;
}

static int tear_down(void **state) {
  void *failed = NULL;
  peal_workers_stop(workers, 0);
  pthread_join(thread, &failed);
  peal_workers_free(workers);
  return failed == NULL ? stop_model(state) : -1;
}

/* One question, from this thread to the worker and back. */
typedef struct question {
  const vision_opts *opts;
  vision *vision;
  char *text;
  vision_err err;
  vision_report report;
  sem_t done;
} question;

static void on_described(vision_err err, const char *text,
                         const vision_report *report, void *user) {
  question *q = user;
  q->err = err;
  q->text = text != NULL ? strdup(text) : NULL;
  q->report = *report;
  sem_post(&q->done);
}

static void begin(peal_worker *of, void *user) {
  question *q = user;
  peal_bytes *request = NULL;
  q->vision = vision_new(q->opts, of, &q->err);
  assert_non_null(q->vision);
  assert_int_equal(
      vision_request(q->vision, "image/jpeg", picture, PICTURE_BYTES, &request),
      VISION_OK);
  vision_ask(q->vision, request, on_described, q);
}

static void stop(peal_worker *of, void *user) {
  (void)of;
  vision_stop(((question *)user)->vision);
}

static void end(peal_worker *of, void *user) {
  question *q = user;
  (void)of;
  vision_free(q->vision);
  sem_post(&q->done);
}

/* `stop_after_ms` 0: it is not stopped. */
static void describe(question *q, const vision_opts *opts,
                     unsigned stop_after_ms) {
  *q = (question){.opts = opts};
  sem_init(&q->done, 0, 0);
  assert_int_equal(peal_worker_post(worker, begin, q), PEAL_OK);
  if (stop_after_ms > 0) {
    usleep(stop_after_ms * 1000);
    assert_int_equal(peal_worker_post(worker, stop, q), PEAL_OK);
  }
  sem_wait(&q->done);
  assert_int_equal(peal_worker_post(worker, end, q), PEAL_OK);
  sem_wait(&q->done);
  sem_destroy(&q->done);
}

static vision_err ask(const vision_opts *opts, char **text,
                      vision_report *report) {
  question q;
  describe(&q, opts, 0);
  *text = q.text;
  if (report != NULL)
    *report = q.report;
  assert_true((q.err == VISION_OK) == (*text != NULL));
  return q.err;
}

/* Expect an error of this way, and that many tries. */
static void expect_err(const char *way, vision_err wanted, uint32_t tries) {
  char *text = NULL;
  vision_report report;
  vision_opts opts = opts_for(way, VISION_OPENAI);
  assert_int_equal(ask(&opts, &text, &report), wanted);
  assert_int_equal(report.tries, tries);
}

static void expect_text(const vision_opts *opts, const char *wanted) {
  char *text = NULL;
  assert_int_equal(ask(opts, &text, NULL), VISION_OK);
  assert_string_equal(text, wanted);
  free(text);
}

/* ---- answers -------------------------------------------------------- */

static void asks_in_the_form_of_gemini(void **state) {
  (void)state;
  vision_opts opts = opts_for("gemini/", VISION_GEMINI);
  expect_text(&opts, "A cat sleeps.");
}

static void asks_in_the_form_of_chat_completions(void **state) {
  (void)state;
  vision_opts opts = opts_for("openai", VISION_OPENAI);
  expect_text(&opts, "A dog.");
}

static void sends_no_key_where_none_is_set(void **state) {
  (void)state;
  vision_opts opts = opts_for("nokey", VISION_OPENAI);
  opts.key = NULL;
  expect_text(&opts, "No key was sent.");
}

static void joins_an_answer_in_parts(void **state) {
  (void)state;
  vision_opts opts = opts_for("parts", VISION_OPENAI);
  expect_text(&opts, "A bird.");
}

static void cuts_a_long_answer_between_characters(void **state) {
  (void)state;
  vision_opts opts = opts_for("long", VISION_OPENAI);
  opts.max_text_bytes = 5;
  expect_text(&opts, "\xC3\xA9\xC3\xA9\xE2\x80\xA6");
}

/* ---- failures ------------------------------------------------------- */

static void a_server_that_recovers_is_asked_again(void **state) {
  (void)state;
  vision_opts opts = opts_for("flaky", VISION_OPENAI);
  char *text = NULL;
  vision_report report;
  assert_int_equal(ask(&opts, &text, &report), VISION_OK);
  assert_string_equal(text, "Third time lucky.");
  assert_int_equal(report.tries, 3);
  assert_int_equal(report.http_status, 200);
  free(text);
}

static void a_broken_server_is_given_up(void **state) {
  (void)state;
  expect_err("down", VISION_ERR_SERVER, 3);
}

static void no_retries_means_one_try(void **state) {
  (void)state;
  vision_opts opts = opts_for("down", VISION_OPENAI);
  opts.retries = VISION_NO_RETRIES;
  char *text = NULL;
  vision_report report;
  assert_int_equal(ask(&opts, &text, &report), VISION_ERR_SERVER);
  assert_int_equal(report.tries, 1);
}

static void a_busy_server_gets_the_time_it_asks_for(void **state) {
  (void)state;
  vision_opts opts = opts_for("busy", VISION_OPENAI);
  opts.retries = 1;
  char *text = NULL;
  vision_report report;
  assert_int_equal(ask(&opts, &text, &report), VISION_ERR_BUSY);
  assert_int_equal(report.tries, 2);
  assert_true(report.elapsed_ms >= 1000);
}

static void a_refusal_is_not_repeated(void **state) {
  (void)state;
  expect_err("forbidden", VISION_ERR_KEY, 1);
  expect_err("refused", VISION_ERR_REFUSED, 1);
}

static void a_redirect_is_not_followed(void **state) {
  (void)state;
  expect_err("moved", VISION_ERR_SERVER, 1);
}

static void a_late_answer_is_a_timeout(void **state) {
  (void)state;
  vision_opts opts = opts_for("late", VISION_OPENAI);
  opts.timeout_ms = 200;
  opts.retries = 1;
  char *text = NULL;
  vision_report report;
  assert_int_equal(ask(&opts, &text, &report), VISION_ERR_TIMEOUT);
  assert_int_equal(report.tries, 2);
  assert_true(report.elapsed_ms < 4500); /* the answer comes after 5 s */
}

static void nobody_at_the_address_is_unreachable(void **state) {
  (void)state;
  vision_opts opts = opts_for("", VISION_OPENAI);
  opts.base_url = "http://127.0.0.1:1";
  char *text = NULL;
  assert_int_equal(ask(&opts, &text, NULL), VISION_ERR_UNREACHABLE);
}

static void a_cut_answer_is_unreachable(void **state) {
  (void)state;
  expect_err("cut", VISION_ERR_UNREACHABLE, 3);
}

static void garbage_is_no_answer(void **state) {
  (void)state;
  expect_err("garbage", VISION_ERR_ANSWER, 1);
  expect_err("utf8", VISION_ERR_ANSWER, 1);
  expect_err("empty", VISION_ERR_ANSWER, 1);
  expect_err("wrong", VISION_ERR_ANSWER, 1);
}

static void an_oversize_answer_is_no_answer(void **state) {
  (void)state;
  expect_err("huge", VISION_ERR_ANSWER, 1);
}

/* Stop after a moment and measure how long the call lasted. */
static uint32_t stopped_after_ms(const char *way, uint32_t backoff_ms) {
  question q;
  vision_opts opts = opts_for(way, VISION_OPENAI);
  opts.timeout_ms = 10000;
  opts.backoff_ms = backoff_ms;
  describe(&q, &opts, 200);
  assert_int_equal(q.err, VISION_ERR_STOPPED);
  return q.report.elapsed_ms;
}

static void a_stop_ends_the_request_and_the_pause(void **state) {
  (void)state;
  assert_true(stopped_after_ms("late", 10) < 4500);
  assert_true(stopped_after_ms("down", 8000) < 6000);
}

/* ---- options -------------------------------------------------------- */

static void refuses_wrong_options(void **state) {
  (void)state;
  const vision_opts wrong[] = {
      {.kind = VISION_NONE, .model = "m"},
      {.kind = VISION_OPENAI},
      {.kind = VISION_OPENAI, .model = "m?key=1"},
      {.kind = VISION_GEMINI, .model = "../../other"},
      {.kind = VISION_OPENAI, .model = "m", .base_url = "file:///etc/passwd"},
      {.kind = VISION_OPENAI, .model = "m", .base_url = "http://a b"},
      {.kind = VISION_OPENAI, .model = "m", .key = "a\r\nX-Other: b"},
      {.kind = VISION_OPENAI, .model = "m", .key = ""},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    vision_err err = VISION_OK;
    assert_null(vision_new(&wrong[i], worker, &err));
    assert_int_equal(err, VISION_ERR_OPTS);
  }
}

static void refuses_a_picture_that_is_empty_or_too_big(void **state) {
  (void)state;
  vision_opts opts = opts_for("openai", VISION_OPENAI);
  vision_err err;
  peal_bytes *request = NULL;
  peal_workers *never_run = peal_workers_new(NULL);
  vision *v = vision_new(&opts, peal_workers_get(never_run, 0), &err);
  assert_non_null(v);
  assert_int_equal(vision_request(v, "image/png", picture, 0, &request),
                   VISION_ERR_PICTURE);
  assert_int_equal(vision_request(v, "image/png", picture,
                                  VISION_MAX_PICTURE_BYTES + 1, &request),
                   VISION_ERR_PICTURE);
  assert_null(request);
  vision_free(v);
  peal_workers_free(never_run);
}

static void knows_the_names_of_the_kinds(void **state) {
  (void)state;
  vision_kind kind = VISION_NONE;
  assert_true(vision_kind_parse(&kind, "gemini"));
  assert_int_equal(kind, VISION_GEMINI);
  assert_true(vision_kind_parse(&kind, "openai"));
  assert_true(vision_kind_parse(&kind, "none"));
  assert_false(vision_kind_parse(&kind, "Gemini"));
}

static void error_texts_hold_nothing_secret(void **state) {
  (void)state;
  for (int err = VISION_ERR_MEMORY; err <= VISION_OK; err++) {
    const char *text = vision_err_text((vision_err)err);
    assert_true(strlen(text) > 5);
    assert_null(strstr(text, "secret"));
    assert_null(strstr(text, "unknown"));
  }
}

int main(void) {
  // a proxy of the environment is not for loopback
  setenv("NO_PROXY", "127.0.0.1", 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(asks_in_the_form_of_gemini),
      cmocka_unit_test(asks_in_the_form_of_chat_completions),
      cmocka_unit_test(sends_no_key_where_none_is_set),
      cmocka_unit_test(joins_an_answer_in_parts),
      cmocka_unit_test(cuts_a_long_answer_between_characters),
      cmocka_unit_test(a_server_that_recovers_is_asked_again),
      cmocka_unit_test(a_broken_server_is_given_up),
      cmocka_unit_test(no_retries_means_one_try),
      cmocka_unit_test(a_busy_server_gets_the_time_it_asks_for),
      cmocka_unit_test(a_refusal_is_not_repeated),
      cmocka_unit_test(a_redirect_is_not_followed),
      cmocka_unit_test(a_late_answer_is_a_timeout),
      cmocka_unit_test(nobody_at_the_address_is_unreachable),
      cmocka_unit_test(a_cut_answer_is_unreachable),
      cmocka_unit_test(garbage_is_no_answer),
      cmocka_unit_test(an_oversize_answer_is_no_answer),
      cmocka_unit_test(a_stop_ends_the_request_and_the_pause),
      cmocka_unit_test(refuses_wrong_options),
      cmocka_unit_test(refuses_a_picture_that_is_empty_or_too_big),
      cmocka_unit_test(knows_the_names_of_the_kinds),
      cmocka_unit_test(error_texts_hold_nothing_secret),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
