// The text below the options in --help, taken apart: prose, then blocks under a heading.
//
//   What podwire says about the command.
//   Exit status:
//     125  the pod cannot be entered
//   Examples:
//     podwire pod exec web -- ip addr
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podwire::shim {

struct HelpText {
  struct Block {
    std::string heading;             ///< without the colon
    std::vector<std::string> lines;  ///< without their common indentation of two spaces
  };
  std::string prose;  ///< one paragraph, one line
  std::vector<Block> blocks;

  /// Null when there is none.
  [[nodiscard]] const Block* find(std::string_view heading) const;
};

[[nodiscard]] HelpText parse_help_text(std::string_view footer);

}  // namespace podwire::shim
