#include "bench/peak_memory.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

#include "libcni/base/fd.h"

namespace podwire::bench {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Fd memory_file(std::string_view content) {
  Fd file(::memfd_create("plugin", MFD_CLOEXEC));
  if (!file ||
      ::pwrite(file.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) {
    refuse("memfd_create");
  }
  return file;
}

std::string content_of(const Fd& file) {
  std::string text(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  if (::pread(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) refuse("pread");
  return text;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

/// One number of /proc/<pid>/status; 0 when there is no such line.
std::size_t status_number(pid_t pid, std::string_view key) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoul(line.substr(key.size()));
  }
  return 0;
}

std::string program_of(pid_t pid) {
  std::error_code unreadable;
  return std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), unreadable).filename();
}

/// Collects peaks by process; threads of one process stop one by one and share the number.
class Peaks {
 public:
  explicit Peaks(pid_t plugin) : plugin_(plugin) {}

  /// `thread` has stopped at its exit.
  void record(pid_t thread) {
    const auto process = static_cast<pid_t>(status_number(thread, "Tgid:"));
    const auto [entry, is_new] = peaks_.try_emplace(process);
    if (is_new) order_.push_back(process);
    entry->second.program = program_of(thread);
    entry->second.peak_kib = std::max(entry->second.peak_kib, status_number(thread, "VmHWM:"));
  }

  [[nodiscard]] std::vector<ProcessPeak> all() const {
    std::vector<ProcessPeak> result;
    if (const auto plugin = peaks_.find(plugin_); plugin != peaks_.end()) result.push_back(plugin->second);
    for (const pid_t process : order_) {
      if (process != plugin_) result.push_back(peaks_.at(process));
    }
    return result;
  }

 private:
  pid_t plugin_;
  std::map<pid_t, ProcessPeak> peaks_;
  std::vector<pid_t> order_;
};

/// What PTRACE_CONT must deliver for this stop: nothing for ptrace's own ones, the signal for others.
int signal_to_deliver(int status) {
  const bool is_event = status >> 16 != 0;
  const int signal = WSTOPSIG(status);
  // A new child's first stop is a SIGSTOP of ptrace's, and exec's a SIGTRAP.
  return is_event || signal == SIGSTOP || signal == SIGTRAP ? 0 : signal;
}

/// Follows the tree until its last process has gone; the wait status of `plugin`.
int follow(pid_t plugin, Peaks& peaks) {
  int plugin_status = 0;
  for (;;) {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL);
    if (thread < 0 && errno == EINTR) continue;
    if (thread < 0 && errno == ECHILD) return plugin_status;
    if (thread < 0) refuse("waitpid");
    if (!WIFSTOPPED(status)) {
      if (thread == plugin) plugin_status = status;
      continue;
    }
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) peaks.record(thread);
    // ESRCH: killed by another thread's exec or exit in between.
    if (::ptrace(PTRACE_CONT, thread, nullptr, signal_to_deliver(status)) != 0 && errno != ESRCH)
      refuse("ptrace");
  }
}

/// LeakSanitizer is a tracer itself and fails in a traced process.
std::vector<std::string> without_leak_check(std::vector<std::string> environment) {
  constexpr std::string_view kOptions = "ASAN_OPTIONS=";
  std::string options = std::string(kOptions) + "detect_leaks=0";
  for (const std::string& variable : environment) {
    if (variable.starts_with(kOptions)) options = variable + ":detect_leaks=0";
  }
  std::erase_if(environment, [&](const std::string& variable) { return variable.starts_with(kOptions); });
  environment.push_back(std::move(options));
  return environment;
}

[[noreturn]] void become(const PluginCall& call, const std::array<int, 3>& streams) {
  const std::vector<std::string> arguments{call.path};
  const std::vector<std::string> environment = without_leak_check(call.environment);
  for (int stream = 0; stream < 3; ++stream) ::dup2(streams[static_cast<std::size_t>(stream)], stream);
  ::signal(SIGPIPE, SIG_DFL);
  ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  ::raise(SIGSTOP);
  ::execve(call.path.c_str(), pointers(arguments).data(), pointers(environment).data());
  ::_exit(127);
}

}  // namespace

ProcessTree trace_peak_memory(const PluginCall& call) {
  if (::access(call.path.c_str(), X_OK) != 0) refuse(call.path);
  const Fd in = memory_file(call.input);
  const Fd out = memory_file("");
  const Fd err = memory_file("");
  const pid_t plugin = ::fork();
  if (plugin < 0) refuse("fork");
  if (plugin == 0) become(call, {in.get(), out.get(), err.get()});
  int status = 0;
  if (::waitpid(plugin, &status, 0) != plugin || !WIFSTOPPED(status)) refuse("waitpid");
  constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
                            PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  if (::ptrace(PTRACE_SETOPTIONS, plugin, nullptr, kOptions) != 0 ||
      ::ptrace(PTRACE_CONT, plugin, nullptr, nullptr) != 0) {
    refuse("ptrace");
  }
  Peaks peaks(plugin);
  status = follow(plugin, peaks);
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = content_of(out),
          .processes = peaks.all()};
}

}  // namespace podwire::bench
