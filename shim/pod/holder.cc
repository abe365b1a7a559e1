#include "shim/pod/holder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "shim/pod/process.h"

namespace podwire::pod {
namespace {

constexpr std::array<const char*, 3> kPinned{"net", "ipc", "uts"};

/// What the maker tells us: the holder's process number as the host sees it, or what failed.
struct Report {
  pid_t holder = 0;
  int error = 0;
  std::array<char, 32> step{};
};

[[noreturn]] void report_failure(int pipe, const char* step) {
  Report report{.holder = 0, .error = errno, .step = {}};
  ::strncpy(report.step.data(), step, report.step.size() - 1);
  // When even this fails the parent reads end of file, which it takes for a failure.
  ::_exit(::write(pipe, &report, sizeof report) == sizeof report ? 1 : 2);
}

bool bring_loopback_up() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  ::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  if (!socket || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return false;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// What process listings show instead of the caller's command line. Cosmetic: without CAP_SYS_RESOURCE only
/// the short name changes.
void set_title(const std::string& host_name) {
  static std::array<char, 128> title{};
  const auto end = fmt::format_to_n(title.data(), title.size() - 1, "podwire-holder {}", host_name).out;
  // The start goes first: it lies below the old end, which is on the stack.
  ::prctl(PR_SET_MM, PR_SET_MM_ARG_START, title.data(), 0, 0);
  ::prctl(PR_SET_MM, PR_SET_MM_ARG_END, end + 1, 0, 0);
  ::prctl(PR_SET_NAME, "podwire-holder");
}

/// Lets go of everything that was the caller's: terminal, descriptors, directory, signal settings.
void detach(int commit) {
  const int null = ::open("/dev/null", O_RDWR);
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) ::dup2(null, stream);
  ::dup2(commit, STDERR_FILENO + 1);
  ::close_range(STDERR_FILENO + 2, ~0U, 0);
  if (::chdir("/") != 0) ::_exit(1);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void hold(int commit, const std::string& host_name) {
  detach(commit);
  set_title(host_name);
  // Orphans of the pod become our children; with SIGCHLD ignored the kernel reaps them without us.
  ::signal(SIGCHLD, SIG_IGN);
  char go = 0;
  ssize_t got = 0;
  do {
    got = ::read(STDERR_FILENO + 1, &go, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(0);
  ::close(STDERR_FILENO + 1);
  for (;;) ::pause();
}

[[noreturn]] void make_namespaces(int report_pipe, int commit, const std::string& host_name) {
  if (::setsid() < 0) report_failure(report_pipe, "setsid");
  if (::unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID) != 0) {
    report_failure(report_pipe, "unshare");
  }
  if (::sethostname(host_name.data(), host_name.size()) != 0) report_failure(report_pipe, "sethostname");
  if (!bring_loopback_up()) report_failure(report_pipe, "cannot bring lo up");
  Report report;
  report.holder = ::fork();
  if (report.holder == 0) hold(commit, host_name);
  if (report.holder < 0) report_failure(report_pipe, "fork");
  ::_exit(::write(report_pipe, &report, sizeof report) == sizeof report ? 0 : 2);
}

struct Channel {
  Fd ours;
  Fd theirs;
};

/// A socket pair, because writing to one whose reader died can be told not to raise SIGPIPE.
Result<Channel> open_channel() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_errno(Code::kKernel, "cannot make a socket pair", errno);
  }
  return Channel{Fd(ends[0]), Fd(ends[1])};
}

Result<Report> read_report(const Fd& pipe, pid_t maker) {
  Report report;
  ssize_t got = 0;
  do {
    got = ::read(pipe.get(), &report, sizeof report);
  } while (got < 0 && errno == EINTR);
  while (::waitpid(maker, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (got != sizeof report) return fail(Code::kKernel, "cannot make the pod's namespaces");
  if (report.error != 0) {
    return fail_errno(Code::kKernel, fmt::format("cannot make the pod's namespaces: {}", report.step.data()),
                      report.error);
  }
  return report;
}

}  // namespace

Result<Holder> Holder::start(const std::string& host_name) {
  Channel report = TRY(open_channel());
  Channel commit = TRY(open_channel());
  const pid_t maker = ::fork();
  if (maker < 0) return fail_errno(Code::kKernel, "cannot fork", errno);
  if (maker == 0) {
    commit.ours.reset();  // or the holder would never see its end
    make_namespaces(report.theirs.get(), commit.theirs.get(), host_name);
  }
  report.theirs.reset();
  const Report made = TRY(read_report(report.ours, maker));
  return Holder(TRY(identify(made.holder)), std::move(commit.ours));
}

Result<void> Holder::pin(const PodDirectory& directory) const {
  for (const char* kind : kPinned) {
    const std::string source = fmt::format("/proc/{}/ns/{}", process_.pid, kind);
    const std::filesystem::path target = directory.ns(kind);
    const Fd file(::open(target.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400));
    if (!file) return fail_errno(Code::kKernel, "cannot create " + target.string(), errno);
    if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      return fail_errno(Code::kKernel, "cannot mount " + target.string(), errno);
    }
  }
  return {};
}

Result<void> Holder::commit() {
  const char go = 1;
  if (::send(commit_.get(), &go, 1, MSG_NOSIGNAL) != 1)
    return fail_errno(Code::kKernel, "the pod's holder is gone", errno);
  commit_.reset();
  return {};
}

}  // namespace podwire::pod
