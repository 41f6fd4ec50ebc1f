/* SPDX-License-Identifier: MIT */
#pragma once
/* settings: the options of this program alone, beside those that every
 * application has (kit_program.h). */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>

/* Text is borrowed from the configuration or the environment; NULL: not
 * said. */
typedef struct settings {
  unsigned simulate;         /* simulated wards */
  int64_t doctor_ms, all_ms; /* an alert that nobody takes goes up; from its
                                beginning */
  int64_t keep_ms;           /* resolved alerts and the journal */
  uint32_t person_rate, person_burst; /* changes of one person, per second */
  const char *redis_url, *secret_key, *origins;
  const char *admin_password;
  const char *webhook_url, *webhook_secret, *sms_url, *sms_to;
  const char *smtp_url, *mail_from, *mail_to, *smtp_user, *smtp_password;
  const char *notify_severity;
} settings;

/* The table. */
extern const peal_config_key settings_keys[]; /* up to one without a name */

/* What it says; false after saying on stderr what is wrong. */
bool settings_read(settings *out, const peal_config *config);
