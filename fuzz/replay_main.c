/* SPDX-License-Identifier: MIT */
/* replay_main: runs a fuzz target over the files of the folders and the files
 * it is given, for compilers without libFuzzer. A corpus thus is a regression
 * test everywhere. A missing folder is an empty corpus: the empty input is
 * always tried. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/stat.h>

enum { INPUT_MAX_BYTES = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t replayed;

static bool replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(INPUT_MAX_BYTES);
  bool ok = false;

  if (file != NULL && data != NULL) {
    size_t len = fread(data, 1, INPUT_MAX_BYTES, file);
    ok = ferror(file) == 0;
    if (ok) {
      // An exact copy, so that a sanitizer sees the first byte past the end.
      uint8_t *exact = malloc(len > 0 ? len : 1);
      ok = exact != NULL;
      if (ok) {
        memcpy(exact, data, len);
        (void)LLVMFuzzerTestOneInput(exact, len);
        replayed++;
      }
      free(exact);
    }
  }
  if (!ok)
    fprintf(stderr, "cannot read %s\n", path);
  if (file != NULL)
    (void)fclose(file);
  free(data);
  return ok;
}

static bool replay_path(const char *path) {
  struct stat info;
  if (stat(path, &info) != 0)
    return true;
  if (!S_ISDIR(info.st_mode))
    return replay_file(path);

  struct dirent **names = NULL;
  int count = scandir(path, &names, NULL, alphasort);
  bool ok = count >= 0;
  for (int i = 0; i < count; i++) {
    char full[4096];
    int len = snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
    if (names[i]->d_name[0] != '.' && len > 0 && (size_t)len < sizeof full)
      ok = replay_path(full) && ok;
    free(names[i]);
  }
  free(names);
  return ok;
}

int main(int argc, char **argv) {
  bool ok = true;
  uint8_t none = 0;

  (void)LLVMFuzzerTestOneInput(&none, 0);
  for (int i = 1; i < argc; i++)
    ok = replay_path(argv[i]) && ok;
  printf("replayed %zu inputs\n", replayed);
  return ok ? 0 : 1;
}
