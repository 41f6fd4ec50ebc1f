/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>

#include <peal/kit.h>
#include <peal/kit_people.h>

#define TEXT(key, words)                                                       \
  { .name = key, .type = PEAL_CONFIG_STR, .otherwise = NULL, .help = words }
#define SECRET(key, words)                                                     \
  {                                                                            \
    .name = key, .type = PEAL_CONFIG_STR, .otherwise = NULL, .help = words,    \
    .secret = true                                                             \
  }

const peal_config_key settings_keys[] = {
    {.name = "simulate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "0",
     .help = "simulated wards to start",
     .min = 0,
     .max = 100},
    {.name = "escalate-to-doctor",
     .type = PEAL_CONFIG_MS,
     .otherwise = "2m",
     .help = "a critical alert that nobody has acknowledged so long goes to "
             "the doctors",
     .min = 100,
     .max = 86400000},
    {.name = "escalate-to-all",
     .type = PEAL_CONFIG_MS,
     .otherwise = "5m",
     .help = "and after so long, from its beginning, to everybody",
     .min = 100,
     .max = 86400000},
    {.name = "keep-time",
     .type = PEAL_CONFIG_MS,
     .otherwise = "365d",
     .help = "how long resolved alerts and the audit log are kept",
     .min = 3600000,
     .max = INT64_C(36500) * 86400000},
    {.name = "person-rate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "1000",
     .help = "changes per second that one person may make",
     .min = 1,
     .max = 1000000},
    {.name = "person-burst",
     .type = PEAL_CONFIG_INT,
     .otherwise = "5000",
     .help = "and so many at once",
     .min = 1,
     .max = 1000000},
    TEXT("redis-url", "the other nodes and emitters (REDIS_URL; none)"),
    SECRET("secret-key",
           "tokens are signed by what is made of it, the same on all nodes "
           "(SECRET_KEY; token.keys of the data folder)"),
    SECRET("admin-password",
           "of the first administrator (made, and kept in admin.password of "
           "the data folder)"),
    TEXT("webhook-url", "alerts are posted to it"),
    SECRET("webhook-secret", "and signed with this: X-Signature"),
    TEXT("sms-url", "a gateway that sends a text: POST {\"to\",\"text\"}"),
    TEXT("sms-to", "numbers, separated by blanks"),
    TEXT("smtp-url", "smtp:// or smtps:// server of mail about alerts"),
    TEXT("smtp-user", "who signs in there"),
    SECRET("smtp-password", "with this"),
    TEXT("mail-from", "address that mail comes from"),
    TEXT("mail-to", "addresses that it goes to, separated by blanks"),
    {.name = "notify-severity",
     .type = PEAL_CONFIG_STR,
     .otherwise = "critical",
     .help = "from which severity on webhook, mail and SMS are used",
     .choices = "info warning critical"},
    PEAL_KIT_PEOPLE_KEYS,
    {.name = NULL},
};

/* By its flag, else by the name that other programs of the house know. */
static const char *shared(const peal_config *config, const char *key,
                          const char *name) {
  const char *own = peal_kit_conf_text(config, key);
  if (own != NULL)
    return own;
  const char *text = getenv(name);
  return text != NULL && *text != '\0' ? text : NULL;
}

static void read_notifiers(settings *out, const peal_config *config) {
  out->webhook_url = peal_kit_conf_text(config, "webhook-url");
  out->webhook_secret = peal_kit_conf_text(config, "webhook-secret");
  out->sms_url = peal_kit_conf_text(config, "sms-url");
  out->sms_to = peal_kit_conf_text(config, "sms-to");
  out->smtp_url = peal_kit_conf_text(config, "smtp-url");
  out->smtp_user = peal_kit_conf_text(config, "smtp-user");
  out->smtp_password = peal_kit_conf_text(config, "smtp-password");
  out->mail_from = peal_kit_conf_text(config, "mail-from");
  out->mail_to = peal_kit_conf_text(config, "mail-to");
  out->notify_severity = peal_kit_conf_text(config, "notify-severity");
}

bool settings_read(settings *out, const peal_config *config) {
  out->simulate = peal_kit_conf_count(config, "simulate");
  out->doctor_ms = peal_config_int(config, "escalate-to-doctor");
  out->all_ms = peal_config_int(config, "escalate-to-all");
  out->keep_ms = peal_config_int(config, "keep-time");
  out->person_rate = peal_kit_conf_count(config, "person-rate");
  out->person_burst = peal_kit_conf_count(config, "person-burst");
  out->redis_url = shared(config, "redis-url", "REDIS_URL");
  out->secret_key = shared(config, "secret-key", "SECRET_KEY");
  out->origins = shared(config, "cors-origins", "SOCKET_IO_CORS_ORIGINS");
  out->admin_password = peal_kit_conf_text(config, "admin-password");
  read_notifiers(out, config);
  if (out->smtp_url == NULL || (out->mail_from != NULL && out->mail_to != NULL))
    return true;
  fputs("peal-hospital: smtp-url needs mail-from and mail-to\n", stderr);
  return false;
}
