/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_json: JSON and texts on a terminal: in colours, and without what a
 * terminal would take for a command. */
#include <stdbool.h>
#include <stdio.h>

#include <peal/val.h>

/* In both, DEL and U+0080 to U+009F are \u00..: the same to who reads JSON, and
 * nothing to a terminal, be it behind a pipe. */
typedef enum cli_json_form { CLI_JSON_PLAIN, CLI_JSON_COLOUR } cli_json_form;

void cli_json_print(FILE *out, peal_val value, cli_json_form form);

/* Can this name be shown, and said, as it is? */
bool cli_json_is_word(peal_slice name);

/* A name: as it is, or as JSON if it is empty or has blanks, quotes or what a
 * terminal may not see. */
void cli_json_word(FILE *out, peal_slice name);

/* Text with blanks for what a terminal may not see. */
void cli_json_text(FILE *out, peal_slice text);
