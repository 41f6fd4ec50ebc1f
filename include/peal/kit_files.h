/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_files: files that came from outside, in one folder of the data folder,
 * under names that the program gives; and small pictures in place of large
 * ones.
 *
 *   upload --> write (pool): whole and on disk --> the application's row
 *                                                     |
 *                    added: one too many? the oldest rows go, then their files
 *
 * A file is whole and on disk before its row is stored, and goes after its row.
 * What the next start finds without a row is removed if it is not whole, and
 * otherwise set aside in <data-dir>/orphans: a database may have been lost.
 * Count and bytes of each kind are bounded. A disk that takes nothing is said
 * by the health page, and forgotten when it takes something again.
 *
 * Example: apps/esp32/media.c */
#include <peal/kit_program.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PEAL_KIT_FILES_NAME_BYTES = 64, PEAL_KIT_FILES_KINDS = 4 };

/* One kind of files, each of which has a row of `table`, whose columns are `id`
 * (it rises), `file` and `bytes`. All text is static, and goes into SQL as it
 * is. */
typedef struct peal_kit_files_kind {
  const char *table;  /* NULL: no kind */
  const char *prefix; /* of names: "image-"; lower case, digits, `-` */
  int64_t max_count, max_bytes;
  bool has_thumbs;
} peal_kit_files_kind;

/* What became of making a small picture. */
typedef enum peal_kit_thumb {
  PEAL_KIT_THUMB_MADE,   /* a JPEG */
  PEAL_KIT_THUMB_NEVER,  /* it cannot be decoded: a placeholder stands for it */
  PEAL_KIT_THUMB_NOT_NOW /* memory: it is tried again when it is asked for */
} peal_kit_thumb;

typedef struct peal_kit_files_opts {
  const char *folder; /* below the data folder: "media" */
  const char *words;  /* for people: "pictures cannot be written" */
  peal_kit_files_kind kinds[PEAL_KIT_FILES_KINDS]; /* up to one without table */
  /* Make a small picture: *out from malloc, taken. On the pool, two at a time;
   * NULL: there are none. */
  peal_kit_thumb (*make_thumb)(uint8_t **out, size_t *out_len,
                               const void *bytes, size_t len);
} peal_kit_files_opts;

/* The folder of one program. */
typedef struct peal_kit_files peal_kit_files;

/* Make the folder, count what is there, sweep. `opts` is copied. Blocks: in
 * on_make. Returns NULL after logging why. */
PEAL_API peal_kit_files *peal_kit_files_new(peal_kit *kit,
                                            const peal_kit_files_opts *opts);
/* Small pictures that wait on this worker are answered. On each worker when it
 * stops. */
PEAL_API void peal_kit_files_stop(peal_kit_files *files);
PEAL_API void peal_kit_files_free(peal_kit_files *files);

/* A name that was never used: prefix, time, random digits, `extension` (3
 * letters). False: there are no random numbers. Thread: any. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_files_name(
    const peal_kit_files *files, char out[PEAL_KIT_FILES_NAME_BYTES],
    size_t kind, int64_t stamp, const char *extension);
/* Write a file from `count` parts (borrowed); when it returns true, it is on
 * disk under its name. False: errno says why and nothing is left. Blocks: for
 * the pool. Thread: any. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_files_write(peal_kit_files *files,
                                                   const char *name,
                                                   const peal_slice *parts,
                                                   size_t count);
/* Read a file of up to 16 MiB: *out is the caller's, free(). Blocks. Thread:
 * any. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_files_read(peal_kit_files *files,
                                                  const char *name, void **out,
                                                  size_t *len);
/* Blocks. Thread: any. */
PEAL_API void peal_kit_files_remove(peal_kit_files *files, const char *name);
/* Its row is stored: a small picture is made, and room if it was one too many.
 * On a worker. */
PEAL_API void peal_kit_files_added(peal_kit_files *files, size_t kind,
                                   const char *name, int64_t bytes);
/* What is kept. Thread: any. */
PEAL_API void peal_kit_files_totals(peal_kit_files *files, size_t kind,
                                    int64_t *count, int64_t *bytes);

/* Every minute: try whether a file can be written. On a worker. */
PEAL_API void peal_kit_files_tick(peal_kit_files *files);
/* What can be seen of the folder now, and what was found out by writing: that
 * is tried anew for the next who asks, so that an idle program writes next to
 * nothing. A peal_kit_part_fn, `user` is the files. On a worker. */
PEAL_API void peal_kit_files_state(peal_kit_state *out, void *user);

/* GET /…/:name, a file by the name that it was given; `user` is the files. */
PEAL_API void peal_kit_files_on_get(peal_http_req *req, void *user);
/* GET /…/:name, the small picture of that file; one that is not there, as of an
 * older file, is made then. `user` is the files. */
PEAL_API void peal_kit_files_on_thumb(peal_http_req *req, void *user);

#ifdef __cplusplus
}
#endif
