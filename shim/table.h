// Text in columns, for people.
#pragma once

#include <string>
#include <vector>

namespace podwire::shim {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}

  /// As many cells as the header has. An empty cell is printed as "-".
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  /// Columns padded to their widest cell, two spaces apart, no space at the end of a line.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace podwire::shim
