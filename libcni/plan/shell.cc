#include "libcni/plan/shell.h"

#include <fmt/format.h>

#include <algorithm>

namespace podwire::plan {
namespace {

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/@%+=";

bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

}  // namespace

std::string shell_word(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return kPlain.contains(c); });
  // A word with '=' in front of a command is an assignment; ours stand behind one.
  if (plain && !text.empty()) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out += '\'';
}

std::string printf_word(std::string_view bytes) {
  std::string format;
  for (const char c : bytes) {
    if (c == '%') {
      format += "%%";
    } else if (c == '\\') {
      format += "\\\\";
    } else if (c == '\r') {
      format += "\\r";
    } else if (c == '\n') {
      format += "\\n";
    } else if (!is_printable(c) || (c == '-' && format.empty())) {  // a leading '-' is an option
      format += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    } else {
      format += c;
    }
  }
  return shell_word(format);
}

}  // namespace podwire::plan
