/* SPDX-License-Identifier: MIT */
#pragma once
/* responder: answers by rules, without a model: it says what it is, answers from
 * the person's own vital signs, explains the bands, and gives no advice. Pure. */
#include <stdint.h>

#include "bands.h"
#include "chat_text.h"

/* What every answer ends with. Static text. */
extern const char responder_notice[];

/* What is known of one metric. */
typedef struct responder_vital {
  bool is_known;
  double value, before; /* now, and what was usual before it */
  int64_t age_ms;
  bands_status status;
} responder_vital;

/* The answer to `question`, from the person's own `vitals`. False: memory is
 * out. Thread: pure. */
PEAL_MUST_CHECK bool responder_answer(
    chat_text *out, peal_slice question,
    const responder_vital vitals[BANDS_METRICS]);
/* How much of `text` is its first word with the blanks behind it: what is shown
 * at a time. Thread: pure. */
size_t responder_word(peal_slice text);
