/* SPDX-License-Identifier: MIT */
#include "web/web_router.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "wire/percent.h"

/* A method of a path. */
typedef struct entry {
  struct entry *next;
  char *method;
  void *target;
  size_t count;
  char *names[PEAL_WEB_ROUTER_PARAMS + 1]; /* the last may be the rest's */
} entry;

typedef struct node {
  struct node *next; /* brother */
  struct node *fixed;
  struct node *param;
  entry *entries;
  entry *rest; /* entries of "/…/ *name" */
  size_t len;
  char text[];
} node;

struct peal_web_router {
  const peal_mem *mem;
  node *root;
};

/* -- paths ----------------------------------------------------------------- */

size_t peal_web_router_scratch(peal_slice path) {
  return path.len && memchr(path.ptr, '%', path.len) ? path.len : 0;
}

static bool decode(peal_slice *part, char *out) {
  size_t len;
  if (peal_percent_decode_path(out, &len, *part))
    return false;
  *part = (peal_slice){out, len};
  return true;
}

peal_err peal_web_router_split(peal_web_router_path *out, peal_slice path,
                               char *scratch) {
  out->count = 0;
  if (!path.len || path.ptr[0] != '/')
    return PEAL_ERR_HTTP_SYNTAX;
  const char *p = path.ptr + 1;
  const char *end = path.ptr + path.len;
  for (;;) {
    const char *stop = p < end ? memchr(p, '/', (size_t)(end - p)) : NULL;
    if (!stop)
      stop = end;
    if (out->count == PEAL_WEB_ROUTER_PARTS)
      return PEAL_ERR_NOT_FOUND;
    peal_slice *part = &out->parts[out->count++];
    *part = (peal_slice){p, (size_t)(stop - p)};
    if (part->len && memchr(part->ptr, '%', part->len)) {
      if (!decode(part, scratch))
        return PEAL_ERR_HTTP_SYNTAX;
      scratch += part->len;
    }
    if (stop == end)
      return PEAL_OK;
    p = stop + 1;
  }
}

bool peal_web_router_below(const peal_web_router_path *path,
                           const peal_web_router_path *prefix) {
  size_t count = prefix->count;
  /* "/a/" means "/a" and below, "/" all. */
  if (count && prefix->parts[count - 1].len == 0)
    count--;
  if (path->count < count)
    return false;
  for (size_t i = 0; i < count; i++) {
    if (!peal_slice_eq(path->parts[i], prefix->parts[i]))
      return false;
  }
  return true;
}

/* -- the tree -------------------------------------------------------------- */

static node *new_node(const peal_mem *mem, peal_slice text) {
  node *made = peal_mem_zalloc(mem, sizeof(*made) + text.len + 1);
  if (!made)
    return NULL;
  made->len = text.len;
  if (text.len)
    memcpy(made->text, text.ptr, text.len);
  return made;
}

static void free_entries(const peal_mem *mem, entry *item) {
  while (item) {
    entry *next = item->next;
    for (size_t i = 0; i <= PEAL_WEB_ROUTER_PARAMS; i++)
      peal_mem_free(mem, item->names[i]);
    peal_mem_free(mem, item->method);
    peal_mem_free(mem, item);
    item = next;
  }
}

/* As deep as the longest pattern. */
static void free_node(const peal_mem *mem, node *item) {
  while (item) {
    node *next = item->next;
    free_node(mem, item->fixed);
    free_node(mem, item->param);
    free_entries(mem, item->entries);
    free_entries(mem, item->rest);
    peal_mem_free(mem, item);
    item = next;
  }
}

peal_web_router *peal_web_router_new(const peal_mem *mem) {
  peal_web_router *router = peal_mem_zalloc(mem, sizeof(*router));
  if (!router)
    return NULL;
  router->mem = mem;
  router->root = new_node(mem, (peal_slice){0});
  if (!router->root) {
    peal_mem_free(mem, router);
    return NULL;
  }
  return router;
}

void peal_web_router_free(peal_web_router *router) {
  if (!router)
    return;
  free_node(router->mem, router->root);
  peal_mem_free(router->mem, router);
}

static node *find_fixed(const node *parent, peal_slice text) {
  for (node *child = parent->fixed; child; child = child->next) {
    if (child->len == text.len &&
        (!text.len || memcmp(child->text, text.ptr, text.len) == 0))
      return child;
  }
  return NULL;
}

/* The child for this part of a pattern, made if missing. */
static node *go(peal_web_router *router, node *parent, peal_slice part) {
  if (part.len && part.ptr[0] == ':') {
    if (!parent->param)
      parent->param = new_node(router->mem, (peal_slice){0});
    return parent->param;
  }
  node *child = find_fixed(parent, part);
  if (child)
    return child;
  child = new_node(router->mem, part);
  if (!child)
    return NULL;
  child->next = parent->fixed;
  parent->fixed = child;
  return child;
}

static bool has_name(const entry *item, peal_slice name) {
  for (size_t i = 0; i < item->count; i++) {
    if (peal_slice_is(name, item->names[i]))
      return true;
  }
  return false;
}

/* ":id" or "*name": take the name over. */
static peal_err add_name(peal_web_router *router, entry *item,
                         peal_slice part) {
  peal_slice name = {part.ptr + 1, part.len - 1};
  bool rest = part.ptr[0] == '*';
  if (!name.len || has_name(item, name))
    return PEAL_ERR_USAGE;
  if (!rest && item->count == PEAL_WEB_ROUTER_PARAMS)
    return PEAL_ERR_USAGE;
  char *copy = peal_mem_str(router->mem, name);
  if (!copy)
    return PEAL_ERR_NOMEM;
  item->names[rest ? PEAL_WEB_ROUTER_PARAMS : item->count++] = copy;
  return PEAL_OK;
}

static peal_err walk(peal_web_router *router, entry *item, const char *pattern,
                     entry ***where) {
  const char *p = pattern;
  node *at = router->root;
  if (!p || *p != '/')
    return PEAL_ERR_USAGE;
  for (;;) {
    p++;
    peal_slice part = {p, strcspn(p, "/")};
    bool last = p[part.len] == 0;
    bool rest = part.len && part.ptr[0] == '*';
    if (rest && !last)
      return PEAL_ERR_USAGE;
    if (rest || (part.len && part.ptr[0] == ':')) {
      peal_err err = add_name(router, item, part);
      if (err)
        return err;
    }
    if (!rest)
      at = go(router, at, part);
    if (!at)
      return PEAL_ERR_NOMEM;
    if (last) {
      *where = rest ? &at->rest : &at->entries;
      return PEAL_OK;
    }
    p += part.len;
  }
}

peal_err peal_web_router_add(peal_web_router *router, peal_slice method,
                             const char *pattern, void *target) {
  entry *item = peal_mem_zalloc(router->mem, sizeof(*item));
  entry **where = NULL;
  if (!item)
    return PEAL_ERR_NOMEM;
  item->target = target;
  item->method = peal_mem_str(router->mem, method);
  peal_err err =
      item->method ? walk(router, item, pattern, &where) : PEAL_ERR_NOMEM;
  for (entry *other = err ? NULL : *where; other; other = other->next) {
    if (peal_slice_is(method, other->method))
      err = PEAL_ERR_EXISTS;
  }
  if (err) {
    free_entries(router->mem, item);
    return err;
  }
  item->next = *where;
  *where = item;
  return PEAL_OK;
}

/* -- finding --------------------------------------------------------------- */

typedef struct search {
  const peal_web_router_path *path;
  peal_slice method;
  peal_web_router_match *out;
} search;

static bool lists(const char *list, const char *word) {
  size_t len = strlen(word);
  for (const char *p = strstr(list, word); p; p = strstr(p + 1, word)) {
    if ((p == list || p[-1] == ' ') && (!p[len] || p[len] == ','))
      return true;
  }
  return false;
}

static void add_allow(char *list, size_t cap, const char *method) {
  size_t used = strlen(list);
  if (lists(list, method) || used + strlen(method) + 3 > cap)
    return;
  if (used)
    strcat(list, ", ");
  strcat(list, method);
}

static const entry *pick(const entry *first, const search *find) {
  const entry *get = NULL;
  bool head = peal_slice_is(find->method, "HEAD");
  for (const entry *item = first; item; item = item->next) {
    peal_web_router_match *out = find->out;
    out->found_path = true;
    add_allow(out->allow, sizeof(out->allow), item->method);
    if (strcmp(item->method, "GET") == 0) {
      add_allow(out->allow, sizeof(out->allow), "HEAD");
      get = item;
    }
    if (peal_slice_is(find->method, item->method))
      return item;
  }
  return head ? get : NULL;
}

static bool accept(const search *find, const entry *item, size_t rest) {
  if (!item)
    return false;
  find->out->target = item->target;
  find->out->names = (const char *const *)item->names;
  find->out->count = item->count;
  find->out->rest = rest;
  if (rest != SIZE_MAX)
    find->out->rest_name = item->names[PEAL_WEB_ROUTER_PARAMS];
  return true;
}

/* As deep as the longest pattern. */
static bool match(const search *find, const node *at, size_t part,
                  size_t params) {
  if (part == find->path->count)
    return accept(find, pick(at->entries, find), SIZE_MAX);
  peal_slice text = find->path->parts[part];
  const node *child = find_fixed(at, text);
  if (child && match(find, child, part + 1, params))
    return true;
  if (at->param && text.len && params < PEAL_WEB_ROUTER_PARAMS) {
    find->out->values[params] = text;
    if (match(find, at->param, part + 1, params + 1))
      return true;
  }
  return accept(find, pick(at->rest, find), part);
}

void peal_web_router_find(const peal_web_router *router, peal_slice method,
                          const peal_web_router_path *path,
                          peal_web_router_match *out) {
  *out = (peal_web_router_match){.rest = SIZE_MAX};
  (void)match(&(search){path, method, out}, router->root, 0, 0);
}
