#include "shim/pod/process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "libcni/base/fd.h"
#include "libcni/base/text.h"
#include "libcni/runtime/file.h"

namespace podwire::pod {
namespace {

// Field numbers of proc(5) stat, counted from the state, which is field 3 and follows the command name.
constexpr std::size_t kState = 0;
constexpr std::size_t kStartTime = 22 - 3;
// The kernel tears down a PID namespace, that is kills every process in it, before its init is gone.
constexpr int kKillLimitMs = 10'000;

std::vector<std::string> fields_after_name(std::string_view stat) {
  const std::size_t end_of_name = stat.rfind(')');
  if (end_of_name == std::string_view::npos || end_of_name + 2 > stat.size()) return {};
  return split(trim(stat.substr(end_of_name + 1)), ' ');
}

std::string read_stat(pid_t pid) {
  const auto stat = runtime::read_file(fmt::format("/proc/{}/stat", pid));
  return stat && *stat ? **stat : std::string();
}

}  // namespace

std::optional<std::uint64_t> parse_start_time(std::string_view stat) {
  const std::vector<std::string> fields = fields_after_name(stat);
  if (fields.size() <= kStartTime) return std::nullopt;
  const std::string& field = fields[kStartTime];
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return value;
}

Result<ProcessId> identify(pid_t pid) {
  const auto start_time = parse_start_time(read_stat(pid));
  if (!start_time) return fail(Code::kIo, fmt::format("no such process: {}", pid));
  return ProcessId{pid, *start_time};
}

bool is_alive(const ProcessId& process) {
  const std::string stat = read_stat(process.pid);
  if (parse_start_time(stat) != process.start_time) return false;
  return fields_after_name(stat)[kState] != "Z";
}

Result<void> kill_and_wait(const ProcessId& process) {
  // The pidfd is opened first and the identity checked after: from then on it cannot be another process.
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!pidfd && errno != ESRCH) return fail_errno(Code::kKernel, "cannot open a pidfd", errno);
  if (!pidfd || !is_alive(process)) return {};
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH) {
    return fail_errno(Code::kKernel, fmt::format("cannot kill process {}", process.pid), errno);
  }
  pollfd exited{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&exited, 1, kKillLimitMs);
  } while (ready < 0 && errno == EINTR);
  if (ready == 1) return {};
  // A killed `pod exec` leaves its child to the host's PID 1; unreaped, it keeps the PID namespace and its
  // init.
  return fail(Code::kKernel, fmt::format("process {} does not die", process.pid),
              "a zombie in its PID namespace may wait to be reaped by PID 1");
}

}  // namespace podwire::pod
