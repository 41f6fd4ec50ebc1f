/* SPDX-License-Identifier: MIT */
/* web_static: mounts a folder of files. */
#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "web/web_folder.h"
#include "web/web_open.h"

static bool copy(peal_web *app, char **out, const char *text) {
  if (!text || !*text)
    return true;
  *out = peal_mem_str(app->mem, peal_slice_of(text));
  return *out != NULL;
}

static peal_err open_one(peal_web *app, peal_web_folder *folder,
                         const char *dir) {
  int fd = peal_web_open_folder(dir);
  if (fd < 0) {
    peal_logger_write(app->log, PEAL_LOG_ERROR, "web", (peal_slice){0},
                      (peal_slice){0}, "the folder %.200s cannot be opened: %s",
                      dir, strerror(-fd));
    return PEAL_ERR_NOT_FOUND;
  }
  folder->folders[folder->folder_count++] = fd;
  return PEAL_OK;
}

static peal_err open_all(peal_web *app, peal_web_folder *folder,
                         const char *dir, const char *const *more) {
  size_t count = 1;
  while (more && more[count - 1])
    count++;
  folder->folders = peal_mem_zalloc(app->mem, count * sizeof(int));
  if (!folder->folders)
    return PEAL_ERR_NOMEM;
  peal_err err = open_one(app, folder, dir);
  for (size_t i = 0; !err && i + 1 < count; i++)
    err = open_one(app, folder, more[i]);
  return err;
}

static peal_err fill(peal_web *app, peal_web_folder *folder, const char *prefix,
                     const peal_web_static_opts *opts) {
  size_t max = opts->max_cache_bytes;
  if (!copy(app, &folder->prefix, prefix) ||
      !copy(app, &folder->index, opts->index ? opts->index : "index.html") ||
      !copy(app, &folder->cache_control, opts->cache_control) ||
      !copy(app, &folder->fallback, opts->fallback))
    return PEAL_ERR_NOMEM;
  if (!opts->no_compress) {
    folder->cache = peal_web_cache_new(max ? max : (size_t)8 << 20);
    if (!folder->cache)
      return PEAL_ERR_NOMEM;
  }
  if (!folder->prefix || strchr(prefix, '%') ||
      peal_web_router_split(&folder->path, peal_slice_of(folder->prefix), NULL))
    return PEAL_ERR_USAGE;
  folder->depth = folder->path.count;
  if (folder->path.parts[folder->depth - 1].len == 0)
    folder->depth--;
  return PEAL_OK;
}

/* The longest prefix first. */
static peal_err insert(peal_web *app, peal_web_folder *folder) {
  peal_web_folder **at = &app->folders;
  while (*at && (*at)->depth >= folder->depth) {
    if ((*at)->depth == folder->depth &&
        peal_web_router_below(&(*at)->path, &folder->path))
      return PEAL_ERR_EXISTS;
    at = &(*at)->next;
  }
  folder->next = *at;
  *at = folder;
  return PEAL_OK;
}

peal_err peal_web_static(peal_web *app, const char *prefix, const char *dir,
                         const peal_web_static_opts *opts) {
  static const peal_web_static_opts none;
  if (!app || !prefix || !dir || atomic_load(&app->running))
    return PEAL_ERR_USAGE;
  if (!opts)
    opts = &none;
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return PEAL_ERR_OPTION;
  peal_web_folder *folder = peal_mem_zalloc(app->mem, sizeof(*folder));
  if (!folder)
    return PEAL_ERR_NOMEM;
  peal_err err = fill(app, folder, prefix, opts);
  if (!err)
    err = open_all(app, folder, dir, opts->more_dirs);
  if (!err)
    err = insert(app, folder);
  if (err)
    peal_web_folder_free(app, folder);
  return err;
}
