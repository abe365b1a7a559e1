#include "libcni/spec/validate.h"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace podwire::spec {
namespace {

constexpr bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// ^[a-zA-Z0-9][a-zA-Z0-9_.\-]*$
bool is_identifier(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  });
}

/// The Unicode property White_Space.
constexpr bool is_white_space(std::uint32_t code_point) {
  return (code_point >= 0x09 && code_point <= 0x0d) || code_point == 0x20 || code_point == 0x85 ||
         code_point == 0xa0 || code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200a) ||
         code_point == 0x2028 || code_point == 0x2029 || code_point == 0x202f || code_point == 0x205f ||
         code_point == 0x3000;
}

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;  ///< bytes
};

/// The first code point of UTF-8 text. A byte that starts none is U+FFFD, one byte long. Sequences of four
/// bytes are too: no white space lies beyond U+FFFF.
CodePoint first_code_point(std::string_view text) {
  constexpr CodePoint kInvalid{.value = 0xfffd, .length = 1};
  const auto byte = [text](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  if (byte(0) < 0x80U) return {.value = byte(0), .length = 1};
  if (byte(0) >= 0xc2U && byte(0) < 0xe0U && continues(1)) {
    return {.value = (byte(0) & 0x1fU) << 6U | (byte(1) & 0x3fU), .length = 2};
  }
  if ((byte(0) & 0xf0U) == 0xe0U && continues(1) && continues(2)) {
    const std::uint32_t value = (byte(0) & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU);
    if (value >= 0x800) return {.value = value, .length = 3};
  }
  return kInvalid;
}

bool contains_white_space(std::string_view text) {
  while (!text.empty()) {
    const CodePoint code_point = first_code_point(text);
    if (is_white_space(code_point.value)) return true;
    text.remove_prefix(code_point.length);
  }
  return false;
}

}  // namespace

Result<void> validate_container_id(std::string_view id) {
  if (id.empty()) return fail(Code::kInvalidEnvironment, "missing containerID");
  if (!is_identifier(id)) {
    return fail(Code::kInvalidEnvironment, "invalid characters in containerID", std::string(id));
  }
  return {};
}

Result<void> validate_network_name(std::string_view name) {
  if (name.empty()) return fail(Code::kInvalidNetworkConfig, "missing network name");
  if (!is_identifier(name)) {
    return fail(Code::kInvalidNetworkConfig, "invalid characters found in network name", std::string(name));
  }
  return {};
}

Result<void> validate_interface_name(std::string_view name) {
  const auto invalid = [name](std::string_view what) {
    return fail(Code::kInvalidEnvironment, std::string(what), std::string(name));
  };
  if (name.empty()) return invalid("interface name is empty");
  if (name.size() >= IFNAMSIZ) return invalid("interface name is too long");
  if (name == "." || name == "..") return invalid("interface name is . or ..");
  if (name.find_first_of("/:") != std::string_view::npos || contains_white_space(name)) {
    return invalid("interface name contains / or : or whitespace characters");
  }
  return {};
}

Result<void> validate_plugin_type(std::string_view type) {
  if (type.empty()) return fail(Code::kInvalidNetworkConfig, "missing plugin type");
  if (type.find_first_of("/\\") != std::string_view::npos) {
    return fail(Code::kInvalidNetworkConfig,
                fmt::format("invalid plugin type {:?}: it must not contain / or \\", type));
  }
  return {};
}

}  // namespace podwire::spec
