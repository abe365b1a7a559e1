// podwire completion
#include "shim/completion.h"

#include "shim/command.h"

namespace podwire::shim {

void register_completion(CLI::App& parent, Action& selected) {
  CLI::App* command =
      parent.add_subcommand("completion", "Print a script that teaches the shell to complete podwire");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "The shell")->required()->check(CLI::IsMember({"bash", "zsh"}));
  command->footer(
      "The script knows every command and option, the names of pods, and which values are files or "
      "directories.\n"
      "Examples:\n"
      "  source <(podwire completion bash)\n"
      "  podwire completion bash > /etc/bash_completion.d/podwire\n"
      "  podwire completion zsh > /usr/local/share/zsh/site-functions/_podwire");
  command->callback([&parent, &selected, shell] {
    selected = [&parent, shell]() -> Result<int> {
      const CommandTree tree = describe_command_line(parent);
      TRY(print(*shell == "zsh" ? zsh_completion(tree) : bash_completion(tree)));
      return 0;
    };
  });
}

}  // namespace podwire::shim
