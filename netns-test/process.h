// Child processes of the tests: started in the namespaces of the caller, fed and read through memory files,
// so that no pipe can fill up and no reader has to be woken.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libcni/base/fd.h"

namespace podwire::netns {

enum class Stdin : std::uint8_t {
  kText,      ///< Command::input, then end of file
  kClosed,    ///< no descriptor 0 at all
  kOpenPipe,  ///< a pipe that stays open and silent until the process has ended
};

struct Command {
  std::vector<std::string> argv;
  std::string input;
  Stdin stdin_kind = Stdin::kText;
  /// "KEY=value". Absent: the environment of the test.
  std::optional<std::vector<std::string>> environment;
  /// The process is killed when it runs longer; a test that waits that long has failed anyway.
  std::chrono::seconds deadline{100};
};

struct Completed {
  int status = -1;  ///< exit status; 128 + signal number when killed
  std::string out;
  std::string err;

  [[nodiscard]] bool ok() const { return status == 0; }
};

/// A running child. It dies with the test, and with this object. Failing to start one throws
/// std::system_error.
class Process {
 public:
  [[nodiscard]] static Process start(const Command& command);
  Process(Process&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        handle_(std::move(other.handle_)),
        out_(std::move(other.out_)),
        err_(std::move(other.err_)),
        hold_(std::move(other.hold_)),
        deadline_(other.deadline_) {}
  Process& operator=(Process&&) = delete;
  ~Process();

  [[nodiscard]] Completed wait();
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// What it has written to stdout so far.
  [[nodiscard]] std::string printed() const;

 private:
  Process() = default;

  pid_t pid_ = -1;
  Fd handle_;  ///< pidfd: readable once the process has ended
  Fd out_;
  Fd err_;
  Fd hold_;  ///< our end of Stdin::kOpenPipe
  std::chrono::seconds deadline_{};
};

[[nodiscard]] Completed run(const Command& command);

}  // namespace podwire::netns
