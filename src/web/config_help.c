/* SPDX-License-Identifier: MIT */
/* config_help: the text of --help, made from the table of keys. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "web/config_impl.h"

static const char *kind(const peal_config_key *key) {
  switch (key->type) {
  case PEAL_CONFIG_STR:
    return " TEXT";
  case PEAL_CONFIG_BOOL:
    return "";
  case PEAL_CONFIG_INT:
  case PEAL_CONFIG_DOUBLE:
    return " N";
  case PEAL_CONFIG_BYTES:
    return " SIZE";
  case PEAL_CONFIG_MS:
    return " TIME";
  }
  return "";
}

/* PREFIX_DATA_DIR: as the environment calls it. */
static void print_env(const char *prefix, const char *name) {
  printf(" $%s_", prefix);
  for (; *name; name++)
    putchar(*name == '-' ? '_' : toupper((unsigned char)*name));
}

static void print_key(const peal_config_key *key, const char *env_prefix) {
  char left[80];
  snprintf(left, sizeof(left), "--%s%s", key->name, kind(key));
  if (key->secret)
    snprintf(left, sizeof(left), "%s (no flag)", key->name);
  printf("  %-28s %s", left, key->help ? key->help : "");
  if (key->choices)
    printf(" [%s]", key->choices);
  if (key->min || key->max)
    printf(" [%" PRId64 " to %" PRId64 "]", key->min, key->max);
  if (key->otherwise && *key->otherwise && !key->secret)
    printf(" (default %s)", key->otherwise);
  if (env_prefix)
    print_env(env_prefix, key->name);
  printf("\n");
}

void peal_config_help_print(const peal_config *config) {
  const peal_config_opts *opts = &config->opts;
  printf("usage: %s [--key value | --key=value | --flag] ...\n", opts->program);
  if (opts->summary)
    printf("%s\n", opts->summary);
  printf("\n");
  for (size_t i = 0; i < opts->key_count; i++)
    print_key(&opts->keys[i], opts->env_prefix);
  printf("  %-28s %s", "--config FILE", "read keys from this file");
  if (opts->file)
    printf(" (default %s, if it exists)", opts->file);
  printf("\n  %-28s %s\n  %-28s %s\n", "--help", "this text", "--version",
         "the version");
  printf("\nA file has lines \"key = value\", comments (#), and [sections], "
         "whose name\ncomes before the keys below it, joined by \"-\".\n");
  if (opts->env_prefix)
    printf("What stands behind $ is its name in the environment.\n");
  printf("Flags come before environment, file and default.\n");
}
