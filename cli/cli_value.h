/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_value: words of people to values.
 *
 *   {"a": 1}  [1]  "x"  12  true     JSON
 *   hello                            text: it does not begin like JSON
 *   @FILE  @-  -                     JSON from a file or from stdin
 *   @text:FILE  @bin:FILE            text, bytes
 *   {"$base64": "AQI="}              bytes inside of JSON, as they are printed
 */
#include <peal/val.h>

#include "cli_exit.h"

/* How words are read. {0}: as above. */
typedef struct cli_value_rules {
  const char *command; /* begins the lines about mistakes */
  bool is_binary;      /* @FILE and - are bytes */
  bool is_string;      /* all words are text */
} cli_value_rules;

/* *out lives as long as `build` (texts of `word` as long as that).
 * Returns: CLI_OK; CLI_USAGE or CLI_FILE behind a line on stderr. */
cli_exit cli_value_read(peal_build *build, const cli_value_rules *rules,
                        const char *word, peal_val *out);

/* Several words as arguments. As cli_value_read. */
cli_exit cli_value_words(peal_build *build, const cli_value_rules *rules,
                         const char *const *words, size_t count,
                         peal_args *out);

/* As one that has to be JSON: `name` is the option's. */
cli_exit cli_value_option(peal_build *build, const cli_value_rules *rules,
                          const char *name, const char *word, peal_val *out);

/* JSON for people: bytes are {"$base64": …}. */
peal_val cli_value_plain(peal_build *build, peal_val value);
