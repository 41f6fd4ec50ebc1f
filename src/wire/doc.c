/* SPDX-License-Identifier: MIT */
#include "wire/doc.h"

#include <string.h>

#include "base/arena.h"
#include "base/err_site.h"
#include "base/mem.h"
#include "base/val_impl.h"
#include "wire/json.h"

#define DOC_BLOCK_BYTES 1024u

struct peal_doc {
  peal_arena arena;
  peal_val value;
};

static peal_doc *doc_alloc(void) {
  const peal_mem *mem = peal_mem_libc();
  peal_doc *doc = peal_mem_alloc(mem, sizeof *doc);
  if (!doc)
    return NULL;
  peal_arena_init(&doc->arena, mem, DOC_BLOCK_BYTES, 0);
  doc->value = peal_undefined();
  return doc;
}

peal_doc *peal_doc_new(peal_val value) {
  peal_doc *doc = doc_alloc();
  if (doc && peal_val_impl_copy(&doc->value, value, &doc->arena) != PEAL_OK) {
    peal_doc_free(doc);
    return NULL;
  }
  return doc;
}

static peal_err doc_fill(peal_doc *doc, peal_slice json, peal_err_info *info) {
  char *copy = peal_arena_str(&doc->arena, json);
  if (!copy) {
    if (info)
      *info = (peal_err_info){PEAL_ERR_NOMEM, "out of memory", 0};
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  return peal_json_decode(&doc->value, (peal_slice){copy, json.len},
                          &doc->arena, info);
}

peal_err peal_doc_from_json(peal_doc **out, peal_slice json,
                            peal_err_info *info) {
  *out = NULL;
  peal_doc *doc = doc_alloc();
  if (!doc) {
    if (info)
      *info = (peal_err_info){PEAL_ERR_NOMEM, "out of memory", 0};
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  peal_err err = doc_fill(doc, json, info);
  if (err == PEAL_OK)
    *out = doc;
  else
    peal_doc_free(doc);
  return err;
}

peal_val peal_doc_val(const peal_doc *doc) {
  return doc ? doc->value : peal_undefined();
}

void peal_doc_free(peal_doc *doc) {
  if (!doc)
    return;
  peal_arena_deinit(&doc->arena);
  peal_mem_free(peal_mem_libc(), doc);
}

size_t peal_doc_bytes(const peal_doc *doc) {
  return sizeof *doc + doc->arena.total;
}
