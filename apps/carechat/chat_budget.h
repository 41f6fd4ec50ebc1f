/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_budget: what one person may ask for in a minute. Pure: time is an
 * argument. The budget of a day stands in the store (chat_desk), so that no
 * restart renews it. */
#include <stdbool.h>
#include <stdint.h>

/* 0: no limit. */
typedef struct chat_budget_limits {
  uint32_t messages, tokens; /* in a minute */
} chat_budget_limits;

/* A minute that began with its first message. {0} is a fresh one. */
typedef struct chat_budget {
  uint64_t began_ms; /* of the minute; monotonic */
  uint32_t messages, tokens;
} chat_budget;

/* May a message of about `tokens` be asked now? Then it is counted. False: not
 * before *retry_ms have passed. Tokens may be exceeded by the last message and
 * its answer: what an answer costs is known behind it. */
bool chat_budget_take(chat_budget *budget, const chat_budget_limits *limits,
                      uint32_t tokens, uint64_t now_ms, uint64_t *retry_ms);
/* What an answer has cost. */
void chat_budget_spend(chat_budget *budget, uint32_t tokens, uint64_t now_ms);
/* It was counted, and nothing came of it. */
void chat_budget_give(chat_budget *budget, uint32_t tokens);
/* Its minute is over: as good as {0}. */
bool chat_budget_is_over(const chat_budget *budget, uint64_t now_ms);
