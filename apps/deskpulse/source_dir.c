/* SPDX-License-Identifier: MIT */
/* source_dir: a folder of JPEG files in the order of their names, or a file of
 * pictures one behind the other; both begin again at their end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mjpeg.h"
#include "source_driver.h"
#include "source_watch.h"

enum { MAX_NAMES = 100000, CHUNK = 65536 };

typedef struct album {
  char *path;
  bool folder;
  struct dirent **names; /* of the folder */
  int count, at;
  bool any;   /* something was shown in this round */
  int fd;     /* of the file */
  mjpeg film; /* what was read of it */
  uint64_t due_ms;
  uint32_t step_ms;
} album;

static int is_picture(const struct dirent *entry) {
  const char *dot = strrchr(entry->d_name, '.');
  return entry->d_name[0] != '.' && dot != NULL &&
         (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static void names_free(album *a) {
  for (int i = 0; i < a->count; i++)
    free(a->names[i]);
  free(a->names);
  a->names = NULL;
  a->count = a->at = 0;
}

static bool lost(char *reason, const char *what) {
  snprintf(reason, SOURCE_REASON, "%s", what);
  return false;
}

static bool lost_errno(char *reason, const char *what) {
  snprintf(reason, SOURCE_REASON, "%s: %s", what, strerror(errno));
  return false;
}

static bool list(album *a, char *reason) {
  names_free(a);
  int count = scandir(a->path, &a->names, is_picture, alphasort);
  if (count < 0) {
    a->names = NULL;
    return lost_errno(reason, "the folder cannot be read");
  }
  a->count = count;
  a->any = false;
  if (count == 0)
    return lost(reason, "there is no JPEG file in the folder");
  return count <= MAX_NAMES || lost(reason, "there are too many files");
}

static bool album_open(void *self, char *reason) {
  album *a = self;
  struct stat about;
  a->fd = open(a->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (a->fd < 0)
    return lost_errno(reason, "the pictures cannot be opened");
  bool fine = fstat(a->fd, &about) == 0;
  a->folder = fine && S_ISDIR(about.st_mode);
  a->any = false;
  if (a->folder)
    fine = list(a, reason);
  else if (!fine || !S_ISREG(about.st_mode))
    fine = lost(reason, "the pictures are neither a folder nor a file");
  if (!fine) {
    close(a->fd);
    names_free(a);
    return false;
  }
  a->due_ms = source_now_ms();
  return true;
}

static void album_close(void *self) {
  album *a = self;
  close(a->fd);
  names_free(a);
  mjpeg_deinit(&a->film);
}

/* Read a whole file of at most SOURCE_MAX_FRAME_BYTES. NULL if it cannot be. */
static peal_bytes *read_file(int folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat about;
  char *bytes = NULL;
  peal_bytes *out = NULL;
  if (fd < 0)
    return NULL;
  if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
      about.st_size <= SOURCE_MAX_FRAME_BYTES)
    bytes = malloc((size_t)about.st_size);
  if (bytes != NULL && read(fd, bytes, (size_t)about.st_size) == about.st_size)
    out = peal_bytes_new((peal_slice){bytes, (size_t)about.st_size});
  free(bytes);
  close(fd);
  return out;
}

static source_word next_file(album *a, source_shot *out, char *reason) {
  if (a->at >= a->count) {
    bool any = a->any;
    if (!list(a, reason))
      return SOURCE_LOST;
    if (!any) {
      lost(reason, "no file of the folder can be read");
      return SOURCE_LOST;
    }
  }
  out->jpeg = read_file(a->fd, a->names[a->at++]->d_name);
  if (out->jpeg == NULL) {
    lost(reason, "a file of the folder cannot be read");
    return SOURCE_SPOILT;
  }
  a->any = true;
  return SOURCE_SHOT;
}

/* At the end of the file: from the beginning, if there was a picture. */
static source_word again(album *a, char *reason) {
  mjpeg_deinit(&a->film);
  if (a->any && lseek(a->fd, 0, SEEK_SET) == 0) {
    a->any = false;
    return SOURCE_NOTHING;
  }
  lost(reason, "there is no JPEG picture in the file");
  return SOURCE_LOST;
}

static source_word next_of_film(album *a, source_shot *out, char *reason) {
  char chunk[CHUNK];
  peal_slice picture;
  while (!mjpeg_next(&a->film, &picture)) {
    ssize_t got = read(a->fd, chunk, sizeof chunk);
    if (got < 0) {
      lost_errno(reason, "the file cannot be read");
      return SOURCE_LOST;
    }
    if (got == 0)
      return again(a, reason);
    if (mjpeg_feed(&a->film, (peal_slice){chunk, (size_t)got}) != PEAL_OK) {
      lost(reason, "memory is out");
      return SOURCE_LOST;
    }
  }
  out->jpeg = peal_bytes_new(picture);
  a->any = true;
  return out->jpeg != NULL ? SOURCE_SHOT : SOURCE_NOTHING;
}

static source_word album_next(void *self, source_shot *out, int wake,
                              uint32_t wait_ms, char *reason) {
  album *a = self;
  uint64_t now_ms = source_now_ms();
  if (now_ms < a->due_ms) {
    uint64_t left_ms = a->due_ms - now_ms;
    source_wait(-1, wake, left_ms < wait_ms ? (uint32_t)left_ms : wait_ms);
    return SOURCE_NOTHING;
  }
  source_word word =
      a->folder ? next_file(a, out, reason) : next_of_film(a, out, reason);
  // the way back to the beginning takes no time of its own
  if (word == SOURCE_NOTHING)
    return word;
  a->due_ms += a->step_ms;
  if (a->due_ms < now_ms)
    a->due_ms = now_ms + a->step_ms;
  return word;
}

static void album_free(void *self) {
  album *a = self;
  free(a->path);
  free(a);
}

source_eyes source_dir_new(const source_opts *opts) {
  static const source_driver driver = {album_open, album_next, album_close,
                                       album_free};
  source_eyes eyes = {&driver, NULL};
  album *a = calloc(1, sizeof *a);
  if (a == NULL)
    return eyes;
  a->path = strdup(opts->path);
  a->step_ms = 1000 / opts->fps;
  if (a->path == NULL) {
    free(a);
    return eyes;
  }
  eyes.self = a;
  return eyes;
}
