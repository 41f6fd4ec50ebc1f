/* SPDX-License-Identifier: MIT */
#include "chat_budget.h"

enum { MINUTE_MS = 60000 };

bool chat_budget_is_over(const chat_budget *budget, uint64_t now_ms) {
  return now_ms - budget->began_ms >= MINUTE_MS ||
         (budget->messages == 0 && budget->tokens == 0);
}

static void add(uint32_t *sum, uint32_t more) {
  *sum = *sum > UINT32_MAX - more ? UINT32_MAX : *sum + more;
}

bool chat_budget_take(chat_budget *budget, const chat_budget_limits *limits,
                      uint32_t tokens, uint64_t now_ms, uint64_t *retry_ms) {
  if (chat_budget_is_over(budget, now_ms))
    *budget = (chat_budget){.began_ms = now_ms};
  if ((limits->messages > 0 && budget->messages >= limits->messages) ||
      (limits->tokens > 0 && budget->tokens >= limits->tokens)) {
    *retry_ms = budget->began_ms + MINUTE_MS - now_ms;
    return false;
  }
  add(&budget->messages, 1);
  add(&budget->tokens, tokens);
  return true;
}

void chat_budget_spend(chat_budget *budget, uint32_t tokens, uint64_t now_ms) {
  if (chat_budget_is_over(budget, now_ms))
    *budget = (chat_budget){.began_ms = now_ms};
  add(&budget->tokens, tokens);
}

void chat_budget_give(chat_budget *budget, uint32_t tokens) {
  budget->messages -= budget->messages > 0 ? 1 : 0;
  budget->tokens -= budget->tokens > tokens ? tokens : budget->tokens;
}
