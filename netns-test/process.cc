#include "netns-test/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace podwire::netns {
namespace {

int must(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

Fd memory_file(std::string_view content) {
  Fd file(must(memfd_create("podwire-test", MFD_CLOEXEC), "memfd_create"));
  while (!content.empty()) {
    const ssize_t n = write(file.get(), content.data(), content.size());
    if (n < 0) throw std::system_error(errno, std::generic_category(), "write");
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string content_of(const Fd& file) {
  std::string text;
  std::array<char, 16384> chunk{};
  off_t offset = 0;
  ssize_t n = 0;
  while ((n = pread(file.get(), chunk.data(), chunk.size(), offset)) > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(n));
    offset += n;
  }
  return text;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

struct Streams {
  int in = -1;  ///< -1: closed
  int out = -1;
  int err = -1;
};

[[noreturn]] void become(const std::vector<char*>& argv, const std::vector<char*>* environment,
                         Streams streams) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (streams.in >= 0) {
    dup2(streams.in, STDIN_FILENO);
  } else {
    close(STDIN_FILENO);
  }
  dup2(streams.out, STDOUT_FILENO);
  dup2(streams.err, STDERR_FILENO);
  if (environment != nullptr) {
    execvpe(argv[0], argv.data(), environment->data());
  } else {
    execvp(argv[0], argv.data());
  }
  dprintf(STDERR_FILENO, "cannot execute %s: errno %d\n", argv[0], errno);
  _exit(127);
}

}  // namespace

Process Process::start(const Command& command) {
  Process process;
  process.deadline_ = command.deadline;
  process.out_ = memory_file("");
  process.err_ = memory_file("");
  Fd in;
  if (command.stdin_kind == Stdin::kText) in = memory_file(command.input);
  if (command.stdin_kind == Stdin::kOpenPipe) {
    std::array<int, 2> ends{};
    must(pipe2(ends.data(), O_CLOEXEC), "pipe2");
    in = Fd(ends[0]);
    process.hold_ = Fd(ends[1]);
  }
  const std::vector<char*> argv = pointers(command.argv);
  const std::vector<char*> environment =
      command.environment ? pointers(*command.environment) : std::vector<char*>{};
  process.pid_ = must(fork(), "fork");
  if (process.pid_ == 0) {
    become(argv, command.environment ? &environment : nullptr,
           {.in = in.get(), .out = process.out_.get(), .err = process.err_.get()});
  }
  process.handle_ = Fd(must(static_cast<int>(syscall(SYS_pidfd_open, process.pid_, 0)), "pidfd_open"));
  return process;
}

Process::~Process() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string Process::printed() const {
  return content_of(out_);
}

Completed Process::wait() {
  pollfd ended{.fd = handle_.get(), .events = POLLIN, .revents = 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_).count();
  if (poll(&ended, 1, static_cast<int>(limit)) == 0) kill(pid_, SIGKILL);
  int status = 0;
  must(waitpid(pid_, &status, 0), "waitpid");
  pid_ = -1;
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = content_of(out_),
          .err = content_of(err_)};
}

Completed run(const Command& command) {
  return Process::start(command).wait();
}

}  // namespace podwire::netns
