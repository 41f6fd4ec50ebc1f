/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_settings: the options of the chat: who answers, and how much may be asked
 * for. */
#include <stdbool.h>
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

/* Rows of the application's table of options. The key is read from
 * PEAL_CARECHAT_MODEL_KEY. */
#define CHAT_COUNT(name_, default_, help_, min_, max_)                         \
  {                                                                            \
    .name = (name_), .type = PEAL_CONFIG_INT, .otherwise = (default_),         \
    .help = (help_), .min = (min_), .max = (max_)                              \
  }
#define CHAT_SPAN(name_, default_, help_, min_, max_)                          \
  {                                                                            \
    .name = (name_), .type = PEAL_CONFIG_MS, .otherwise = (default_),          \
    .help = (help_), .min = (min_), .max = (max_)                              \
  }

#define CHAT_KEYS                                                              \
  {.name = "model-kind",                                                       \
   .type = PEAL_CONFIG_STR,                                                    \
   .otherwise = "none",                                                        \
   .help = "who answers: none is the built-in responder",                      \
   .choices = "none openai gemini"},                                           \
      {.name = "model-url",                                                    \
       .type = PEAL_CONFIG_STR,                                                \
       .help = "address of the model's interface up to the version, such as "  \
               "https://api.openai.com/v1; empty: the vendor's"},              \
      {.name = "model-name", .type = PEAL_CONFIG_STR, .help = "which model"},  \
      {.name = "model-key",                                                    \
       .type = PEAL_CONFIG_STR,                                                \
       .help = "the key of the model's interface",                             \
       .secret = true},                                                        \
      {.name = "model-prompt",                                                 \
       .type = PEAL_CONFIG_STR,                                                \
       .help = "what the model is told first; empty: what fits CareChat"},     \
      CHAT_SPAN("model-stall", "30s",                                          \
                "a model that is silent for longer has failed", 50, 600000),   \
      CHAT_COUNT("model-retries", "2", "tries after the first", 0, 10),        \
      CHAT_SPAN("model-backoff", "500ms",                                      \
                "the pause before the second try, doubling", 1, 60000),        \
      CHAT_COUNT("max-answers", "16",                                          \
                 "answers written at once, of all people", 1, 1000),           \
      CHAT_COUNT("user-waiting", "20", "questions of one person that wait", 1, \
                 100),                                                         \
      CHAT_COUNT("context-tokens", "4000",                                     \
                 "of the conversation that is shown to a model, about", 0,     \
                 1000000),                                                     \
      CHAT_COUNT("answer-bytes", "32768", "a longer answer is cut", 1024,      \
                 1048576),                                                     \
      CHAT_COUNT("user-messages-per-minute", "20",                             \
                 "of one person; 0: no limit", 0, 100000),                     \
      CHAT_COUNT("user-tokens-per-minute", "20000",                            \
                 "of one person's questions and answers, about; 0: no limit",  \
                 0, 100000000),                                                \
      CHAT_COUNT("user-messages-per-day", "500", "of one person; 0: no limit", \
                 0, 1000000),                                                  \
      CHAT_COUNT("user-tokens-per-day", "500000",                              \
                 "of one person's questions and answers, about; 0: no limit",  \
                 0, 1000000000),                                               \
      CHAT_SPAN("word-pace", "25ms",                                           \
                "between the words of the built-in responder", 1, 10000)
