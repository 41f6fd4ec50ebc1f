/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_settings: the options of the chat: who answers, and how much may be asked
 * for. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <peal/config.h>

/* What a model, a person, a day may take. Text is borrowed from the
 * configuration. */
typedef struct chat_settings {
  const char *model_kind, *model_url, *model_name, *model_key, *system_prompt;
  uint32_t model_stall_ms;   /* without a byte it has failed */
  uint32_t model_retries;    /* after the first try */
  uint32_t model_backoff_ms; /* before the second, doubling */
  uint32_t max_answers;      /* under way at once, of all people */
  uint32_t max_waiting;      /* questions of one person */
  uint32_t context_tokens;   /* of the conversation that is shown to a model */
  uint32_t answer_bytes;     /* an answer is cut there */
  uint32_t minute_messages, minute_tokens; /* of one person */
  uint32_t day_messages, day_tokens;       /* day of UTC */
  uint32_t word_ms;                        /* the built-in responder's pace */
} chat_settings;

/* Read them; false after saying on stderr what is wrong. */
bool chat_settings_read(chat_settings *out, const peal_config *config);

/* The rows of the application's table of options. The key is read from
 * PEAL_CARECHAT_MODEL_KEY. */
extern const peal_config_key chat_keys[];
extern const size_t chat_key_count;
