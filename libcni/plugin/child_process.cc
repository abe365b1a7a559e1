#include "libcni/plugin/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

namespace podwire::plugin {
namespace {

// A result of a pod with thousands of routes is below 1 MiB; beyond this the child is running wild.
constexpr std::size_t kMaxOutput = 16UL << 20;
// An executable being replaced in place is busy for as long as the copy takes; libcni waits 5 times 1 s.
constexpr auto kBusyLimit = std::chrono::seconds(5);
constexpr auto kBusyPause = std::chrono::milliseconds(20);

struct Pipe {
  Fd read;
  Fd write;
};

/// Moves a descriptor above the standard ones, which may be closed in us: dup2(fd, fd) in the child would
/// otherwise leave it close-on-exec.
Result<Fd> above_standard_streams(Fd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) return fail_errno(Code::kDelegate, "cannot duplicate a pipe", errno);
  return Fd(moved);
}

Result<Pipe> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(Code::kDelegate, "cannot make a pipe", errno);
  Fd read(ends[0]);
  Fd write(ends[1]);
  Pipe pipe;
  pipe.read = TRY(above_standard_streams(std::move(read)));
  pipe.write = TRY(above_standard_streams(std::move(write)));
  return pipe;
}

Result<void> set_nonblocking(const Fd& fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return fail_errno(Code::kDelegate, "cannot make a pipe non-blocking", errno);
  }
  return {};
}

/// What the child needs, laid out before fork(): after it only async-signal-safe calls are allowed.
struct ExecPlan {
  const char* executable;
  char* const* argv;
  char* const* envp;
  int in;
  int out;
  int err;  ///< -1: keep ours
  int exec_error;
  pid_t parent;
};

[[noreturn]] void run_child(const ExecPlan& plan) {
  const bool ready = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::dup2(plan.in, STDIN_FILENO) >= 0 &&
                     ::dup2(plan.out, STDOUT_FILENO) >= 0 &&
                     (plan.err < 0 || ::dup2(plan.err, STDERR_FILENO) >= 0);
  // The parent may have died before PR_SET_PDEATHSIG took hold.
  if (::getppid() != plan.parent) ::_exit(127);
  if (ready) ::execve(plan.executable, plan.argv, plan.envp);
  const int error = errno;
  // If this write fails the parent reads end-of-file and then sees status 127, which is an error all the
  // same.
  if (::write(plan.exec_error, &error, sizeof error) != sizeof error) ::_exit(126);
  ::_exit(127);
}

/// errno of a failed exec, 0 once exec has closed the pipe.
int read_exec_error(const Fd& pipe) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(pipe.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Keeps SIGPIPE from the calling thread, and swallows one that a write raised meanwhile.
class SigpipeBlock {
 public:
  SigpipeBlock() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;
  ~SigpipeBlock() {
    const timespec now{};
    while (!was_pending_ && ::sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

/// Writes what fits; closes the pipe when everything is written or nobody reads any more.
Result<void> feed(Fd& pipe, std::string_view& input) {
  while (!input.empty()) {
    const ssize_t wrote = ::write(pipe.get(), input.data(), input.size());
    if (wrote >= 0) {
      input.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN) {
      return {};
    } else if (errno == EPIPE) {
      break;
    } else if (errno != EINTR) {
      return fail_errno(Code::kDelegate, "cannot write to the plugin", errno);
    }
  }
  pipe.reset();
  return {};
}

/// Reads what there is; closes the pipe at its end.
Result<void> drain(Fd& pipe, std::string& into) {
  std::array<char, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read()
  while (pipe) {
    const ssize_t got = ::read(pipe.get(), buffer.data(), buffer.size());
    if (got > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(got));
      if (into.size() > kMaxOutput) return fail(Code::kDelegate, "netplugin printed more than 16 MiB");
    } else if (got == 0) {
      pipe.reset();
    } else if (errno == EAGAIN) {
      return {};
    } else if (errno != EINTR) {
      return fail_errno(Code::kDelegate, "cannot read from the plugin", errno);
    }
  }
  return {};
}

struct Streams {
  Pipe in;
  Pipe out;
  Pipe err;
  Pipe exec_error;
};

Result<Streams> open_streams(bool capture_stderr) {
  Streams streams;
  streams.in = TRY(open_pipe());
  streams.out = TRY(open_pipe());
  if (capture_stderr) streams.err = TRY(open_pipe());
  streams.exec_error = TRY(open_pipe());
  TRY(set_nonblocking(streams.in.write));
  TRY(set_nonblocking(streams.out.read));
  if (capture_stderr) TRY(set_nonblocking(streams.err.read));
  return streams;
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const Options& options) {
  std::vector<std::string> arguments{options.executable};
  std::vector<std::string> environment = options.environment;
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  const auto deadline = std::chrono::steady_clock::now() + kBusyLimit;
  for (;;) {
    Streams streams = TRY(open_streams(options.capture_stderr));
    const ExecPlan plan{.executable = options.executable.c_str(),
                        .argv = argv.data(),
                        .envp = envp.data(),
                        .in = streams.in.read.get(),
                        .out = streams.out.write.get(),
                        .err = streams.err.write.get(),
                        .exec_error = streams.exec_error.write.get(),
                        .parent = ::getpid()};
    ChildProcess child;
    child.pid_ = ::fork();
    if (child.pid_ == 0) run_child(plan);
    if (child.pid_ < 0) return fail_errno(Code::kDelegate, "cannot fork", errno);
    streams.exec_error.write.reset();
    const int error = read_exec_error(streams.exec_error.read);
    if (error == ETXTBSY && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kBusyPause);
      continue;
    }
    if (error != 0) return fail_errno(Code::kDelegate, "cannot execute " + options.executable, error);
    // Not pidfd_open(): <sys/pidfd.h> of glibc 2.36 gives it C++ linkage.
    child.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
    if (!child.pidfd_) return fail_errno(Code::kDelegate, "cannot open a pidfd", errno);
    child.in_ = std::move(streams.in.write);
    child.out_ = std::move(streams.out.read);
    child.err_ = std::move(streams.err.read);
    return child;
  }
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<void> ChildProcess::pump(std::string_view standard_input, ChildOutput& output) {
  // poll() ignores entries with a negative descriptor, which a closed Fd has.
  for (bool exited = false; !exited;) {
    if (in_) TRY(feed(in_, standard_input));
    std::array<pollfd, 4> watched{{{.fd = pidfd_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = in_.get(), .events = POLLOUT, .revents = 0},
                                   {.fd = out_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = err_.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno(Code::kDelegate, "cannot wait for the plugin", errno);
    }
    exited = watched[0].revents != 0;
    // Exit comes before the last read: what the child wrote is in the pipes by then.
    TRY(drain(out_, output.out));
    TRY(drain(err_, output.err));
  }
  return {};
}

Result<int> ChildProcess::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return fail_errno(Code::kDelegate, "cannot wait for the plugin", errno);
  }
  pid_ = -1;
  return status;
}

Result<ChildOutput> ChildProcess::communicate(std::string_view standard_input) {
  const SigpipeBlock no_sigpipe;
  ChildOutput output;
  TRY(pump(standard_input, output));
  output.wait_status = TRY(reap());
  return output;
}

}  // namespace podwire::plugin
