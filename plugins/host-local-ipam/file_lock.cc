#include "plugins/host-local-ipam/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace podwire::host_local {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kLockName = "lock";
constexpr mode_t kLockMode = 0750;

/// After the deadline the timer keeps firing: a signal that arrives between the check of the clock and the
/// system call would otherwise be lost, and the call would sleep forever.
constexpr std::chrono::milliseconds kTimerRepeat{50};

timespec to_timespec(std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(duration - seconds).count()};
}

/// While it lives, SIGALRM interrupts system calls of this thread, first after `timeout`, then repeatedly.
class Alarm {
 public:
  [[nodiscard]] bool start(std::chrono::milliseconds timeout) {
    struct sigaction action {};
    action.sa_handler = [](int) {};  // without SA_RESTART: flock returns EINTR
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    handler_set_ = ::sigaction(SIGALRM, &action, &old_action_) == 0;
    mask_set_ = handler_set_ && ::pthread_sigmask(SIG_UNBLOCK, &alarm_only, &old_mask_) == 0;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event._sigev_un._tid = ::gettid();
    timer_set_ = mask_set_ && ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
    // An it_value of zero would disarm the timer.
    const auto first = std::max(timeout, std::chrono::milliseconds(1));
    const itimerspec times{.it_interval = to_timespec(kTimerRepeat), .it_value = to_timespec(first)};
    return timer_set_ && ::timer_settime(timer_, 0, &times, nullptr) == 0;
  }
  Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() {
    if (timer_set_) ::timer_delete(timer_);
    if (mask_set_) ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
    if (handler_set_) ::sigaction(SIGALRM, &old_action_, nullptr);
  }

 private:
  timer_t timer_{};
  struct sigaction old_action_ {};
  sigset_t old_mask_{};
  bool handler_set_ = false;
  bool mask_set_ = false;
  bool timer_set_ = false;
};

Result<void> wait_for_lock(int fd, const std::string& path, std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  Alarm alarm;
  if (!alarm.start(timeout))
    return fail_errno(Code::kIo, fmt::format("cannot time the wait for {}", path), errno);
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return fail_errno(Code::kIo, fmt::format("cannot lock {}", path), errno);
    if (Clock::now() < deadline) continue;
    return fail(Code::kTryAgainLater,
                fmt::format("try again later: lock {} is held by another process since more than {} ms", path,
                            timeout.count()));
  }
  return {};
}

}  // namespace

Result<Fd> acquire_lock(int directory, const std::string& path, std::chrono::milliseconds timeout) {
  const std::string file = path + "/" + kLockName;
  Fd fd(::openat(directory, kLockName, O_CREAT | O_RDONLY | O_CLOEXEC, kLockMode));
  if (!fd) return fail_errno(Code::kIo, fmt::format("cannot open lock {}", file), errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK && errno != EINTR) {
    return fail_errno(Code::kIo, fmt::format("cannot lock {}", file), errno);
  }
  TRY(wait_for_lock(fd.get(), file, timeout));
  return fd;
}

std::optional<Fd> try_lock(int directory) {
  Fd fd(::openat(directory, kLockName, O_RDONLY | O_CLOEXEC));
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return fd;
}

}  // namespace podwire::host_local
