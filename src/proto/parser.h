/* SPDX-License-Identifier: MIT */
#pragma once
/* parser: what a parser writes (<peal/parser.h>), on its way to a message, and
 * which parser is the default one.
 * In the flow: values -> a parser -> [parser] -> proto/sio_form. */
#include <peal/parser.h>

#include "base/buf.h"

#define PEAL_PARSER_FEW 16u

struct peal_parser_out {
  peal_buf *bytes; /* of all messages, one behind the other */
  size_t begun;    /* where the one that is being written begins */
  size_t count;    /* messages that are complete */
  bool binary;     /* the first of them is */
  peal_err err;    /* sticky; that of `bytes` apart */
  size_t few_ends[PEAL_PARSER_FEW];
  size_t *ends; /* of each message */
  size_t cap;
};

/* NULL for the default one, which is written out elsewhere (wire/sio_packet);
 * otherwise the same. */
const peal_parser *peal_parser_other(const peal_parser *parser);
/* Is it one that can be used? */
bool peal_parser_is_whole(const peal_parser *parser);

/* `bytes` (borrowed) is empty. */
void peal_parser_out_init(peal_parser_out *out, peal_buf *bytes);
void peal_parser_out_deinit(peal_parser_out *out);
/* Message `index`, borrowed. */
peal_slice peal_parser_out_part(const peal_parser_out *out, size_t index);
/* PEAL_OK if something was written, all of it, and nothing was wrong. */
peal_err peal_parser_out_err(const peal_parser_out *out);
