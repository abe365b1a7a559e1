// Writes manual pages in the man(7) language of roff.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podwire::shim {

class Roff {
 public:
  /// `date`: YYYY-MM-DD, of what the page describes.
  struct Title {
    std::string name;  ///< "podwire-pod-add"
    std::string section;
    std::string date;
    std::string source;  ///< "podwire 0.1.0"
    std::string volume;
  };
  explicit Roff(const Title& title);

  void section(std::string_view title);
  void subsection(std::string_view title);
  /// Filled text; what stands between ` and ` is printed bold.
  void paragraph(std::string_view text);
  /// A tagged paragraph; `tag` is markup, made by bold(), italic() and plain().
  void item(std::string_view tag, std::string_view text);
  /// Markup that is filled: the source is broken at spaces.
  void line(std::string_view markup);
  /// Lines as they are.
  void example(const std::vector<std::string>& lines);

  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] static std::string plain(std::string_view text);
  [[nodiscard]] static std::string bold(std::string_view text);
  [[nodiscard]] static std::string italic(std::string_view text);

 private:
  std::string text_;
};

}  // namespace podwire::shim
