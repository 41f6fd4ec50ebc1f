/* SPDX-License-Identifier: MIT */
#pragma once
/* web_router: which route has a path and a method. Pure: a tree of path
 * parts; a fixed part wins over a parameter, a parameter over the rest.
 * Paths are compared part by part after percent-decoding, so that no other
 * spelling of a path passes by a hook. */
#include <peal/base.h>

/* Parts of a path; more: no route has it. */
#define PEAL_WEB_ROUTER_PARTS 64u
/* Parameters of one route. */
#define PEAL_WEB_ROUTER_PARAMS 16u

/* A path in its parts: "/a/b%20c" has "a" and "b c". */
typedef struct peal_web_router_path {
  peal_slice parts[PEAL_WEB_ROUTER_PARTS];
  size_t count;
} peal_web_router_path;

/* Bytes of scratch that peal_web_router_split needs for a path. */
size_t peal_web_router_scratch(peal_slice path);
/* Split and decode. The parts point into `path` or `scratch`.
 * Returns: PEAL_OK, PEAL_ERR_HTTP_SYNTAX (malformed escape, NUL, no leading
 * slash), PEAL_ERR_NOT_FOUND (too many parts). Thread: pure. */
PEAL_MUST_CHECK peal_err peal_web_router_split(peal_web_router_path *out,
                                               peal_slice path, char *scratch);
/* Is the path `prefix` or below it? "/" is above all. Thread: pure. */
bool peal_web_router_below(const peal_web_router_path *path,
                           const peal_web_router_path *prefix);

typedef struct peal_web_router peal_web_router;

PEAL_MUST_CHECK peal_web_router *peal_web_router_new(const peal_mem *mem);
void peal_web_router_free(peal_web_router *router);
/* `target` is what peal_web_router_find gives. Copies the texts.
 * Returns: PEAL_OK, PEAL_ERR_EXISTS, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_web_router_add(peal_web_router *router,
                                             peal_slice method,
                                             const char *pattern, void *target);

typedef struct peal_web_router_match {
  void *target;             /* NULL: no route */
  const char *const *names; /* of the parameters */
  peal_slice values[PEAL_WEB_ROUTER_PARAMS];
  size_t count;
  size_t rest; /* index of the first part of `*name`, SIZE_MAX if none: its
                  value is not filled in */
  const char *rest_name;
  bool found_path; /* some method has it */
  char allow[128]; /* then: the methods, "GET, HEAD" */
} peal_web_router_match;

/* HEAD falls back to GET. Thread: pure. */
void peal_web_router_find(const peal_web_router *router, peal_slice method,
                          const peal_web_router_path *path,
                          peal_web_router_match *out);
