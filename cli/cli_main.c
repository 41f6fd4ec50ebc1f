/* SPDX-License-Identifier: MIT */
/* cli_main: the command `peal`: finds the subcommand and runs it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <peal/base.h>

#include "cli_commands.h"
#include "cli_completion.h"
#include "cli_help.h"
#include "cli_nearest.h"
#include "cli_say.h"

static cli_exit say_unknown(const char *name) {
  cli_nearest nearest;
  cli_nearest_init(&nearest, name);
  for (size_t i = 0; i < cli_commands_count; i++)
    cli_nearest_feed(&nearest, cli_commands[i].name);
  cli_nearest_feed(&nearest, "help");
  cli_nearest_feed(&nearest, "completion");
  if (nearest.best != NULL)
    cli_say(NULL, "unknown command %s; did you mean %s?", name, nearest.best);
  else
    cli_say(NULL, "unknown command %s; peal help lists them", name);
  return CLI_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b) {
  return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static bool is_help(const char *word) {
  return is_one_of(word, "--help", "-h") || strcmp(word, "help") == 0;
}

static cli_exit help(const char *name) {
  if (name != NULL && is_help(name))
    name = NULL;
  if (name != NULL && strcmp(name, "completion") == 0) {
    cli_completion_help(stdout);
    return CLI_OK;
  }
  const cli_command *command = name != NULL ? cli_commands_find(name) : NULL;
  if (name != NULL && command == NULL)
    return say_unknown(name);
  if (command == NULL)
    cli_help_all(stdout);
  else
    cli_help_one(stdout, command);
  return CLI_OK;
}

static cli_exit completion(const char *shell) {
  if (shell != NULL && is_help(shell))
    return help("completion");
  if (shell != NULL && cli_completion_print(stdout, shell))
    return CLI_OK;
  cli_say("completion", "expected bash or zsh");
  return CLI_USAGE;
}

static cli_exit run(int argc, char **argv) {
  const char *name = argv[1], *next = argc > 2 ? argv[2] : NULL;
  if (is_one_of(name, "--version", "-V")) {
    printf("peal %s\n", peal_version());
    return CLI_OK;
  }
  if (is_help(name))
    return help(next);
  if (strcmp(name, "completion") == 0)
    return completion(next);
  const cli_command *command = cli_commands_find(name);
  if (command == NULL)
    return say_unknown(name);
  static cli_opts opts;
  if (!cli_opts_parse(&opts, command, argc - 2, argv + 2))
    return CLI_USAGE;
  if (opts.help)
    return help(name);
  return command->run(&opts);
}

static int exit_code(cli_exit how) {
  return how == CLI_OK ? 0 : how == CLI_USAGE ? 2 : 1;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN); // a reader that has gone is an error of fflush
  if (argc < 2) {
    cli_help_all(stderr);
    return exit_code(CLI_USAGE);
  }
  cli_exit code = run(argc, argv);
  // also what failed before: a full disk takes no half of an answer
  bool is_lost = fflush(stdout) != 0 || ferror(stdout);
  if (is_lost && code == CLI_OK) {
    cli_say(NULL, "the output could not be written");
    code = CLI_FILE;
  }
  return exit_code(code);
}
