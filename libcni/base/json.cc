#include "libcni/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libcni/base/text.h"

namespace podwire {
namespace {

using Node = nlohmann::ordered_json;

struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// Of the byte at `offset`, both counted from 1.
Position position_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto newline = before.rfind('\n');
  return {.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
          .column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline};
}

std::unexpected<Error> syntax_error(std::string_view text, std::size_t offset, std::string_view what) {
  const Position at = position_of(text, offset);
  return fail(Code::kDecode, fmt::format("invalid JSON at line {}, column {}: {}", at.line, at.column, what),
              fmt::format("byte {} of {}", offset + 1, text.size()));
}

/// What the parser of nlohmann/json lets pass: a document too deep to be copied, and the byte NUL, which it
/// takes for the end of the input.
Result<void> check_structure(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') return syntax_error(text, i, "unexpected byte 0");
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > Json::kMaxDepth) {
        return syntax_error(text, i, fmt::format("nested more than {} levels deep", Json::kMaxDepth));
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return {};
}

/// The reason alone, of "[json.exception.parse_error.101] parse error at line 1, column 2: reason".
std::string_view reason_of(std::string_view what) {
  if (const auto bracket = what.find("] "); bracket != std::string_view::npos)
    what.remove_prefix(bracket + 2);
  if (what.starts_with("parse error at")) {
    if (const auto colon = what.find(": "); colon != std::string_view::npos) what.remove_prefix(colon + 2);
  }
  return what;
}

std::string escape_pointer(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~')
      escaped += "~0";
    else if (c == '/')
      escaped += "~1";
    else
      escaped += c;
  }
  return escaped;
}

std::string dump_node(const Node& node, int indent = -1) {
  return node.dump(indent, ' ', false, Node::error_handler_t::replace);
}

/// "a number (5)": kind and, where it helps, the value, cut to a length that fits a message.
std::string describe(const Node& node) {
  constexpr std::size_t kLongestValue = 64;
  if (node.is_null()) return "null";
  if (node.is_object()) return "an object";
  if (node.is_array()) return "an array";
  std::string value = dump_node(node);
  if (value.size() > kLongestValue) value = value.substr(0, kLongestValue) + "...";
  const char* kind = node.is_string() ? "a string" : node.is_boolean() ? "a boolean" : "a number";
  return fmt::format("{} ({})", kind, value);
}

}  // namespace

bool JsonView::is_null() const {
  return node_->is_null();
}
bool JsonView::is_object() const {
  return node_->is_object();
}
bool JsonView::is_array() const {
  return node_->is_array();
}
bool JsonView::is_string() const {
  return node_->is_string();
}

std::optional<JsonView> JsonView::member(std::string_view key) const {
  if (!node_->is_object()) return std::nullopt;
  const auto found = node_->find(key);
  if (found == node_->end()) return std::nullopt;
  return JsonView(&*found, pointer_ + "/" + escape_pointer(key));
}

std::optional<JsonView> JsonView::find(std::string_view key) const {
  std::optional<JsonView> found = member(key);
  if (!found && node_->is_object()) {
    for (const auto& [name, value] : node_->items()) {
      if (equals_ignore_case(name, key)) found = JsonView(&value, pointer_ + "/" + escape_pointer(name));
    }
  }
  if (found && found->is_null()) found.reset();
  return found;
}

Result<std::string> JsonView::string() const {
  if (!node_->is_string()) return type_error("a string");
  return node_->get_ref<const std::string&>();
}

Result<bool> JsonView::boolean() const {
  if (!node_->is_boolean()) return type_error("true or false");
  return node_->get<bool>();
}

Result<std::int64_t> JsonView::integer(std::int64_t min, std::int64_t max) const {
  const bool fits = node_->is_number_integer() && !(node_->is_number_unsigned() &&
                                                    std::cmp_greater(node_->get<std::uint64_t>(), INT64_MAX));
  const std::int64_t value = fits ? node_->get<std::int64_t>() : 0;
  if (!fits || value < min || value > max)
    return type_error(fmt::format("an integer from {} to {}", min, max));
  return value;
}

Result<std::vector<JsonView>> JsonView::elements() const {
  if (!node_->is_array()) return type_error("an array");
  std::vector<JsonView> elements;
  elements.reserve(node_->size());
  for (const Node& element : *node_)
    elements.emplace_back(&element, fmt::format("{}/{}", pointer_, elements.size()));
  return elements;
}

Result<std::vector<std::pair<std::string, JsonView>>> JsonView::members() const {
  if (!node_->is_object()) return type_error("an object");
  std::vector<std::pair<std::string, JsonView>> members;
  members.reserve(node_->size());
  for (const auto& [name, value] : node_->items()) {
    members.emplace_back(name, JsonView(&value, pointer_ + "/" + escape_pointer(name)));
  }
  return members;
}

Result<std::vector<std::string>> JsonView::strings() const {
  std::vector<std::string> strings;
  for (const JsonView& element : TRY(elements())) strings.push_back(TRY(element.string()));
  return strings;
}

std::unexpected<Error> JsonView::type_error(std::string_view expected) const {
  return fail(Code::kDecode,
              fmt::format("{}: expected {}, found {}", pointer_.empty() ? "the document" : pointer_, expected,
                          describe(*node_)));
}

Json JsonView::copy() const {
  return Json(std::make_unique<Node>(*node_));
}
std::string JsonView::dump() const {
  return dump_node(*node_);
}

Json::Json() : node_(std::make_unique<Node>()) {}
Json::Json(std::string_view value) : node_(std::make_unique<Node>(std::string(value))) {}
Json::Json(const char* value) : Json(std::string_view(value)) {}
Json::Json(const std::string& value) : node_(std::make_unique<Node>(value)) {}
Json::Json(bool value) : node_(std::make_unique<Node>(value)) {}
Json::Json(std::int64_t value) : node_(std::make_unique<Node>(value)) {}
Json::Json(std::uint64_t value) : node_(std::make_unique<Node>(value)) {}
Json::Json(int value) : node_(std::make_unique<Node>(value)) {}
Json::Json(unsigned value) : node_(std::make_unique<Node>(value)) {}
Json::Json(const std::vector<std::string>& values) : node_(std::make_unique<Node>(values)) {}
Json::Json(std::unique_ptr<Node> node) : node_(std::move(node)) {}
Json::Json(const Json& other) : node_(std::make_unique<Node>(*other.node_)) {}
Json::Json(Json&& other) noexcept = default;
Json::~Json() = default;

Json& Json::operator=(Json other) noexcept {
  node_.swap(other.node_);
  return *this;
}

Json Json::object() {
  return Json(std::make_unique<Node>(Node::object()));
}
Json Json::array() {
  return Json(std::make_unique<Node>(Node::array()));
}

Result<Json> Json::parse(std::string_view text) {
  if (trim(text).empty()) {
    return fail(Code::kDecode, "invalid JSON: the document is empty: unexpected end of input");
  }
  TRY(check_structure(text));
  try {
    return Json(std::make_unique<Node>(Node::parse(text)));
  } catch (const Node::parse_error& error) {
    const std::size_t offset = std::min(error.byte, text.size() + 1);
    return syntax_error(text, offset > 0 ? offset - 1 : 0, reason_of(error.what()));
  } catch (const Node::exception& error) {
    return fail(Code::kDecode, fmt::format("invalid JSON: {}", reason_of(error.what())));
  }
}

Json& Json::set(std::string_view key, Json value) {
  if (!node_->is_object()) *node_ = Node::object();
  (*node_)[std::string(key)] = std::move(*value.node_);
  return *this;
}

Json& Json::push_back(Json value) {
  if (!node_->is_array()) *node_ = Node::array();
  node_->push_back(std::move(*value.node_));
  return *this;
}

void Json::erase(std::string_view key) {
  if (node_->is_object()) node_->erase(std::string(key));
}

bool Json::empty() const {
  return node_->empty();
}
JsonView Json::view() const {
  return {node_.get(), ""};
}
std::string Json::dump(int indent) const {
  return dump_node(*node_, indent);
}

Result<void> read(const JsonView& object, std::string_view key, std::string& out) {
  if (const auto member = object.find(key)) out = TRY(member->string());
  return {};
}

Result<void> read(const JsonView& object, std::string_view key, bool& out) {
  if (const auto member = object.find(key)) out = TRY(member->boolean());
  return {};
}

Result<void> read(const JsonView& object, std::string_view key, std::vector<std::string>& out) {
  if (const auto member = object.find(key)) out = TRY(member->strings());
  return {};
}

}  // namespace podwire
