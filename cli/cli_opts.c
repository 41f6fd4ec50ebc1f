/* SPDX-License-Identifier: MIT */
#include "cli_opts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_command.h"
#include "cli_nearest.h"
#include "cli_say.h"

typedef struct parser {
  cli_opts *out;
  const char *command;
  unsigned bit;
  int argc;
  char *const *argv;
  int at; /* the next word */
} parser;

static bool is_for(const cli_option *option, unsigned bit) {
  return (option->commands & bit) != 0;
}

static bool has_name(const cli_option *option, const char *name, size_t len) {
  return strlen(option->name) == len && memcmp(option->name, name, len) == 0;
}

static const cli_option *find_long(const parser *p, const char *name,
                                   size_t len) {
  for (size_t i = 0; i < cli_option_table_count; i++)
    if (is_for(&cli_option_table[i], p->bit) &&
        has_name(&cli_option_table[i], name, len))
      return &cli_option_table[i];
  return NULL;
}

static const cli_option *find_short(const parser *p, char letter) {
  for (size_t i = 0; i < cli_option_table_count; i++)
    if (is_for(&cli_option_table[i], p->bit) &&
        cli_option_table[i].letter == letter)
      return &cli_option_table[i];
  return NULL;
}

static bool say_unknown(const parser *p, const char *name, size_t len) {
  char word[64];
  if (len >= sizeof word)
    len = sizeof word - 1;
  memcpy(word, name, len);
  word[len] = '\0';
  cli_nearest nearest;
  cli_nearest_init(&nearest, word);
  for (size_t i = 0; i < cli_option_table_count; i++) {
    if (is_for(&cli_option_table[i], p->bit))
      cli_nearest_feed(&nearest, cli_option_table[i].name);
    else if (has_name(&cli_option_table[i], word, len)) {
      cli_say(p->command, "--%s is an option of other commands (peal help)",
              word);
      return false;
    }
  }
  if (nearest.best != NULL)
    cli_say(p->command, "unknown option --%s; did you mean --%s?", word,
            nearest.best);
  else
    cli_say(p->command, "unknown option --%s; peal help %s lists them", word,
            p->command);
  return false;
}

static bool say_wrong(const parser *p, const cli_option *option,
                      const char *expected, const char *text) {
  cli_say(p->command, "--%s: expected %s, not \"%s\"", option->name, expected,
          text);
  return false;
}

static bool is_choice(const char *choices, const char *text) {
  size_t len = strlen(text);
  for (const char *p = choices; *p != '\0'; p += strspn(p, " ")) {
    size_t word = strcspn(p, " ");
    if (word == len && memcmp(p, text, len) == 0)
      return true;
    p += word;
  }
  return false;
}

/* Digits with at most one point. strtod takes more: "inf", "nan", hexadecimal
 * and exponents, which are numbers of nobody's here. */
static bool read_number(const char *text, const char **end, double *out) {
  char digits[32];
  size_t whole = strspn(text, "0123456789"), len = whole;
  if (text[len] == '.')
    len += 1 + strspn(text + len + 1, "0123456789");
  if (len == 0 || len >= sizeof digits || (whole == 0 && len == 1))
    return false;
  memcpy(digits, text, len);
  digits[len] = '\0';
  *out = strtod(digits, NULL);
  *end = text + len;
  return true;
}

/* Returns: what a unit is in milliseconds; 0: no unit. */
static double unit_ms(const char *unit) {
  static const struct {
    const char *name;
    double ms;
  } units[] = {{"", 1000},   {"ms", 1},      {"s", 1000},
               {"m", 60000}, {"min", 60000}, {"h", 3600000}};

  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (strcmp(units[i].name, unit) == 0)
      return units[i].ms;
  return 0;
}

static bool set_number(const parser *p, const cli_option *option,
                       const char *text) {
  const char *end = NULL;
  double value = 0, scale = 1;
  bool is_read = read_number(text, &end, &value);
  if (is_read && option->kind == CLI_TIME)
    scale = unit_ms(end);
  else if (is_read && *end != '\0')
    is_read = false;
  value *= scale;
  if (option->kind == CLI_COUNT && value != floor(value))
    is_read = false;
  if (!is_read || scale == 0)
    return say_wrong(p, option,
                     option->kind == CLI_TIME    ? "a time such as 500ms or 5s"
                     : option->kind == CLI_COUNT ? "a whole number"
                                                 : "a number",
                     text);
  if (value < option->min || value > option->max) {
    cli_say(p->command, "--%s: %s is not between %.10g and %.10g%s",
            option->name, text, option->min, option->max,
            option->kind == CLI_TIME ? " ms" : "");
    return false;
  }
  char *field = (char *)p->out + option->offset;
  if (option->kind == CLI_NUMBER)
    memcpy(field, &value, sizeof value);
  else
    memcpy(field, &(uint32_t){(uint32_t)value}, sizeof(uint32_t));
  return true;
}

static bool add(const parser *p, const cli_option *option, const char *text) {
  cli_list *list = (cli_list *)(void *)((char *)p->out + option->offset);
  if (list->count == CLI_LIST_MAX) {
    cli_say(p->command, "--%s: more than %d", option->name, CLI_LIST_MAX);
    return false;
  }
  list->items[list->count++] = text;
  return true;
}

static bool set(const parser *p, const cli_option *option, const char *text) {
  char *field = (char *)p->out + option->offset;
  switch (option->kind) {
  case CLI_FLAG:
    memcpy(field, &(bool){true}, sizeof(bool));
    return true;
  case CLI_CHOICE:
    if (!is_choice(option->choices, text))
      return say_wrong(p, option, option->choices, text);
    memcpy(field, &text, sizeof text);
    return true;
  case CLI_TEXT:
    memcpy(field, &text, sizeof text);
    return true;
  case CLI_LIST:
    return add(p, option, text);
  case CLI_COUNT:
  case CLI_NUMBER:
  case CLI_TIME:
    return set_number(p, option, text);
  }
  return false;
}

/* The text of an option: what hangs on it, or the next word. */
static bool take(parser *p, const cli_option *option, const char *text) {
  if (text == NULL && p->at < p->argc)
    text = p->argv[p->at++];
  if (text != NULL)
    return set(p, option, text);
  cli_say(p->command, "--%s: expected %s behind it", option->name,
          option->value);
  return false;
}

static bool read_long(parser *p, const char *word) {
  size_t len = strcspn(word, "=");
  const cli_option *option = find_long(p, word, len);
  if (option == NULL)
    return say_unknown(p, word, len);
  const char *text = word[len] == '=' ? word + len + 1 : NULL;
  if (option->kind != CLI_FLAG)
    return take(p, option, text);
  if (text == NULL)
    return set(p, option, NULL);
  cli_say(p->command, "--%s takes no value", option->name);
  return false;
}

static bool read_short(parser *p, const char *letters) {
  for (; *letters != '\0'; letters++) {
    const cli_option *option = find_short(p, *letters);
    if (option == NULL) {
      cli_say(p->command, "unknown option -%c; peal help %s lists them",
              *letters, p->command);
      return false;
    }
    if (option->kind != CLI_FLAG)
      return take(p, option, letters[1] != '\0' ? letters + 1 : NULL);
    if (!set(p, option, NULL))
      return false;
  }
  return true;
}

static bool keep_word(parser *p, const char *word) {
  if (p->out->word_count == CLI_WORDS_MAX) {
    cli_say(p->command, "more than %d words", CLI_WORDS_MAX);
    return false;
  }
  p->out->words[p->out->word_count++] = word;
  return true;
}

static bool is_option(const char *word) {
  return word[0] == '-' && word[1] != '\0' &&
         (word[1] < '0' || word[1] > '9') && word[1] != '.';
}

static bool read_words(parser *p) {
  bool is_over = false;
  while (p->at < p->argc) {
    const char *word = p->argv[p->at++];
    bool is_read = false;
    if (is_over || !is_option(word))
      is_read = keep_word(p, word);
    else if (strcmp(word, "--") == 0)
      is_read = is_over = true;
    else if (word[1] == '-')
      is_read = read_long(p, word + 2);
    else
      is_read = read_short(p, word + 1);
    if (!is_read)
      return false;
  }
  return true;
}

bool cli_opts_parse(cli_opts *out, const cli_command *command, int argc,
                    char *const argv[]) {
  *out = (cli_opts){.command = command,
                    .connections = 10,
                    .inflight = 1,
                    .ramp = 1000,
                    .duration_ms = command->bit == CLI_BENCH ? 10000 : 0,
                    .warmup_ms = 1000,
                    .port = 3000};
  parser p = {out, command->name, command->bit, argc, argv, 0};
  if (!read_words(&p))
    return false;
  if (out->help)
    return true;
  size_t min = command->min - (out->redis != NULL ? 1 : 0);
  if (out->word_count < min || out->word_count > command->max) {
    cli_say(command->name, "%s; usage: peal %s %s",
            out->word_count < min ? "something is missing" : "too many words",
            command->name, command->words);
    return false;
  }
  if (out->json && out->human) {
    cli_say(command->name, "--json or --human, not both");
    return false;
  }
  return true;
}
