#include "shim/roff.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"

namespace podwire::shim {
namespace {

/// Source lines stay this short for people who read patches; the formatter fills them anyway.
constexpr std::size_t kLineLength = 78;

/// Characters that roff takes for markup, or prints as typographic ones that nobody can paste into a shell.
std::string_view escape(char c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return {};
  }
}

/// A line that begins with '.' would be a request. (Apostrophes are escaped everywhere.)
std::string guarded(std::string line) {
  return line.starts_with('.') ? "\\&" + line : line;
}

/// `x` -> bold; an odd backquote stays what it is.
std::string with_bold(std::string_view text) {
  const std::vector<std::string> pieces = split(text, '`');
  if (pieces.size() % 2 == 0) return Roff::plain(text);
  std::string out;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    out += i % 2 == 0 ? Roff::plain(pieces[i]) : Roff::bold(pieces[i]);
  }
  return out;
}

}  // namespace

std::string Roff::plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const std::string_view escaped = escape(c);
    if (escaped.empty())
      out += c;
    else
      out += escaped;
  }
  return out;
}

std::string Roff::bold(std::string_view text) {
  return "\\fB" + plain(text) + "\\fR";
}

std::string Roff::italic(std::string_view text) {
  return "\\fI" + plain(text) + "\\fR";
}

Roff::Roff(const Title& title) {
  std::string name = title.name;
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  text_ = fmt::format(".TH {} {} {} \"{}\" \"{}\"\n", plain(name), title.section, title.date,
                      plain(title.source), plain(title.volume));
}

void Roff::section(std::string_view title) {
  text_ += fmt::format(".SH {}\n", plain(title));
}

void Roff::subsection(std::string_view title) {
  text_ += fmt::format(".SS {}\n", plain(title));
}

void Roff::line(std::string_view markup) {
  std::string current;
  for (const std::string& word : split(markup, ' ')) {
    if (word.empty()) continue;
    if (!current.empty() && current.size() + 1 + word.size() > kLineLength) {
      text_ += guarded(std::move(current)) + '\n';
      current.clear();
    }
    if (!current.empty()) current += ' ';
    current += word;
  }
  if (!current.empty()) text_ += guarded(std::move(current)) + '\n';
}

void Roff::paragraph(std::string_view text) {
  // Right below a heading the macro would do nothing, and checkers say so.
  const auto last_line = std::string_view(text_).substr(text_.rfind('\n', text_.size() - 2) + 1);
  if (!last_line.starts_with(".S")) text_ += ".PP\n";
  line(with_bold(text));
}

void Roff::item(std::string_view tag, std::string_view text) {
  text_ += fmt::format(".TP\n{}\n", tag);
  line(with_bold(text));
}

void Roff::example(const std::vector<std::string>& lines) {
  text_ += ".EX\n";
  for (const std::string& line : lines) text_ += guarded(plain(line)) + '\n';
  text_ += ".EE\n";
}

}  // namespace podwire::shim
