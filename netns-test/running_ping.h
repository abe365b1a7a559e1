// A ping that runs while a test does other things, and then tells whether anything was lost.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "netns-test/node.h"

namespace podwire::netns {

/// ping(8), an echo request each 50 ms, from the moment the first is answered.
class RunningPing {
 public:
  RunningPing(const Place& from, std::string address);

  /// Waits for answers to requests that were sent after the call, ends the ping, and fails when any request
  /// before them was not answered, or when they are not.
  [[nodiscard]] testing::AssertionResult lost_nothing();

 private:
  [[nodiscard]] int last_answered() const;

  std::string address_;
  Process ping_;
};

}  // namespace podwire::netns
