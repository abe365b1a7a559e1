// docs/errors.md lists every code that the source knows, and no other; README and messages may rely on it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace podwire {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = PODWIRE_SOURCE_DIR;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// "kIo" -> 5, from the definition of enum class Code.
std::map<std::string, int> enumerators() {
  std::string text = text_of(kSource / "libcni/base/error.h");
  const auto begin = text.find("enum class Code");
  text = text.substr(begin, text.find("};", begin) - begin);
  const std::regex line(R"((k\w+) = (\d+),)");
  std::map<std::string, int> codes;
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
    codes[(*it)[1]] = std::stoi((*it)[2]);
  }
  return codes;
}

/// Rows look like: | 104 | meaning | cause | cure |
std::map<int, std::string> rows() {
  std::map<int, std::string> found;
  std::istringstream lines(text_of(kSource / "docs/errors.md"));
  const std::regex row(R"(^\| (\d+) \|.*)");
  for (std::string line; std::getline(lines, line);) {
    if (std::smatch match; std::regex_match(line, match, row)) {
      EXPECT_TRUE(found.emplace(std::stoi(match[1]), line).second) << "twice: " << line;
    }
  }
  return found;
}

TEST(ErrorDocumentation, EveryCodeHasARowWithMeaningCauseAndCure) {
  const auto codes = enumerators();
  const auto documented = rows();
  ASSERT_FALSE(codes.empty());
  for (const auto& [name, code] : codes) {
    ASSERT_TRUE(documented.contains(code)) << name << " = " << code << " is not in docs/errors.md";
    const std::string& row = documented.at(code);
    EXPECT_TRUE(std::regex_match(row, std::regex(R"(\| \d+ \| [^|]{3,} \| [^|]{3,} \| [^|]{3,} \|)"))) << row;
  }
}

TEST(ErrorDocumentation, EveryRowIsACode) {
  std::set<int> codes;
  for (const auto& [name, code] : enumerators()) codes.insert(code);
  for (const auto& [code, row] : rows()) EXPECT_TRUE(codes.contains(code)) << row;
}

}  // namespace
}  // namespace podwire
