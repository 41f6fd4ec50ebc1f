/* SPDX-License-Identifier: MIT */
#include "http/http_mount.h"

#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"

void peal_http_mount_init(peal_http_mount_list *list, const peal_mem *mem) {
  *list = (peal_http_mount_list){.mem = mem};
}

void peal_http_mount_deinit(peal_http_mount_list *list) {
  for (size_t i = 0; i < list->count; i++)
    peal_mem_free(list->mem, list->items[i].path);
  peal_mem_free(list->mem, list->items);
  list->items = NULL;
  list->count = 0;
}

static size_t place_for(const peal_http_mount_list *list, size_t len) {
  size_t place = 0;
  while (place < list->count && list->items[place].path_len >= len)
    place++;
  return place;
}

static bool is_taken(const peal_http_mount_list *list, peal_slice path) {
  for (size_t i = 0; i < list->count; i++)
    if (peal_slice_is(path, list->items[i].path))
      return true;
  return false;
}

static peal_err grow(peal_http_mount_list *list) {
  peal_http_mounted *items = peal_mem_resize(
      list->mem, list->items, (list->count + 1) * sizeof(*items));
  if (!items)
    return PEAL_ERR_NOMEM;
  list->items = items;
  return PEAL_OK;
}

peal_err peal_http_mount_add(peal_http_mount_list *list,
                             const peal_http_mount *mount) {
  peal_slice path = peal_slice_of(mount ? mount->path : NULL);
  if (!path.len || path.ptr[0] != '/' || !mount->on_request)
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(mount))
    return PEAL_ERR_OPTION;
  if (is_taken(list, path))
    return PEAL_ERR_EXISTS;
  char *copy = grow(list) ? NULL : peal_mem_str(list->mem, path);
  if (!copy)
    return PEAL_ERR_NOMEM;
  size_t place = place_for(list, path.len);
  peal_http_mounted *at = &list->items[place];
  memmove(at + 1, at, (list->count - place) * sizeof(*at));
  *at = (peal_http_mounted){*mount, copy, path.len};
  at->mount.path = copy;
  list->count++;
  return PEAL_OK;
}

const peal_http_mount *peal_http_mount_find(const peal_http_mount_list *list,
                                            peal_slice path) {
  for (size_t i = 0; i < list->count; i++) {
    const peal_http_mounted *one = &list->items[i];
    if ((one->mount.exact ? path.len == one->path_len
                          : path.len >= one->path_len) &&
        memcmp(path.ptr, one->path, one->path_len) == 0)
      return &one->mount;
  }
  return NULL;
}
