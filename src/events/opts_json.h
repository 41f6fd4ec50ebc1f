/* SPDX-License-Identifier: MIT */
#pragma once
/* opts_json: options that are written as JSON into a struct of them, by a table
 * that says which member is which field: for languages that have no structs of
 * C. What is wrong is said in words. */
#include <peal/client.h>

#include "base/arena.h"

typedef enum peal_opts_kind {
  PEAL_OPTS_TEXT,
  PEAL_OPTS_FLAG,
  PEAL_OPTS_INT,    /* int */
  PEAL_OPTS_BYTE,   /* uint8_t */
  PEAL_OPTS_U32,    /* unsigned, uint32_t */
  PEAL_OPTS_SIZE,   /* size_t */
  PEAL_OPTS_DOUBLE, /* a number */
  PEAL_OPTS_WORD,   /* an enum: one of its words, from 0 on */
  PEAL_OPTS_PARSER, /* "json" or "msgpack": a peal_parser */
  PEAL_OPTS_FIELDS  /* an object of texts: peal_client_fields, and behind the
                       pointer their number */
} peal_opts_kind;

typedef struct peal_opts_row {
  const char *name;  /* "cors.origins": of an object in the object */
  size_t at;         /* of the field in the struct */
  uint8_t kind;      /* one of peal_opts_kind */
  const char *words; /* separated by blanks */
} peal_opts_row;

#define PEAL_OPTS_ROW(type, field, kind, words)                                \
  { #field, offsetof(type, field), kind, words }

typedef struct peal_opts_table {
  const peal_opts_row *rows;
  size_t count;
} peal_opts_table;

#define PEAL_OPTS_WHY 160u /* bytes */

/* Fill `opts`; strings lie in the arena. False: `why` says what is wrong. */
PEAL_MUST_CHECK bool peal_opts_json_read(void *opts,
                                         const peal_opts_table *table,
                                         peal_slice json, peal_arena *strings,
                                         char why[PEAL_OPTS_WHY]);
