#include "shim/help_text.h"

#include <algorithm>

#include "libcni/base/text.h"

namespace podwire::shim {
namespace {

constexpr std::string_view kIndentation = "  ";

bool is_indented(std::string_view line) {
  return line.starts_with(kIndentation);
}

}  // namespace

const HelpText::Block* HelpText::find(std::string_view heading) const {
  const auto block = std::ranges::find(blocks, heading, &Block::heading);
  return block == blocks.end() ? nullptr : &*block;
}

HelpText parse_help_text(std::string_view footer) {
  HelpText help;
  const std::vector<std::string> lines = split(footer, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (!help.blocks.empty() && is_indented(line)) {
      help.blocks.back().lines.push_back(line.substr(kIndentation.size()));
    } else if (line.ends_with(':') && i + 1 < lines.size() && is_indented(lines[i + 1])) {
      help.blocks.push_back({.heading = line.substr(0, line.size() - 1), .lines = {}});
    } else if (!line.empty()) {
      if (!help.prose.empty()) help.prose += ' ';
      help.prose += line;
    }
  }
  return help;
}

}  // namespace podwire::shim
