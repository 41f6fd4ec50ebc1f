/* SPDX-License-Identifier: MIT */
#include "cli_completion.h"

#include <string.h>

#include "cli_commands.h"

static bool is_path(const cli_option *option) {
  return option->value != NULL && (strcmp(option->value, "FILE") == 0 ||
                                   strcmp(option->value, "FOLDER") == 0);
}

/* ---- bash ------------------------------------------------------------ */

static void bash_names(FILE *out) {
  for (size_t i = 0; i < cli_commands_count; i++)
    fprintf(out, "%s ", cli_commands[i].name);
  fputs("help completion", out);
}

/* --name and -n as patterns of a case. */
static void bash_pattern(FILE *out, const cli_option *option) {
  fprintf(out, "--%s", option->name);
  if (option->letter != 0)
    fprintf(out, " | -%c", option->letter);
}

/* What stands behind options that take something. */
static void bash_values(FILE *out) {
  for (size_t i = 0; i < cli_option_table_count; i++) {
    const cli_option *option = &cli_option_table[i];
    if (option->kind == CLI_FLAG)
      continue;
    fputs("  ", out);
    bash_pattern(out, option);
    if (option->choices != NULL)
      fprintf(out, ") COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n",
              option->choices);
    else if (is_path(option))
      fputs(") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", out);
    else
      fputs(") return ;;\n", out);
  }
}

static void bash_options(FILE *out) {
  for (size_t c = 0; c < cli_commands_count; c++) {
    fprintf(out, "  %s) options='", cli_commands[c].name);
    for (size_t i = 0; i < cli_option_table_count; i++)
      if ((cli_option_table[i].commands & cli_commands[c].bit) != 0)
        fprintf(out, "--%s ", cli_option_table[i].name);
    fputs("' ;;\n", out);
  }
}

static void print_bash(FILE *out) {
  fputs("# bash completion for peal, made by: peal completion bash\n"
        "_peal() {\n"
        "  local word=${COMP_WORDS[COMP_CWORD]} command= options= i\n"
        "  COMPREPLY=()\n"
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "    case ${COMP_WORDS[i]} in\n"
        "    -*) ;;\n"
        "    *) command=${COMP_WORDS[i]}; break ;;\n"
        "    esac\n"
        "  done\n"
        "  if [[ -z $command ]]; then\n"
        "    COMPREPLY=($(compgen -W '",
        out);
  bash_names(out);
  fputs(" --help --version' -- \"$word\"))\n    return\n  fi\n"
        "  case ${COMP_WORDS[COMP_CWORD - 1]} in\n",
        out);
  bash_values(out);
  fputs("  esac\n  case $command in\n", out);
  bash_options(out);
  fputs("  help) COMPREPLY=($(compgen -W '", out);
  bash_names(out);
  fputs("' -- \"$word\")); return ;;\n"
        "  completion) COMPREPLY=($(compgen -W 'bash zsh' -- \"$word\")); "
        "return ;;\n"
        "  esac\n"
        "  case $word in\n"
        "  -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
        "  @*) COMPREPLY=($(compgen -P @ -f -- \"${word#@}\")) ;;\n"
        "  esac\n"
        "}\n"
        "complete -o bashdefault -F _peal peal\n",
        out);
}

/* ---- zsh ------------------------------------------------------------- */

/* Inside of single quotes and of [...]. */
static void zsh_text(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '\'')
      fputs("'\\''", out);
    else if (strchr("[]:\\", *text) != NULL)
      fprintf(out, "\\%c", *text);
    else
      fputc(*text, out);
  }
}

static void zsh_action(FILE *out, const cli_option *option) {
  if (option->kind == CLI_FLAG)
    return;
  fputc(':', out);
  zsh_text(out, option->value);
  if (option->choices != NULL)
    fprintf(out, ":(%s)", option->choices);
  else
    fputs(is_path(option) ? ":_files" : ": ", out);
}

static void zsh_option(FILE *out, const cli_option *option) {
  bool is_many = option->kind == CLI_LIST;
  fputs(" \\\n      ", out);
  if (option->letter == 0)
    fprintf(out, "'%s--%s", is_many ? "*" : "", option->name);
  else if (is_many)
    fprintf(out, "'*'{-%c,--%s}'", option->letter, option->name);
  else
    fprintf(out, "'(-%c --%s)'{-%c,--%s}'", option->letter, option->name,
            option->letter, option->name);
  fputc('[', out);
  zsh_text(out, option->help);
  fputc(']', out);
  zsh_action(out, option);
  fputc('\'', out);
}

static void zsh_summaries(FILE *out) {
  for (size_t c = 0; c < cli_commands_count; c++) {
    fprintf(out, "    '%s:", cli_commands[c].name);
    zsh_text(out, cli_commands[c].summary);
    fputs("'\n", out);
  }
  fputs("    'help:words and options of a command'\n"
        "    'completion:completion for a shell'\n",
        out);
}

static void print_zsh(FILE *out) {
  fputs("#compdef peal\n"
        "# zsh completion for peal, made by: peal completion zsh\n"
        "_peal() {\n"
        "  local -a commands=(\n",
        out);
  zsh_summaries(out);
  fputs("  )\n"
        "  if (( CURRENT == 2 )); then\n"
        "    _describe command commands\n"
        "    return\n"
        "  fi\n"
        "  local command=$words[2]\n"
        "  shift words\n"
        "  (( CURRENT-- ))\n"
        "  case $command in\n",
        out);
  for (size_t c = 0; c < cli_commands_count; c++) {
    fprintf(out, "  %s)\n    _arguments -s", cli_commands[c].name);
    for (size_t i = 0; i < cli_option_table_count; i++)
      if ((cli_option_table[i].commands & cli_commands[c].bit) != 0)
        zsh_option(out, &cli_option_table[i]);
    fputs(" \\\n      '*: :_default'\n    ;;\n", out);
  }
  fputs("  help) _describe command commands ;;\n"
        "  completion) _values shell bash zsh ;;\n"
        "  esac\n"
        "}\n"
        "_peal \"$@\"\n",
        out);
}

bool cli_completion_print(FILE *out, const char *shell) {
  if (strcmp(shell, "bash") == 0)
    print_bash(out);
  else if (strcmp(shell, "zsh") == 0)
    print_zsh(out);
  else
    return false;
  return true;
}

void cli_completion_help(FILE *out) {
  fputs("peal completion: completion for a shell\n"
        "\n"
        "usage: peal completion bash|zsh\n"
        "\n"
        "Writes it on stdout. An installed peal has both in their places.\n"
        "\n"
        "Example:\n"
        "  . <(peal completion bash)\n"
        "  peal completion zsh > ~/.zfunc/_peal   # a folder of $fpath\n",
        out);
}
