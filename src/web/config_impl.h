/* SPDX-License-Identifier: MIT */
#pragma once
/* config_impl: what the files of the configuration share. */
#include <peal/config.h>

typedef struct peal_config_value {
  char *text;         /* owned; NULL: the default */
  const char *source; /* "default", "flag", "environment", or the path */
  unsigned rank;      /* 0 default, 1 file, 2 environment, 3 flag */
  int64_t integer;
  double number;
  bool boolean;
} peal_config_value;

struct peal_config {
  peal_config_opts opts; /* borrowed */
  char *file;            /* owned: what --config or the environment said */
  peal_config_value *values;
  char error[512]; /* why it failed; "" if it did not */
};

/* Says what is wrong; later complaints are ignored. Returns false. */
bool peal_config_key_fail(peal_config *config, const char *format, ...)
    PEAL_PRINTF(2, 3);
/* Is `name` this key (`_` stands for `-`, any case)? */
bool peal_config_key_is(const char *known, peal_slice name);
/* The key of this name (`_` stands for `-`, any case), or -1. */
int peal_config_key_find(const peal_config *config, peal_slice name);
/* Keep `text` unless a higher rank has set it. False: out of memory. */
bool peal_config_key_keep(peal_config *config, int index, peal_slice text,
                          unsigned rank, const char *source);
/* Refuse an unknown name with the nearest known one. */
bool peal_config_key_refuse(peal_config *config, peal_slice name,
                            const char *where);

/* Read the file. */
bool peal_config_file_read(peal_config *config, const char *path);
/* Texts to values, with types and ranges. */
bool peal_config_parse_all(peal_config *config);
void peal_config_help_print(const peal_config *config);
