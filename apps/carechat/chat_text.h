/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_text: what a message is as text: the tokens that it will cost about, and
 * text that grows up to a ceiling. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <peal/base.h>

/* Is there anything but blanks? Thread: pure. */
bool chat_text_is_blank(peal_slice text);
/* About how many tokens a model makes of it: one for four characters of ASCII,
 * one for each other character, and four for the frame of a message. Models
 * differ; for English it is some 10 % too many, for Chinese about right. Thread:
 * pure. */
uint32_t chat_text_tokens(peal_slice text);

/* Text that grows. {.max = n} is an empty one; n bytes are its ceiling. */
typedef struct chat_text {
  char *bytes; /* terminated, or NULL while it is empty */
  size_t len, cap, max;
  bool is_full; /* there was more, which is not in it */
} chat_text;

void chat_text_free(chat_text *text);
/* As much of `more` as there is room for, no character cut in two. False:
 * memory is out. */
PEAL_MUST_CHECK bool chat_text_add(chat_text *text, peal_slice more);
/* Borrowed until the next _add. */
peal_slice chat_text_slice(const chat_text *text);
