#include "shim/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <span>

namespace podwire::shim {
namespace {

struct Group {
  const char* name;  ///< nullptr: commands of the top level
  const char* about;
  const char* footer;
  std::span<const Register> commands;
};

constexpr std::array kCni{register_cni_add, register_cni_del,    register_cni_check,
                          register_cni_gc,  register_cni_status, register_cni_version};
constexpr std::array kPod{register_pod_add, register_pod_exec, register_pod_ls, register_pod_show,
                          register_pod_rm};
constexpr std::array kTop{register_doctor, register_explain, register_completion, register_man};

const std::array kGroups{
    Group{"cni", "Run the plugins of a network list, anybody's plugins, as a container runtime does",
          "These commands are the CNI verbs. CONFLIST is a file, or the name of a network in --conf-dir.",
          kCni},
    Group{"pod",
          "Make, enter, list and remove pods: containers that share network, IPC, UTS and PID namespaces",
          "Start here:\n"
          "  podwire pod add web --net /etc/cni/net.d/10-bridge.conflist\n"
          "  podwire pod exec web -- ip addr\n"
          "  podwire pod rm web",
          kPod},
    Group{nullptr, nullptr, nullptr, kTop}};

}  // namespace

void build_command_line(CLI::App& app, Action& selected) {
  app.description("Pod networking from the command line: CNI verbs, and pods to try them on.");
  app.footer("Every command explains itself: podwire pod add --help, or at length: podwire man pod add");
  app.set_version_flag("--version", std::string("podwire ") + PODWIRE_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  for (const Group& group : kGroups) {
    CLI::App* parent = &app;
    if (group.name != nullptr) {
      parent = app.add_subcommand(group.name, group.about);
      parent->footer(group.footer);
      parent->require_subcommand(1);
    }
    for (const Register command : group.commands) command(*parent, selected);
  }
}

Result<void> require_root(std::string_view command) {
  if (::geteuid() == 0) return {};
  return fail(Code::kInvalidEnvironment,
              fmt::format("podwire {} needs root: it works on network namespaces", command),
              "run it with sudo");
}

std::string error_text(const Error& error) {
  std::string text = fmt::format("error {}: {}", static_cast<unsigned>(error.code), error.msg);
  if (!error.details.empty()) text += fmt::format(" ({})", error.details);
  return text;
}

Result<void> print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return fail_errno(Code::kIo, "cannot write to standard output", errno);
}

}  // namespace podwire::shim
