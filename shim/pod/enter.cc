#include "shim/pod/enter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "shim/pod/process.h"
#include "shim/pod/sandbox_view.h"

namespace podwire::pod {
namespace {

constexpr std::array kForwarded{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
constexpr int kNotExecutable = 126;  // as a shell reports it
constexpr int kNotFound = 127;
constexpr int kSignalBase = 128;

Result<void> join_namespace(const std::string& path, int kind) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(Code::kInvalidNetns, "cannot open " + path, errno);
  if (::setns(fd.get(), kind) == 0) return {};
  return fail_errno(Code::kInvalidNetns, "cannot enter " + path, errno);
}

Result<void> join_pod(const PodDirectory& directory) {
  TRY(join_namespace(directory.ns("ipc"), CLONE_NEWIPC));
  TRY(join_namespace(directory.ns("uts"), CLONE_NEWUTS));
  return join_namespace(directory.ns("net"), CLONE_NEWNET);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void complain(std::string_view text) {
  fmt::print(stderr, "{}\n", text);
}

/// The child's life: the rest of the namespaces, then the command.
[[noreturn]] void become(const PodDirectory& directory, const std::filesystem::path& run_directory,
                         std::vector<std::string> argv, const sigset_t& mask) {
  Result<void> ready = join_pod(directory);
  if (ready) ready = lay_out_mounts(directory, run_directory);
  if (!ready) {
    complain(fmt::format("error {}: {}", static_cast<unsigned>(ready.error().code), ready.error().msg));
    ::_exit(kNotExecutable);
  }
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  const std::vector<char*> arguments = pointers(argv);
  ::execvp(arguments[0], arguments.data());
  const int error = errno;
  complain(fmt::format("{}: {}", argv[0], ::strerror(error)));
  ::_exit(error == ENOENT ? kNotFound : kNotExecutable);
}

int exit_status(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : kSignalBase + WTERMSIG(wait_status);
}

/// Waits for the child and hands signals on. All of them are blocked, so none can be lost between two waits.
Result<int> supervise(pid_t child, const sigset_t& watched) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return exit_status(status);
    if (ended < 0 && errno != EINTR) return fail_errno(Code::kKernel, "cannot wait for the command", errno);
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&watched, &info);
    // The terminal signals the whole process group, of which the command is a member: it has got this one.
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL) ::kill(child, signal);
  }
}

}  // namespace

Result<int> run_in_pod(const PodDirectory& directory, const std::filesystem::path& run_directory,
                       const std::vector<std::string>& argv) {
  const Pod pod = TRY(directory.load());
  if (!pod.holder || !is_alive(*pod.holder)) {
    return fail(Code::kInvalidNetns,
                fmt::format("pod \"{}\" is not running: its holder process is gone", pod.name),
                fmt::format("podwire pod rm {}, then add it again", pod.name));
  }
  const Fd own_pid_namespace(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  if (!own_pid_namespace) return fail_errno(Code::kKernel, "cannot open /proc/self/ns/pid", errno);
  // The PID namespace takes effect for children, so it is entered before the fork and the others after it.
  TRY(join_namespace(fmt::format("/proc/{}/ns/pid", pod.holder->pid), CLONE_NEWPID));
  sigset_t watched;
  sigset_t before;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  for (const int signal : kForwarded) ::sigaddset(&watched, signal);
  ::sigprocmask(SIG_BLOCK, &watched, &before);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno(Code::kKernel, "cannot fork", errno);
  if (child == 0) become(directory, run_directory, argv, before);
  // One child is all that belongs in the pod; a thread or helper of ours after this would be born there too.
  if (::setns(own_pid_namespace.get(), CLONE_NEWPID) != 0) {
    const int error = errno;
    ::kill(child, SIGKILL);
    return fail_errno(Code::kKernel, "cannot return to the host's PID namespace", error);
  }
  Result<int> status = supervise(child, watched);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return status;
}

}  // namespace podwire::pod
