// What the tests of host-local share.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "plugins/host-local-ipam/range.h"

namespace podwire::host_local::test {

/// A directory that vanishes with the object.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwire-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().msg);
  return std::move(*result);
}

inline Ip ip(std::string_view text) {
  return must(Ip::parse(text));
}

inline RangeRequest range_request(std::string_view subnet, std::string_view start = "",
                                  std::string_view end = "", std::string_view gateway = "") {
  const auto optional_ip = [](std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(ip(text));
  };
  return {.subnet = must(Cidr::parse(subnet)),
          .start = optional_ip(start),
          .end = optional_ip(end),
          .gateway = optional_ip(gateway)};
}

inline RangeSet range_set(const std::vector<RangeRequest>& requests) {
  return must(complete_range_set(requests));
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// Names in the directory that are addresses, sorted as text.
inline std::vector<std::string> lease_names(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (Ip::parse(name)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

/// Error message, or "" on success.
template <typename T>
std::string message(const Result<T>& result) {
  return result ? "" : result.error().msg;
}

template <typename T>
Code code(const Result<T>& result) {
  return result ? static_cast<Code>(0) : result.error().code;
}

}  // namespace podwire::host_local::test
