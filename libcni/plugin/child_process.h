// A child process with pipes on its standard streams, driven without deadlock from one thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"

namespace podwire::plugin {

struct ChildOutput {
  std::string out;
  std::string err;      ///< empty unless captured
  int wait_status = 0;  ///< as waitpid() gives it
};

class ChildProcess {
 public:
  struct Options {
    std::string executable;
    std::vector<std::string> environment;  ///< "KEY=value"
    bool capture_stderr = false;           ///< false: the child writes to our stderr
  };

  /// Forks and execs; returns when exec has succeeded or failed. The child's signal mask is the caller's, it
  /// gets SIGKILL when the calling thread dies. Errors: kDelegate; ETXTBSY is retried for up to 5 s.
  [[nodiscard]] static Result<ChildProcess> start(const Options& options);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  ///< kills and reaps a child that is still running

  /// Feeds stdin and collects what the child prints until it exits. A child that does not read its input is
  /// fine. Call once. Error: kDelegate when a stream exceeds 16 MiB (the child is killed).
  [[nodiscard]] Result<ChildOutput> communicate(std::string_view standard_input);

 private:
  ChildProcess() = default;
  [[nodiscard]] Result<void> pump(std::string_view standard_input, ChildOutput& output);
  [[nodiscard]] Result<int> reap();

  pid_t pid_ = -1;
  Fd pidfd_;
  Fd in_;
  Fd out_;
  Fd err_;
};

}  // namespace podwire::plugin
