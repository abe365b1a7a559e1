#include <fmt/format.h>

#include "libcni/base/text.h"
#include "shim/completion.h"

namespace podwire::shim {
namespace {

std::string kind_of(const Argument& argument) {
  switch (argument.values) {
    case Values::kFiles:
      return "files";
    case Values::kDirectories:
      return "directories";
    case Values::kNetworks:
      return "networks";
    case Values::kPods:
      return "pods";
    case Values::kPrograms:
      return "programs";
    case Values::kTopics:
      return "topics";
    case Values::kChoices:
      return "choices:" + join(argument.choices, ":");
    case Values::kText:
      break;
  }
  return "text";
}

std::string option_words(const CommandTree& command) {
  std::vector<std::string> words;
  for (const Argument& option : command.options) words.push_back(join(option.names, " "));
  return join(words, " ");
}

std::string subcommand_words(const CommandTree& command) {
  std::vector<std::string> words;
  for (const CommandTree& child : command.subcommands) words.push_back(child.name());
  return join(words, " ");
}

/// The kinds of the positionals in their order; the last one for all that follow when it may be repeated.
std::string positional_kinds(const CommandTree& command) {
  std::vector<std::string> kinds;
  for (const Argument& positional : command.positionals) kinds.push_back(kind_of(positional));
  if (!command.positionals.empty() && command.positionals.back().repeatable) kinds.emplace_back("...");
  return join(kinds, " ");
}

/// case branches: "'podwire pod add --net') kind=networks ;;"
std::string option_values(const CommandTree& command) {
  std::string text;
  for (const Argument& option : command.options) {
    if (!option.takes_value()) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names)
      patterns.push_back(fmt::format("'{} {}'", command.path, name));
    text += fmt::format("    {}) kind={} ;;\n", join(patterns, " | "), kind_of(option));
  }
  return text;
}

constexpr std::string_view kHead =
    R"bash(# bash completion for podwire; put it in force with: source <(podwire completion bash)

# Sets subcommands, options and positionals (kinds of values) of a command.
_podwire_command() {
  subcommands= options= positionals=
  case $1 in
)bash";

constexpr std::string_view kBetween = R"bash(    *) return 1 ;;
  esac
}

# Sets kind: of what the option of a command takes; "" when it takes nothing.
_podwire_option() {
  kind=
  case $1 in
)bash";

constexpr std::string_view kTail = R"bash(  esac
}

# Sets kind: of the positional argument that comes after those in given.
_podwire_positional() {
  local kinds last
  read -ra kinds <<<"$positionals"
  kind=${kinds[${#given[@]}]-}
  last=$((${#kinds[@]} - 1))
  if [[ -z $kind || $kind == ... ]] && ((last > 0)) && [[ ${kinds[last]} == ... ]]; then
    kind=${kinds[last - 1]}
    # A program has been named: what follows are its arguments.
    [[ $kind == programs ]] && kind=files
  fi
}

_podwire_offer() {
  local words=${kind#choices:} word
  case $kind in
    directories) compgen -d -- "$current" ;;
    files) compgen -f -- "$current" ;;
    networks)
      compgen -d -- "$current"
      for word in conflist conf json; do compgen -f -X "!*.$word" -- "$current"; done ;;
    programs) compgen -c -- "$current" ;;
    choices:*) compgen -W "${words//:/ }" -- "$current" ;;
    topics)
      _podwire_command "podwire${given[*]:+ ${given[*]}}" && compgen -W "$subcommands" -- "$current" ;;
    pods)
      for word in $(podwire pod ls --quiet 2>/dev/null); do
        [[ " ${given[*]} " == *" $word "* ]] || compgen -W "$word" -- "$current"
      done ;;
  esac
}

# Goes through the words before the current one; sets path, given, dashes, and kind when a value is due.
_podwire_walk() {
  local word
  for word; do
    if [[ -n $kind ]]; then
      kind=
    elif [[ -z $dashes && $word == -- ]]; then
      dashes=yes
    elif [[ -z $dashes && $word == -* ]]; then
      _podwire_option "$path $word"
    elif ((${#given[@]} == 0)) && _podwire_command "$path $word"; then
      path+=" $word"
    else
      given+=("$word")
    fi
  done
}

_podwire() {
  local words=() word glue= current=${COMP_WORDS[COMP_CWORD]} whole
  # Bash breaks words at '=' and ':' too.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if ((${#words[@]})) && [[ -n $glue || $word == [=:] ]]; then words[-1]+=$word; else words+=("$word"); fi
    if [[ $word == [=:] ]]; then glue=yes; else glue=; fi
  done
  whole=${words[-1]}
  local path=podwire given=() dashes= kind= subcommands options positionals
  _podwire_walk "${words[@]:0:${#words[@]}-1}"
  _podwire_command "$path"
  if [[ -n $kind ]]; then
    :
  elif [[ -z $dashes && $whole == --*=* ]]; then
    _podwire_option "$path ${whole%%=*}"
    [[ $current == = ]] && current=
  elif [[ -z $dashes && $whole == -* ]]; then
    kind=choices:${options// /:}
  elif [[ -n $subcommands ]]; then
    kind=choices:${subcommands// /:}
  else
    _podwire_positional
  fi
  case $kind in files | directories | networks) compopt -o filenames 2>/dev/null ;; esac
  mapfile -t COMPREPLY < <(_podwire_offer)
}
complete -F _podwire podwire
)bash";

}  // namespace

std::string bash_completion(const CommandTree& root) {
  std::string script(kHead);
  for (const CommandTree* command : all_commands(root)) {
    script += fmt::format("    '{}') subcommands='{}' options='{}' positionals='{}' ;;\n", command->path,
                          subcommand_words(*command), option_words(*command), positional_kinds(*command));
  }
  script += kBetween;
  for (const CommandTree* command : all_commands(root)) script += option_values(*command);
  return script += kTail;
}

}  // namespace podwire::shim
