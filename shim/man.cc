// podwire man
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "libcni/base/fd.h"
#include "libcni/base/text.h"
#include "libcni/runtime/file.h"
#include "shim/command.h"
#include "shim/man_page.h"

namespace podwire::shim {
namespace {

constexpr mode_t kPageMode = 0644;

struct Options {
  std::vector<std::string> words;
  std::string output_directory;
};

Result<void> write_all_pages(const CommandTree& root, const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail_errno(Code::kIo, fmt::format("cannot create {}", directory.string()), error.value());
  for (const CommandTree* command : all_commands(root)) {
    TRY(runtime::write_file_atomic(directory / (man_name(*command) + ".1"), man_page(*command, root),
                                   kPageMode));
  }
  return {};
}

Result<const CommandTree*> find_command(const CommandTree& root, const std::vector<std::string>& words) {
  const std::string path = words.empty() ? root.path : root.path + ' ' + join(words, " ");
  const auto all = all_commands(root);
  const auto found = std::ranges::find(all, path, &CommandTree::path);
  if (found == all.end()) {
    return fail(Code::kInvalidEnvironment, fmt::format("there is no command `{}`", path),
                "podwire --help lists them");
  }
  return *found;
}

/// Hands the page to man(1), which formats and pages it. Returns when there is no man(1).
void show_on_terminal(const std::string& page) {
  const Fd file(::memfd_create("podwire-man", 0));
  if (!file || ::write(file.get(), page.data(), page.size()) != static_cast<ssize_t>(page.size())) return;
  if (::lseek(file.get(), 0, SEEK_SET) != 0 || ::dup2(file.get(), STDIN_FILENO) < 0) return;
  ::execlp("man", "man", "-l", "-", nullptr);
}

Result<int> run(const Options& options, const CLI::App& app) {
  const CommandTree root = describe_command_line(app);
  if (!options.output_directory.empty()) {
    TRY(write_all_pages(root, options.output_directory));
    return 0;
  }
  const std::string page = man_page(*TRY(find_command(root, options.words)), root);
  if (::isatty(STDOUT_FILENO) != 0) show_on_terminal(page);
  TRY(print(page));
  return 0;
}

}  // namespace

void register_man(CLI::App& parent, Action& selected) {
  CLI::App* command = parent.add_subcommand("man", "Show the manual page of a command");
  const auto options = std::make_shared<Options>();
  auto* words =
      command->add_option("SUBCOMMAND", options->words, "Words of a command; podwire itself when left out");
  command
      ->add_option("--output-dir", options->output_directory, "Write all pages there, as podwire-pod-add.1")
      ->type_name("DIR")
      ->excludes(words);
  command->footer(
      "The pages are made from the command line itself and say what --help says. On a terminal man(1) shows "
      "the page;\n"
      "otherwise its source (man(7)) is printed.\n"
      "Examples:\n"
      "  podwire man pod add\n"
      "  podwire man --output-dir /usr/local/share/man/man1");
  command->callback(
      [options, &parent, &selected] { selected = [options, &parent] { return run(*options, parent); }; });
}

}  // namespace podwire::shim
