#include "bench/plugin_call.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "libcni/base/fd.h"

namespace podwire::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kDeadline{1};

[[noreturn]] void refuse(int error_number, const std::string& what) {
  throw std::system_error(error_number, std::generic_category(), what);
}

struct Pipe {
  Fd read_end;
  Fd write_end;

  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) refuse(errno, "pipe2");
    read_end = Fd(ends[0]);
    write_end = Fd(ends[1]);
  }
};

/// File actions of one posix_spawn().
class Redirections {
 public:
  Redirections() { ::posix_spawn_file_actions_init(&actions_); }
  ~Redirections() { ::posix_spawn_file_actions_destroy(&actions_); }
  Redirections(const Redirections&) = delete;
  Redirections& operator=(const Redirections&) = delete;

  void add(const Fd& from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from.get(), to); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// The bench ignores SIGPIPE, and that would be handed down.
class DefaultSignals {
 public:
  DefaultSignals() {
    sigset_t all{};
    ::sigfillset(&all);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~DefaultSignals() { ::posix_spawnattr_destroy(&attributes_); }
  DefaultSignals(const DefaultSignals&) = delete;
  DefaultSignals& operator=(const DefaultSignals&) = delete;

  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

/// Reads until end of file; false when the deadline passed before.
bool read_to_end(const Fd& from, std::string& text, Clock::time_point deadline) {
  std::array<char, 16384> chunk{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd readable{.fd = from.get(), .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0) return false;
    const ssize_t size = ::read(from.get(), chunk.data(), chunk.size());
    if (size < 0 && errno != EINTR) refuse(errno, "reading from a plugin");
    if (size == 0) return true;
    if (size > 0) text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

std::string content_of(const Fd& file) {
  std::string text;
  std::array<char, 16384> chunk{};
  for (off_t offset = 0;;) {
    const ssize_t size = ::pread(file.get(), chunk.data(), chunk.size(), offset);
    if (size <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
    offset += size;
  }
}

}  // namespace

Outcome call_plugin(const PluginCall& call) {
  if (call.input.size() > kMaxInput) refuse(E2BIG, "standard input of " + call.path);
  const std::vector<std::string> arguments{call.path};
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> environment = pointers(call.environment);
  Pipe in;
  Pipe out;
  // Not a pipe: nobody has to read it while the plugin runs.
  const Fd err(::memfd_create("plugin-stderr", MFD_CLOEXEC));
  if (!err) refuse(errno, "memfd_create");
  Redirections redirections;
  redirections.add(in.read_end, STDIN_FILENO);
  redirections.add(out.write_end, STDOUT_FILENO);
  redirections.add(err, STDERR_FILENO);

  const DefaultSignals signals;
  Outcome outcome;
  pid_t pid = -1;
  const Clock::time_point start = Clock::now();
  const int spawned = ::posix_spawn(&pid, call.path.c_str(), redirections.get(), signals.get(), argv.data(),
                                    environment.data());
  if (spawned != 0) refuse(spawned, call.path);
  in.read_end.reset();
  out.write_end.reset();
  // A plugin that does not read its input is no error of the bench: SIGPIPE is ignored, EPIPE too.
  const ssize_t written = ::write(in.write_end.get(), call.input.data(), call.input.size());
  if (written < 0 && errno != EPIPE) refuse(errno, "feeding " + call.path);
  in.write_end.reset();
  if (!read_to_end(out.read_end, outcome.out, start + kDeadline)) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.duration = Clock::now() - start;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.err = content_of(err);
  return outcome;
}

}  // namespace podwire::bench
