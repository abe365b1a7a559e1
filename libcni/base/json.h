// JSON values. json.cc is the one place that includes nlohmann/json, which costs seconds per translation
// unit.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libcni/base/error.h"

namespace podwire {

class Json;

/// A read-only view of a value inside a Json that outlives it. Knows its JSON pointer (RFC 6901), which every
/// type error names: "/ipam/ranges/0/0/subnet: expected a string, found a number (5)".
/// Type errors carry Code::kDecode.
class JsonView {
 public:
  JsonView(const nlohmann::ordered_json* node, std::string pointer)
      : node_(node), pointer_(std::move(pointer)) {}

  [[nodiscard]] const std::string& pointer() const { return pointer_; }  ///< "" for the document itself
  [[nodiscard]] bool is_null() const;
  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] bool is_string() const;

  /// Member of an object. Exact spelling first, then ignoring ASCII case as Go's encoding/json does
  /// (containerd capitalises capability arguments). null counts as absent; so does any member of a
  /// non-object.
  [[nodiscard]] std::optional<JsonView> find(std::string_view key) const;
  /// Member of exactly this spelling, null included: for keys where null says something else than absence.
  [[nodiscard]] std::optional<JsonView> member(std::string_view key) const;

  [[nodiscard]] Result<std::string> string() const;
  [[nodiscard]] Result<bool> boolean() const;
  /// An integer within [min, max]; the error names the bounds.
  [[nodiscard]] Result<std::int64_t> integer(std::int64_t min, std::int64_t max) const;
  [[nodiscard]] Result<std::vector<JsonView>> elements() const;  ///< of an array
  [[nodiscard]] Result<std::vector<std::pair<std::string, JsonView>>> members()
      const;                                                       ///< of an object, in order
  [[nodiscard]] Result<std::vector<std::string>> strings() const;  ///< array of strings

  /// An error of Code::kDecode: "<pointer>: expected <expected>, found <what it is>".
  [[nodiscard]] std::unexpected<Error> type_error(std::string_view expected) const;

  [[nodiscard]] Json copy() const;
  [[nodiscard]] std::string dump() const;  ///< compact

 private:
  const nlohmann::ordered_json* node_;
  std::string pointer_;
};

/// An owned JSON value. Objects keep the order in which members were set.
class Json {
 public:
  /// Copying and printing a value recurse, parsing does not: the parser has to refuse what they cannot
  /// survive.
  static constexpr int kMaxDepth = 200;

  Json();  ///< null
  Json(std::string_view value);
  Json(const char* value);
  Json(const std::string& value);
  Json(bool value);
  Json(std::int64_t value);
  Json(std::uint64_t value);
  Json(int value);
  Json(unsigned value);
  Json(const std::vector<std::string>& values);
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  [[nodiscard]] static Json object();
  [[nodiscard]] static Json array();
  /// One JSON value in UTF-8, nested at most kMaxDepth deep, and nothing after it. Duplicate keys: the last
  /// wins, as in Go. Error: Code::kDecode, "invalid JSON at line 3, column 7: ...", details "byte 41 of 60".
  [[nodiscard]] static Result<Json> parse(std::string_view text);

  Json& set(std::string_view key, Json value);  ///< of an object (anything else becomes one); replaces
  Json& push_back(Json value);                  ///< to an array (anything else becomes one)
  void erase(std::string_view key);             ///< exact spelling
  [[nodiscard]] bool empty() const;             ///< no members, no elements, or null

  [[nodiscard]] JsonView view() const;
  /// indent < 0: compact. Never fails: bytes that are not UTF-8 are printed as U+FFFD.
  [[nodiscard]] std::string dump(int indent = -1) const;

 private:
  friend class JsonView;
  explicit Json(std::unique_ptr<nlohmann::ordered_json> node);
  std::unique_ptr<nlohmann::ordered_json> node_;
};

/// Optional members: absent or null leaves `out` as it is. Usage: TRY(read(view, "isGateway",
/// conf.is_gateway));
[[nodiscard]] Result<void> read(const JsonView& object, std::string_view key, std::string& out);
[[nodiscard]] Result<void> read(const JsonView& object, std::string_view key, bool& out);
[[nodiscard]] Result<void> read(const JsonView& object, std::string_view key, std::vector<std::string>& out);

}  // namespace podwire
