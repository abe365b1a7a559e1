#include "netns-test/running_ping.h"

#include <signal.h>

#include <set>
#include <utility>

#include "libcni/base/text.h"

namespace podwire::netns {
namespace {

/// Requests that must be answered after the work: at 50 ms, more than are under way when the work ends.
constexpr int kAfterwards = 5;

Process start(const Place& from, const std::string& address) {
  const Inside inside(from);
  return Process::start({.argv = {"ping", "-n", "-i", "0.05", address}});
}

/// Numbers of the answered requests: "64 bytes from 10.1.2.3: icmp_seq=7 ttl=64 time=0.05 ms".
std::set<int> answered(const std::string& text) {
  constexpr std::string_view kNumber = "icmp_seq=";
  std::set<int> numbers;
  for (const std::string& line : split(text, '\n')) {
    const auto at = line.find(kNumber);
    if (at == std::string::npos || line.find("bytes from") == std::string::npos) continue;
    numbers.insert(std::atoi(line.c_str() + at + kNumber.size()));
  }
  return numbers;
}

}  // namespace

RunningPing::RunningPing(const Place& from, std::string address)
    : address_(std::move(address)), ping_(start(from, address_)) {
  EXPECT_TRUE(wait_until([&] { return last_answered() > 0; })) << address_ << " does not answer";
}

int RunningPing::last_answered() const {
  const std::set<int> numbers = answered(ping_.printed());
  return numbers.empty() ? 0 : *numbers.rbegin();
}

testing::AssertionResult RunningPing::lost_nothing() {
  const int enough = last_answered() + kAfterwards;
  const bool goes_on = wait_until([&] { return last_answered() >= enough; });
  ::kill(ping_.pid(), SIGINT);
  const std::string text = ping_.wait().out;
  if (!goes_on) return testing::AssertionFailure() << address_ << " does not answer any more:\n" << text;
  const std::set<int> numbers = answered(text);
  std::vector<std::string> lost;
  for (int number = 1; number < *numbers.rbegin(); ++number) {
    if (!numbers.contains(number)) lost.push_back(std::to_string(number));
  }
  if (lost.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << address_ << ": of " << *numbers.rbegin()
                                     << " requests these were lost: " << join(lost, ", ");
}

}  // namespace podwire::netns
