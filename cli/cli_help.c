/* SPDX-License-Identifier: MIT */
#include "cli_help.h"

#include <string.h>

#include "cli_commands.h"

enum { COLUMN = 27, WIDTH = 79 };

/* Words behind column COLUMN, in lines of at most WIDTH. */
static void print_wrapped(FILE *out, const char *text) {
  int at = COLUMN;
  while (*text != '\0') {
    int len = (int)strcspn(text, " ");
    if (at > COLUMN && at + 1 + len > WIDTH) {
      fprintf(out, "\n%*s", COLUMN, "");
      at = COLUMN;
    }
    at += fprintf(out, "%s%.*s", at > COLUMN ? " " : "", len, text);
    text += len;
    text += strspn(text, " ");
  }
  fputc('\n', out);
}

static void print_option(FILE *out, const cli_option *option) {
  char left[64];
  char letter[] = {'-', option->letter, ',', ' ', '\0'};
  snprintf(left, sizeof left, "  %s--%s%s%s",
           option->letter != 0 ? letter : "    ", option->name,
           option->value != NULL ? " " : "",
           option->value != NULL ? option->value : "");
  int len = fprintf(out, "%s", left);
  if (len > COLUMN - 2) {
    fputc('\n', out);
    len = 0;
  }
  fprintf(out, "%*s", COLUMN - len, "");
  print_wrapped(out, option->help);
}

void cli_help_one(FILE *out, const cli_command *command) {
  fprintf(out, "peal %s: %s\n\nusage: peal %s [options] %s\n\n%s\n\n",
          command->name, command->summary, command->name, command->words,
          command->details);
  fprintf(out, "Example:\n  %s\n\nOptions:\n", command->example);
  for (size_t i = 0; i < cli_option_table_count; i++)
    if ((cli_option_table[i].commands & command->bit) != 0)
      print_option(out, &cli_option_table[i]);
}

void cli_help_all(FILE *out) {
  fputs("peal: talk to Socket.IO servers\n\nusage: peal COMMAND [options] "
        "[words]\n\n",
        out);
  for (size_t i = 0; i < cli_commands_count; i++) {
    int len = fprintf(out, "  %s", cli_commands[i].name);
    fprintf(out, "%*s%s\n", 14 - len, "", cli_commands[i].summary);
  }
  fputs("\n"
        "  help          peal help COMMAND: its words and options\n"
        "  completion    peal completion bash|zsh: completion for a shell\n"
        "\n"
        "Values are JSON; what is no JSON and does not begin like it is text.\n"
        "@FILE is JSON from a file, - from stdin, @bin:FILE is bytes, "
        "@text:FILE\n"
        "text. On a terminal the output is for people, piped it is lines of "
        "JSON.\n"
        "\n"
        "Exit: 0 done, 1 failed, 2 usage.\n",
        out);
}
