// podwire completion
#include "shim/completion.h"

#include <fmt/format.h>

#include "libcni/base/text.h"
#include "shim/command.h"

namespace podwire::shim {
namespace {

/// What may follow a command: its options, and its sub-commands or the kind of its positionals.
struct Words {
  std::string path;  ///< "pod add"; "" for the root
  std::string subcommands;
  std::string options;
  bool takes_pods = false;
};

std::string option_words(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.push_back("-" + name);
  }
  return join(words, " ");
}

/// `add` makes a new pod, so its NAME is not one of the existing.
bool takes_pods(const CLI::App& command) {
  const CLI::Option* name = command.get_option_no_throw("NAME");
  return name != nullptr && name->get_positional() && command.get_name() != "add";
}

void collect(const CLI::App& command, const std::string& path, std::vector<Words>& all) {
  std::vector<std::string> names;
  const auto children = command.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) names.push_back(child->get_name());
  all.push_back({path, join(names, " "), option_words(command), takes_pods(command)});
  for (const CLI::App* child : children) {
    collect(*child, path.empty() ? child->get_name() : path + ' ' + child->get_name(), all);
  }
}

constexpr std::string_view kHead =
    R"bash(# bash completion for podwire; put it in force with: source <(podwire completion bash)
_podwire() {
  local current=${COMP_WORDS[COMP_CWORD]} path= word next
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -- ]] && return
    next=${path:+$path }$word
    case $next in
)bash";

constexpr std::string_view kMiddle = R"bash(    esac
  done
  local subcommands= options= pods=
  case $path in
)bash";

constexpr std::string_view kTail = R"bash(  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $subcommands ]]; then
    COMPREPLY=($(compgen -W "$subcommands" -- "$current"))
  elif [[ -n $pods ]]; then
    COMPREPLY=($(compgen -W "$(podwire pod ls --quiet 2>/dev/null)" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _podwire podwire
)bash";

}  // namespace

std::string bash_completion(const CLI::App& root) {
  std::vector<Words> all;
  collect(root, "", all);
  std::string script(kHead);
  for (const Words& words : all) {
    if (!words.path.empty()) script += fmt::format("      '{}') path=$next ;;\n", words.path);
  }
  script += kMiddle;
  for (const Words& words : all) {
    script += fmt::format("    '{}') subcommands='{}' options='{}' pods={} ;;\n", words.path,
                          words.subcommands, words.options, words.takes_pods ? "yes" : "");
  }
  return script += kTail;
}

void register_completion(CLI::App& parent, Action& selected) {
  CLI::App* command =
      parent.add_subcommand("completion", "Print a script that teaches the shell to complete podwire");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  command->footer(
      "Examples:\n"
      "  source <(podwire completion bash)\n"
      "  podwire completion bash > /etc/bash_completion.d/podwire");
  command->callback([&parent, &selected] {
    selected = [&parent]() -> Result<int> {
      TRY(print(bash_completion(parent)));
      return 0;
    };
  });
}

}  // namespace podwire::shim
