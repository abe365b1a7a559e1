#include "shim/man_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"
#include "shim/help_text.h"
#include "shim/roff.h"

namespace podwire::shim {
namespace {

constexpr std::string_view kExitStatus = "Exit status";

bool is_examples(const HelpText::Block& block) {
  return block.heading.starts_with("Example") || block.heading == "Start here";
}

std::string reference(const CommandTree& command) {
  return Roff::bold(man_name(command)) + "(1)";
}

std::string metavar(const Argument& argument) {
  return Roff::italic(argument.metavar) + (argument.repeatable ? "..." : "");
}

/// "--net CONFLIST", with the last of its names.
std::string synopsis_of(const Argument& option) {
  std::string text = Roff::bold(option.names.back());
  if (option.takes_value()) text += " " + Roff::italic(option.metavar);
  return text;
}

void write_synopsis(Roff& page, const CommandTree& command) {
  page.section("SYNOPSIS");
  std::string line = Roff::bold(command.path);
  if (!command.subcommands.empty()) {
    page.line(line + " " + Roff::italic("COMMAND") + " ...");
    return;
  }
  for (const Argument& option : command.options) {
    if (option.required) line += " " + synopsis_of(option) + (option.repeatable ? " ..." : "");
  }
  line += fmt::format(" [{}]", Roff::italic("OPTIONS"));
  for (const Argument& positional : command.positionals) {
    const std::string dashes = positional.values == Values::kPrograms ? Roff::bold("--") + " " : "";
    line += positional.required ? fmt::format(" {}{}", dashes, metavar(positional))
                                : fmt::format(" [{}{}]", dashes, metavar(positional));
  }
  page.line(line);
}

std::string sentence(std::string text) {
  return text.empty() || text.ends_with('.') || text.ends_with('?') ? text : text + ".";
}

std::string describe(const Argument& argument) {
  std::string text = sentence(argument.description);
  if (!argument.choices.empty()) text += fmt::format(" One of `{}`.", join(argument.choices, "`, `"));
  if (argument.required && !argument.names.empty()) text += " Required.";
  if (!argument.default_value.empty()) text += fmt::format(" Default: `{}`.", argument.default_value);
  if (!argument.excludes.empty())
    text += fmt::format(" Not together with `{}`.", join(argument.excludes, "`, `"));
  return text;
}

void write_options(Roff& page, const CommandTree& command) {
  if (!command.positionals.empty()) {
    page.section("ARGUMENTS");
    for (const Argument& positional : command.positionals)
      page.item(metavar(positional), describe(positional));
  }
  page.section("OPTIONS");
  for (const Argument& option : command.options) {
    std::vector<std::string> names;
    for (const std::string& name : option.names) names.push_back(Roff::bold(name));
    const std::string value = option.takes_value() ? " " + Roff::italic(option.metavar) : "";
    page.item(join(names, ", ") + value, describe(option));
  }
}

void write_subcommands(Roff& page, const CommandTree& command) {
  if (command.subcommands.empty()) return;
  page.section("COMMANDS");
  for (const CommandTree* each : all_commands(command)) {
    if (each->subcommands.empty()) page.item(reference(*each), sentence(each->description));
  }
}

/// "  125  the pod cannot be entered": tag and text are two spaces apart.
void write_items(Roff& page, const HelpText::Block& block) {
  for (const std::string& line : block.lines) {
    const auto gap = line.find("  ");
    if (gap == std::string::npos) {
      page.paragraph(line);
    } else {
      page.item(Roff::bold(line.substr(0, gap)), trim(std::string_view(line).substr(gap)));
    }
  }
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

void write_exit_status(Roff& page, const HelpText& help) {
  page.section("EXIT STATUS");
  if (const HelpText::Block* own = help.find(kExitStatus)) {
    write_items(page, *own);
  } else {
    page.item(Roff::bold("0"), "Success.");
    page.item(
        Roff::bold("1"),
        "It failed. Standard error says why: `error CODE: message (details)`. Codes below 100 are those of "
        "the CNI specification, the others are podwire's.");
  }
  page.item(Roff::bold("2"), "The command line is wrong.");
}

void write_files(Roff& page, const CommandTree& command) {
  std::vector<Argument> directories;
  for (const CommandTree* each : all_commands(command)) {
    for (const Argument& option : each->options) {
      if (option.values != Values::kDirectories || option.default_value.empty()) continue;
      if (std::ranges::find(directories, option.names, &Argument::names) == directories.end()) {
        directories.push_back(option);
      }
    }
  }
  if (directories.empty()) return;
  page.section("FILES");
  for (const Argument& option : directories) {
    page.item(Roff::italic(option.default_value),
              fmt::format("{} `{}` names another.", sentence(option.description), option.names.back()));
  }
}

void write_environment(Roff& page, const CommandTree& command) {
  const bool runs_plugins = std::ranges::any_of(all_commands(command), [](const CommandTree* each) {
    return std::ranges::any_of(each->options, [](const Argument& option) {
      return option.names == std::vector<std::string>{"--plugin-dir"};
    });
  });
  if (!runs_plugins) return;
  page.section("ENVIRONMENT");
  page.item(Roff::bold("CNI_PATH"),
            "Directories of plugins, separated by colons; searched unless `--plugin-dir` is given.");
}

std::string parent_path(const CommandTree& command) {
  const auto space = command.path.rfind(' ');
  return space == std::string::npos ? "" : command.path.substr(0, space);
}

/// The commands above this one and those beside it; those below are in COMMANDS.
void write_references(Roff& page, const CommandTree& command, const CommandTree& root) {
  std::vector<std::string> names;
  for (const CommandTree* other : all_commands(root)) {
    const bool above = command.path.starts_with(other->path + ' ');
    const bool beside = other != &command && parent_path(*other) == parent_path(command);
    if (above || beside) names.push_back(reference(*other));
  }
  if (names.empty()) return;
  page.section("SEE ALSO");
  for (std::size_t i = 0; i < names.size(); ++i) page.line(names[i] + (i + 1 < names.size() ? "," : ""));
}

}  // namespace

std::string man_name(const CommandTree& command) {
  std::string name = command.path;
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::string man_page(const CommandTree& command, const CommandTree& root) {
  const HelpText help = parse_help_text(command.footer);
  Roff page({.name = man_name(command),
             .section = "1",
             .date = PODWIRE_DATE,
             .source = "podwire " PODWIRE_VERSION,
             .volume = "podwire manual"});
  page.section("NAME");
  std::string about = command.description;
  if (about.ends_with('.')) about.pop_back();
  page.paragraph(man_name(command) + " - " + about);
  write_synopsis(page, command);
  page.section("DESCRIPTION");
  page.paragraph(sentence(command.description));
  if (!help.prose.empty()) page.paragraph(help.prose);
  write_subcommands(page, command);
  write_options(page, command);
  write_exit_status(page, help);
  for (const HelpText::Block& block : help.blocks) {
    if (is_examples(block) || block.heading == kExitStatus) continue;
    page.section(upper(block.heading));
    write_items(page, block);
  }
  write_environment(page, command);
  write_files(page, command);
  if (const auto examples = std::ranges::find_if(help.blocks, is_examples); examples != help.blocks.end()) {
    page.section("EXAMPLES");
    page.example(examples->lines);
  }
  write_references(page, command, root);
  return page.text();
}

}  // namespace podwire::shim
