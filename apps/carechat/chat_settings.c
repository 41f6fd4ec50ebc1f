/* SPDX-License-Identifier: MIT */
#include "chat_settings.h"

#include <stdio.h>
#include <string.h>

#include <peal/kit.h>

#include "model_form.h"

static const char system_prompt[] =
    "You are the assistant of CareChat, a program in which people follow their "
    "vital signs. Answer shortly, kindly and in the language of the question. "
    "You are not a doctor: give general information only, no diagnosis, no "
    "advice on treatment or medicines, and say so where it matters. If "
    "somebody may be in danger, tell them to call their local emergency number "
    "at once.";

static bool complain(const char *what) {
  fprintf(stderr, "peal-carechat: %s\n", what);
  return false;
}

/* The name becomes part of the address. */
static bool is_name(const char *name) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-";
  return *name != '\0' && strlen(name) <= 256 &&
         name[strspn(name, allowed)] == '\0' && strstr(name, "..") == NULL;
}

/* Visible characters of ASCII. */
static bool is_visible(const char *text, size_t max) {
  for (const char *p = text; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~')
      return false;
  return strlen(text) <= max;
}

static bool is_url(const char *url) {
  return (strncmp(url, "https://", 8) == 0 ||
          strncmp(url, "http://", 7) == 0) &&
         is_visible(url, 512);
}

static bool check(const chat_settings *s) {
  model_kind kind = MODEL_NONE;
  if (!model_form_kind_parse(&kind, s->model_kind))
    return complain("model-kind is none, openai or gemini");
  if (kind == MODEL_NONE)
    return true;
  if (!is_name(s->model_name))
    return complain("model-name is needed with a model: letters, digits and "
                    ". _ : / -");
  if (*s->model_url != '\0' && !is_url(s->model_url))
    return complain("model-url is an address that begins with https:// or "
                    "http://");
  if (!is_visible(s->model_key, 4096))
    return complain("the model's key (PEAL_CARECHAT_MODEL_KEY) has characters "
                    "that no key has");
  return true;
}

bool chat_settings_read(chat_settings *out, const peal_config *config) {
  const char *prompt = peal_config_str(config, "model-prompt");
  *out = (chat_settings){
      .model_kind = peal_config_str(config, "model-kind"),
      .model_url = peal_config_str(config, "model-url"),
      .model_name = peal_config_str(config, "model-name"),
      .model_key = peal_config_str(config, "model-key"),
      .system_prompt = *prompt != '\0' ? prompt : system_prompt,
      .model_stall_ms = peal_kit_conf_count(config, "model-stall"),
      .model_retries = peal_kit_conf_count(config, "model-retries"),
      .model_backoff_ms = peal_kit_conf_count(config, "model-backoff"),
      .max_answers = peal_kit_conf_count(config, "max-answers"),
      .max_waiting = peal_kit_conf_count(config, "user-waiting"),
      .context_tokens = peal_kit_conf_count(config, "context-tokens"),
      .answer_bytes = peal_kit_conf_count(config, "answer-bytes"),
      .minute_messages =
          peal_kit_conf_count(config, "user-messages-per-minute"),
      .minute_tokens = peal_kit_conf_count(config, "user-tokens-per-minute"),
      .day_messages = peal_kit_conf_count(config, "user-messages-per-day"),
      .day_tokens = peal_kit_conf_count(config, "user-tokens-per-day"),
      .word_ms = peal_kit_conf_count(config, "word-pace")};
  return check(out);
}
