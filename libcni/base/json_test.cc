#include "libcni/base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace podwire {
namespace {

Json parse(std::string_view text) {
  return Json::parse(text).value();
}

std::string parse_error(std::string_view text) {
  const auto json = Json::parse(text);
  if (json) return "parsed: " + json->dump();
  EXPECT_EQ(json.error().code, Code::kDecode);
  return json.error().msg;
}

std::string nested(int depth) {
  const auto count = static_cast<std::size_t>(depth);
  return std::string(count, '[') + std::string(count, ']');
}

TEST(JsonParse, NamesLineColumnAndByte) {
  const auto json = Json::parse("{\n  \"a\": 1,\n  \"b\": x\n}");
  ASSERT_FALSE(json);
  EXPECT_TRUE(json.error().msg.starts_with("invalid JSON at line 3, column 8: ")) << json.error().msg;
  EXPECT_EQ(json.error().details, "byte 20 of 22");
}

TEST(JsonParse, SaysThatTheInputEnds) {
  EXPECT_EQ(parse_error(""), "invalid JSON: the document is empty: unexpected end of input");
  EXPECT_EQ(parse_error(" \n"), "invalid JSON: the document is empty: unexpected end of input");
  EXPECT_NE(parse_error("{\"a\": ").find("unexpected end of input"), std::string::npos);
}

TEST(JsonParse, RefusesBytesAfterTheDocument) {
  EXPECT_TRUE(parse_error("{} {}").starts_with("invalid JSON at line 1, column 4: "));
  EXPECT_EQ(parse_error(std::string_view("{}\0", 3)), "invalid JSON at line 1, column 3: unexpected byte 0");
  EXPECT_EQ(Json::parse("{}\n").value().dump(), "{}");
}

TEST(JsonParse, RefusesWhatIsNotUtf8) {
  EXPECT_TRUE(parse_error("{\"a\": \"\xff\"}").starts_with("invalid JSON at line 1, column 8: "));
  EXPECT_TRUE(parse_error("{\"a\": \"\\ud800\"}").starts_with("invalid JSON at "));
}

TEST(JsonParse, RefusesNumbersWithoutValue) {
  EXPECT_TRUE(parse_error("[1e999]").starts_with("invalid JSON: number overflow"));
}

TEST(JsonParse, BoundsTheDepth) {
  EXPECT_TRUE(Json::parse(nested(Json::kMaxDepth)));
  EXPECT_EQ(parse_error(nested(Json::kMaxDepth + 1)),
            "invalid JSON at line 1, column 201: nested more than 200 levels deep");
  EXPECT_EQ(parse(R"(["\")" + std::string(1000, '[') + "\"]").view().elements()->size(), 1U);
  std::string siblings = "[";
  for (int i = 0; i < 1000; ++i) siblings += "[],";
  EXPECT_TRUE(Json::parse(siblings + "[]]"));
}

TEST(JsonParse, LastDuplicateWins) {
  EXPECT_EQ(parse(R"({"a":{"x":1},"b":2,"a":{"y":3}})").dump(), R"({"a":{"y":3},"b":2})");
}

TEST(JsonParse, KeepsOrderAndNumbers) {
  const std::string text =
      R"({"z":9007199254740993,"a":18446744073709551615,"m":-9223372036854775808,"f":1.5})";
  EXPECT_EQ(parse(text).dump(), text);
}

TEST(JsonFind, PrefersTheExactSpelling) {
  const Json json = parse(R"({"HOSTPORT":1,"hostPort":2})");
  EXPECT_EQ(json.view().find("hostPort")->integer(0, 9).value(), 2);
  EXPECT_EQ(json.view().find("HOSTPORT")->integer(0, 9).value(), 1);
  EXPECT_EQ(json.view().find("hostport")->pointer(), "/hostPort");
}

TEST(JsonFind, NullIsAbsentForFindOnly) {
  const Json json = parse(R"({"a":null})");
  EXPECT_FALSE(json.view().find("a"));
  EXPECT_FALSE(json.view().find("b"));
  EXPECT_TRUE(json.view().member("a")->is_null());
  EXPECT_FALSE(json.view().member("A"));
  EXPECT_FALSE(parse("[1]").view().find("a"));
  EXPECT_FALSE(parse("[1]").view().member("a"));
}

TEST(JsonTypeError, NamesPointerAndValue) {
  const Json json =
      parse(R"({"a":{"b/c~d":[true,5,"x",null,{},[]]},"long":")" + std::string(100, 'x') + "\"}");
  const auto list = json.view().find("a")->find("b/c~d").value();
  const auto elements = list.elements().value();
  EXPECT_EQ(elements[1].string().error().msg, "/a/b~1c~0d/1: expected a string, found a number (5)");
  EXPECT_EQ(elements[0].string().error().msg, "/a/b~1c~0d/0: expected a string, found a boolean (true)");
  EXPECT_EQ(elements[2].boolean().error().msg,
            "/a/b~1c~0d/2: expected true or false, found a string (\"x\")");
  EXPECT_EQ(elements[3].elements().error().msg, "/a/b~1c~0d/3: expected an array, found null");
  EXPECT_EQ(elements[4].string().error().msg, "/a/b~1c~0d/4: expected a string, found an object");
  EXPECT_EQ(elements[5].members().error().msg, "/a/b~1c~0d/5: expected an object, found an array");
  EXPECT_EQ(json.view().string().error().msg, "the document: expected a string, found an object");
  EXPECT_EQ(json.view().string().error().code, Code::kDecode);
  EXPECT_LT(json.view().find("long")->boolean().error().msg.size(), 130U);
}

TEST(JsonInteger, NamesItsBounds) {
  const auto value_of = [](std::string_view text) { return Json::parse(text).value().view().integer(-5, 5); };
  EXPECT_EQ(value_of("5").value(), 5);
  EXPECT_EQ(value_of("-5").value(), -5);
  EXPECT_EQ(value_of("6").error().msg, "the document: expected an integer from -5 to 5, found a number (6)");
  for (const char* text : {"-6", "1.0", "18446744073709551615", "\"1\"", "true"})
    EXPECT_FALSE(value_of(text)) << text;
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(parse("9223372036854775807").view().integer(kMin, kMax).value(), kMax);
  EXPECT_EQ(parse("-9223372036854775808").view().integer(kMin, kMax).value(), kMin);
  EXPECT_FALSE(parse("9223372036854775808").view().integer(kMin, kMax));
}

TEST(JsonStrings, NamesTheElementThatIsNone) {
  EXPECT_EQ(parse(R"(["a","b"])").view().strings().value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse(R"(["a",1])").view().strings().error().msg, "/1: expected a string, found a number (1)");
}

TEST(JsonBuild, ReplacesInPlaceAndKeepsOrder) {
  Json json;
  json.set("b", 1).set("a", "x").set("b", true).set("list", std::vector<std::string>{"p"});
  json.set("n", std::uint64_t{18446744073709551615U});
  EXPECT_EQ(json.dump(), R"({"b":true,"a":"x","list":["p"],"n":18446744073709551615})");
  json.erase("a");
  json.erase("absent");
  json.erase("LIST");
  EXPECT_EQ(json.dump(), R"({"b":true,"list":["p"],"n":18446744073709551615})");
}

TEST(JsonBuild, OtherKindsBecomeWhatIsAskedFor) {
  EXPECT_EQ(Json("text").set("a", 1).dump(), R"({"a":1})");
  EXPECT_EQ(Json(5).push_back(-1).dump(), "[-1]");
  Json text("text");
  text.erase("a");
  EXPECT_EQ(text.dump(), "\"text\"");
  EXPECT_TRUE(Json().empty());
  EXPECT_TRUE(Json::object().empty());
  EXPECT_FALSE(Json("").empty());
}

TEST(JsonBuild, CopiesAreIndependent) {
  Json first = Json::object().set("a", 1);
  const Json second = first.view().copy();
  Json third = first;
  first.set("a", 2);
  third.set("a", 3);
  EXPECT_EQ(first.dump() + second.dump() + third.dump(), R"({"a":2}{"a":1}{"a":3})");
}

TEST(JsonDump, NeverThrows) {
  EXPECT_EQ(Json("\xff").dump(), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(Json::object().set("a", Json::array().push_back(1)).dump(4),
            "{\n    \"a\": [\n        1\n    ]\n}");
}

TEST(JsonRead, LeavesTheValueWhenAbsentOrNull) {
  const Json json = parse(R"({"s":"x","b":true,"l":["y"],"null":null,"bad":1})");
  std::string text = "default";
  bool flag = false;
  std::vector<std::string> list;
  ASSERT_TRUE(read(json.view(), "null", text));
  ASSERT_TRUE(read(json.view(), "absent", text));
  EXPECT_EQ(text, "default");
  ASSERT_TRUE(read(json.view(), "s", text));
  ASSERT_TRUE(read(json.view(), "b", flag));
  ASSERT_TRUE(read(json.view(), "l", list));
  EXPECT_EQ(text, "x");
  EXPECT_TRUE(flag);
  EXPECT_EQ(list, std::vector<std::string>{"y"});
  EXPECT_FALSE(read(json.view(), "bad", text));
  EXPECT_FALSE(read(json.view(), "bad", flag));
  EXPECT_FALSE(read(json.view(), "bad", list));
}

}  // namespace
}  // namespace podwire
