// A node with kernel::Nft opened in it, and what nft lists there.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>

#include "libcni/base/json.h"
#include "libcni/kernel/nft.h"
#include "netns-test/node.h"

namespace podwire::netns {

inline Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}
inline Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}
inline Ip numbered(unsigned number) {
  return Ip::from_number(Family::kV4, 0x0a000000U + number);
}

inline Result<std::vector<kernel::MasqueradeElement>> nothing_to_rebuild() {
  return std::vector<kernel::MasqueradeElement>{};
}

inline testing::AssertionResult succeeded(const Result<void>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().msg;
}

inline auto owned_by(std::string owner) {
  return [owner = std::move(owner)](std::string_view candidate) { return candidate == owner; };
}

/// Elements of a set as nft shows them, "value" -> comment; concatenations joined by " . ".
using Listed = std::map<std::string, std::string>;

inline std::string value_text(const JsonView& value) {
  if (value.is_string()) return value.string().value();
  if (const auto prefix = value.find("prefix")) {
    return fmt::format("{}/{}", prefix->find("addr")->string().value(),
                       prefix->find("len")->integer(0, 128).value());
  }
  if (const auto parts = value.find("concat")) {
    return fmt::format("{} . {}", parts->elements().value().at(0).string().value(),
                       parts->elements().value().at(1).string().value());
  }
  return value.dump();
}

class KernelNft : public testing::Test {
 protected:
  KernelNft() : nft_(open_inside(node_)) {}

  static kernel::Nft open_inside(const Node& node) {
    const Inside inside(node);
    return kernel::Nft::open().value();
  }

  [[nodiscard]] Listed listed(const std::string& family, const std::string& set) const {
    const Json document =
        Json::parse(node_.sh(fmt::format("nft -j list set {} podwire {}", family, set))).value();
    Listed result;
    const auto objects = document.view().find("nftables")->elements().value();
    for (const JsonView& object : objects) {
      const auto elements = object.find("set") ? object.find("set")->find("elem") : std::nullopt;
      if (!elements) continue;
      const auto entries = elements->elements().value();
      for (const JsonView& each : entries) {
        const auto element = each.find("elem");
        const JsonView value = element ? *element->find("val") : each;
        const auto comment = element ? element->find("comment") : std::nullopt;
        result[value_text(value)] = comment ? comment->string().value() : "";
      }
    }
    return result;
  }

  [[nodiscard]] std::string rules(const std::string& family = "inet",
                                  const std::string& chain = "postrouting") const {
    return node_.sh(fmt::format("nft -s list chain {} podwire {}", family, chain));
  }

  /// Runs `body` in `count` processes that start together; how many succeeded.
  int in_processes(int count, const std::function<Result<void>(int index, kernel::Nft& nft)>& body) const {
    int barrier[2] = {-1, -1};
    if (::pipe(barrier) != 0) return -1;
    std::vector<pid_t> children;
    for (int i = 0; i < count; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::close(barrier[1]);
        kernel::Nft nft = open_inside(node_);
        char released = 0;
        [[maybe_unused]] const auto end = ::read(barrier[0], &released, 1);
        const Result<void> result = body(i, nft);
        if (!result) fmt::print(stderr, "process {}: {}\n", i, result.error().msg);
        ::_exit(result ? 0 : 1);
      }
      children.push_back(child);
    }
    ::close(barrier[0]);
    ::close(barrier[1]);
    return static_cast<int>(std::ranges::count_if(children, [](pid_t child) {
      int status = -1;
      return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
    }));
  }

  Node node_;
  kernel::Nft nft_;
};

inline constexpr std::string_view kMasqueradeChain =
    "table inet podwire {\n"
    "\tchain postrouting {\n"
    "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
    "\t\tip saddr @masq4 ip daddr != @nomasq4 masquerade fully-random\n"
    "\t\tip6 saddr @masq6 ip6 daddr != @nomasq6 masquerade fully-random\n"
    "\t}\n"
    "}\n";

inline constexpr std::string_view kMacGuardChain =
    "table bridge podwire {\n"
    "\tchain prerouting {\n"
    "\t\ttype filter hook prerouting priority dstnat; policy accept;\n"
    "\t\tiifname @macguard_ports iifname . ether saddr != @macguard drop\n"
    "\t}\n"
    "}\n";

}  // namespace podwire::netns
