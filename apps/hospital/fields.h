/* SPDX-License-Identifier: MIT */
#pragma once
/* fields: what members of bodies may be, where several tables share it. */
#include "hospital.h"

#define FIELDS_ID(field)                                                       \
  {                                                                            \
    .name = field, .type = PEAL_STRING, .min_len = 1, .max_len = 63,           \
    .one_line = true, .is_good = fields_is_id,                                 \
    .words = "letters, digits and . _ - of ASCII"                              \
  }
#define FIELDS_LINE(field, chars, is_optional)                                 \
  {                                                                            \
    .name = field, .type = PEAL_STRING, .optional = is_optional, .min_len = 1, \
    .max_chars = chars, .one_line = true                                       \
  }
#define FIELDS_WORD(field, words, is_optional)                                 \
  {                                                                            \
    .name = field, .type = PEAL_STRING, .optional = is_optional,               \
    .choices = words                                                           \
  }

/* What may be part of a path and of a room's name. Thread: pure. */
bool fields_is_id(peal_val value);
