/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/config.h>

static const peal_config_key keys[] = {
    {"port", PEAL_CONFIG_INT, .otherwise = "5000", .help = "where to listen",
     .min = 1, .max = 65535},
    {"data-dir", PEAL_CONFIG_STR, .otherwise = "data",
     .help = "where data is kept"},
    {"verbose", PEAL_CONFIG_BOOL, .help = "say more"},
    {"max-upload", PEAL_CONFIG_BYTES, .otherwise = "10M",
     .help = "of an upload"},
    {"poll", PEAL_CONFIG_MS, .otherwise = "2s", .help = "between two looks"},
    {"factor", PEAL_CONFIG_DOUBLE, .otherwise = "1.5", .help = "a number",
     .min = 0, .max = 2},
    {"mode", PEAL_CONFIG_STR, .otherwise = "local", .help = "how",
     .choices = "local remote"},
    {"vision-key", PEAL_CONFIG_STR, .help = "of the model", .secret = true},
};

static char dir[64];
static char file_path[96];
static char err_path[96];

static int setup(void **state) {
  (void)state;
  strcpy(dir, "/tmp/peal-config-XXXXXX");
  assert_non_null(mkdtemp(dir));
  snprintf(file_path, sizeof(file_path), "%s/x.conf", dir);
  snprintf(err_path, sizeof(err_path), "%s/err", dir);
  return 0;
}

static int teardown(void **state) {
  char command[100];
  (void)state;
  unsetenv("TST_PORT");
  unsetenv("TST_DATA_DIR");
  unsetenv("TST_VISION_KEY");
  unsetenv("TST_NONSENSE");
  unsetenv("TST_CONFIG");
  snprintf(command, sizeof(command), "rm -rf %s", dir);
  return system(command);
}

static void write_file(const char *text) {
  FILE *file = fopen(file_path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static peal_config *load_from(const char *usual, char **words, int *code) {
  int count = 0;
  while (words[count])
    count++;
  return peal_config_new(
      &(peal_config_opts){.program = "tst",
                          .env_prefix = "TST",
                          .file = usual,
                          .keys = keys,
                          .key_count = PEAL_CONFIG_COUNT(keys)},
      count, words, code);
}

#define LOAD(...) load((char *[]){(char[]){"tst"}, __VA_ARGS__ NULL})
#define W(word)                                                                \
  (char[]) {                                                                   \
    word                                                                       \
  }

static peal_config *load(char **words) {
  int code = 7;
  peal_config *config = load_from(NULL, words, &code);
  assert_non_null(config);
  assert_int_equal(code, 0);
  return config;
}

/* What is said on stderr when it is refused. */
static const char *refusal(char **words) {
  static char text[1024];
  int code = 7;
  int before = dup(2);
  int fd = open(err_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  dup2(fd, 2);
  peal_config *config = load_from(NULL, words, &code);
  dup2(before, 2);
  close(before);
  ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
  close(fd);
  assert_null(config);
  assert_int_equal(code, 1);
  text[len > 0 ? len : 0] = 0;
  return text;
}

#define REFUSAL(...) refusal((char *[]){W("tst"), __VA_ARGS__, NULL})

static void has_defaults(void **state) {
  (void)state;
  peal_config *config = LOAD();
  assert_int_equal(peal_config_int(config, "port"), 5000);
  assert_string_equal(peal_config_str(config, "data-dir"), "data");
  assert_false(peal_config_bool(config, "verbose"));
  assert_int_equal(peal_config_int(config, "max-upload"), 10 << 20);
  assert_int_equal(peal_config_int(config, "poll"), 2000);
  assert_true(peal_config_double(config, "factor") == 1.5);
  assert_string_equal(peal_config_str(config, "vision-key"), "");
  assert_string_equal(peal_config_source(config, "port"), "default");
  peal_config_free(config);
}

static void flags_have_three_forms(void **state) {
  (void)state;
  peal_config *config =
      LOAD(W("--port=1"), W("--data-dir"), W("a=b"), W("--verbose"),
           W("--poll=250ms"), W("--max-upload"), W("64k"), W("--factor=2e0"), );
  assert_int_equal(peal_config_int(config, "port"), 1);
  assert_string_equal(peal_config_str(config, "data-dir"), "a=b");
  assert_true(peal_config_bool(config, "verbose"));
  assert_int_equal(peal_config_int(config, "poll"), 250);
  assert_int_equal(peal_config_int(config, "max-upload"), 65536);
  assert_true(peal_config_double(config, "factor") == 2);
  peal_config_free(config);
  config =
      LOAD(W("--verbose"), W("--no-verbose"), W("--port=1"), W("--port=2"), );
  assert_false(peal_config_bool(config, "verbose"));
  assert_int_equal(peal_config_int(config, "port"), 2);
  peal_config_free(config);
}

static void flags_come_before_environment_and_that_before_the_file(
    void **state) {
  char config_flag[128];
  (void)state;
  snprintf(config_flag, sizeof(config_flag), "--config=%s", file_path);
  write_file("port = 1\ndata-dir = file\nmode = remote\n");
  setenv("TST_PORT", "2", 1);
  setenv("TST_DATA_DIR", "environment", 1);
  char *words[] = {W("tst"), config_flag, W("--port"), W("3"), NULL};
  peal_config *config = load(words);
  assert_int_equal(peal_config_int(config, "port"), 3);
  assert_string_equal(peal_config_source(config, "port"), "flag");
  assert_string_equal(peal_config_str(config, "data-dir"), "environment");
  assert_string_equal(peal_config_source(config, "data-dir"), "environment");
  assert_string_equal(peal_config_str(config, "mode"), "remote");
  assert_string_equal(peal_config_source(config, "mode"), file_path);
  peal_config_free(config);
}

static void reads_sections_comments_and_quotes(void **state) {
  (void)state;
  write_file("# a comment\n; another\n\n  data_dir = a b # rest\n"
             "[vision]\n key = \"x # \\\" ; \\\\\" # rest\n"
             "[max]\nUPLOAD=7\r\n");
  setenv("TST_CONFIG", file_path, 1);
  peal_config *config = LOAD();
  assert_string_equal(peal_config_str(config, "data-dir"), "a b");
  assert_string_equal(peal_config_str(config, "vision-key"), "x # \" ; \\");
  assert_int_equal(peal_config_int(config, "max-upload"), 7);
  peal_config_free(config);
}

static void the_usual_file_need_not_exist(void **state) {
  char *words[] = {W("tst"), NULL};
  int code;
  (void)state;
  peal_config *config = load_from(file_path, words, &code);
  assert_non_null(config);
  peal_config_free(config);
  write_file("port = 9");
  config = load_from(file_path, words, &code);
  assert_int_equal(peal_config_int(config, "port"), 9);
  peal_config_free(config);
}

static void unknown_keys_are_refused_with_the_nearest(void **state) {
  char config_flag[128];
  (void)state;
  assert_string_equal(REFUSAL(W("--prot=1")),
                      "tst: unknown key prot (flag), did you mean port?\n");
  assert_string_equal(REFUSAL(W("--zzzzzz")),
                      "tst: unknown key zzzzzz (flag), see --help\n");
  assert_string_equal(REFUSAL(W("port")),
                      "tst: expected a flag, not port, see --help\n");
  setenv("TST_NONSENSE", "1", 1);
  assert_non_null(strstr(REFUSAL(W("--port=1")), "unknown key NONSENSE"));
  unsetenv("TST_NONSENSE");
  snprintf(config_flag, sizeof(config_flag), "--config=%s", file_path);
  write_file("\n[data]\ndri = 1\n");
  assert_non_null(
      strstr(REFUSAL(config_flag), "x.conf:3), did you mean data-dir?"));
}

static void values_are_checked(void **state) {
  static const struct {
    const char *flag, *said;
  } cases[] = {
      {"--port=0", "tst: port: expected 1 to 65535, not 0 (flag)\n"},
      {"--port=x", "tst: port: expected a whole number, not \"x\" (flag)\n"},
      {"--port=1x", "tst: port: expected a whole number, not \"1x\" (flag)\n"},
      {"--port=99999999999999999999", NULL},
      {"--factor=3", NULL},
      {"--factor=nan", NULL},
      {"--factor=0x1", NULL},
      {"--verbose=maybe", NULL},
      {"--poll=5 parsecs", NULL},
      {"--max-upload=9999999999G", NULL},
      {"--mode=other", "tst: mode: expected one of local remote, not \"other\" "
                       "(flag)\n"},
      {"--port", "tst: --port expects a value\n"},
      {"--config", "tst: --config expects a file\n"},
      {"--config=/nowhere/x", "tst: /nowhere/x: No such file or directory\n"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char word[80];
    snprintf(word, sizeof(word), "%s", cases[i].flag);
    const char *said = REFUSAL(word);
    if (cases[i].said)
      assert_string_equal(said, cases[i].said);
  }
}

static void malformed_lines_are_told_with_their_place(void **state) {
  static const char *const bad[] = {
      "port", "[port", "[]", "[a] b", "data-dir = \"x", "data-dir = \"x\" y"};
  char config_flag[128];
  (void)state;
  snprintf(config_flag, sizeof(config_flag), "--config=%s", file_path);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    write_file(bad[i]);
    assert_non_null(strstr(REFUSAL(config_flag), "x.conf:1: "));
  }
}

static void secrets_are_no_flags_and_are_never_shown(void **state) {
  (void)state;
  assert_non_null(strstr(REFUSAL(W("--vision-key=abc")), "is secret"));
  setenv("TST_VISION_KEY", "abc", 1);
  peal_config *config = LOAD();
  assert_string_equal(peal_config_str(config, "vision-key"), "abc");
  peal_config_free(config);
}

static void help_ends_well(void **state) {
  char *words[] = {W("tst"), W("--help"), NULL};
  int code = 7;
  (void)state;
  fflush(stdout);
  int before = dup(1);
  int fd = open(err_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  dup2(fd, 1);
  assert_null(load_from(NULL, words, &code));
  fflush(stdout);
  dup2(before, 1);
  close(before);
  char text[4096] = "";
  assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
  close(fd);
  assert_int_equal(code, 0);
  assert_non_null(strstr(text, "--port N"));
  assert_non_null(strstr(text, "[1 to 65535] (default 5000)"));
  assert_non_null(strstr(text, "[local remote]"));
  assert_non_null(strstr(text, " $TST_PORT\n"));
  assert_non_null(strstr(text, " $TST_VISION_KEY\n"));
}

/* -- secrets ----------------------------------------------------------------- */

static void a_secret_is_made_once_for_the_owner_only(void **state) {
  char *first = NULL, *second = NULL;
  bool is_new = false;
  struct stat stat_of;
  (void)state;
  assert_int_equal(peal_config_secret(&first, file_path, 16, &is_new, NULL),
                   PEAL_OK);
  assert_true(is_new);
  assert_int_equal(strlen(first), 32);
  assert_int_equal(stat(file_path, &stat_of), 0);
  assert_int_equal(stat_of.st_mode & 0777, 0600);
  assert_int_equal(peal_config_secret(&second, file_path, 16, &is_new, NULL),
                   PEAL_OK);
  assert_false(is_new);
  assert_string_equal(first, second);
  peal_config_secret_free(first);
  peal_config_secret_free(second);
}

static void a_secret_that_others_may_read_is_refused(void **state) {
  char *secret = NULL;
  peal_err_info info = {0};
  (void)state;
  write_file("abc");
  assert_int_equal(chmod(file_path, 0640), 0);
  assert_int_equal(peal_config_secret(&secret, file_path, 16, NULL, &info),
                   PEAL_ERR_USAGE);
  assert_null(secret);
  assert_non_null(strstr(info.msg, "0600"));
  assert_int_equal(chmod(file_path, 0600), 0);
  assert_int_equal(peal_config_secret(&secret, file_path, 16, NULL, &info),
                   PEAL_OK);
  assert_string_equal(secret, "abc");
  peal_config_secret_free(secret);
  write_file("");
  assert_int_equal(peal_config_secret(&secret, file_path, 16, NULL, &info),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_config_secret(&secret, "/nowhere/x", 16, NULL, &info),
                   PEAL_ERR_SYSTEM);
  assert_int_equal(peal_config_secret(&secret, file_path, 15, NULL, &info),
                   PEAL_ERR_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(has_defaults),
      TEST(flags_have_three_forms),
      TEST(flags_come_before_environment_and_that_before_the_file),
      TEST(reads_sections_comments_and_quotes),
      TEST(the_usual_file_need_not_exist),
      TEST(unknown_keys_are_refused_with_the_nearest),
      TEST(values_are_checked),
      TEST(malformed_lines_are_told_with_their_place),
      TEST(secrets_are_no_flags_and_are_never_shown),
      TEST(help_ends_well),
      TEST(a_secret_is_made_once_for_the_owner_only),
      TEST(a_secret_that_others_may_read_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
