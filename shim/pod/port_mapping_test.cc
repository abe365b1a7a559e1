#include "shim/pod/port_mapping.h"

#include <gtest/gtest.h>

namespace podwire::pod {
namespace {

TEST(PortMapping, ParsesEveryForm) {
  const std::pair<const char*, PortMapping> cases[] = {
      {"8080:80", {"", 8080, 80, "tcp"}},
      {"53:5353/udp", {"", 53, 5353, "udp"}},
      {"127.0.0.1:8080:80", {"127.0.0.1", 8080, 80, "tcp"}},
      {"[2001:db8::1]:1:65535/sctp", {"2001:db8::1", 1, 65535, "sctp"}},
  };
  for (const auto& [input, expected] : cases) {
    const auto parsed = parse_port_mapping(input);
    ASSERT_TRUE(parsed.has_value()) << input << ": " << parsed.error().msg;
    EXPECT_EQ(*parsed, expected) << input;
    EXPECT_EQ(parse_port_mapping(text(*parsed)).value(), expected) << input;
  }
}

TEST(PortMapping, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "a port is not a number"},
      {"80", "a port is not a number"},
      {"80:", "a port is not a number"},
      {":80", "a port is not a number"},
      {"0:80", "a port is not a number"},
      {"80:65536", "a port is not a number"},
      {"80:80/icmp", "unknown protocol \"icmp\""},
      {"80:80/", "unknown protocol \"\""},
      {"host:80:80", "\"host\" is not an IP address"},
      {":80:80", "\"\" is not an IP address"},
      {"2001:db8::1:80:80", "needs brackets"},
  };
  for (const auto& [input, expected] : cases) {
    const auto parsed = parse_port_mapping(input);
    ASSERT_FALSE(parsed.has_value()) << input;
    EXPECT_TRUE(parsed.error().msg.contains(expected)) << parsed.error().msg;
    EXPECT_EQ(parsed.error().code, Code::kInvalidEnvironment);
  }
}

TEST(PortMapping, EncodesAsTheConventionsSay) {
  const std::vector<PortMapping> mappings{{"", 8080, 80, "tcp"}, {"10.0.0.1", 53, 53, "udp"}};
  const Json encoded = encode_port_mappings(mappings);
  EXPECT_EQ(encoded.dump(), R"([{"hostPort":8080,"containerPort":80,"protocol":"tcp"},)"
                            R"({"hostPort":53,"containerPort":53,"protocol":"udp","hostIP":"10.0.0.1"}])");
  EXPECT_EQ(decode_port_mappings(encoded.view()).value(), mappings);
}

}  // namespace
}  // namespace podwire::pod
