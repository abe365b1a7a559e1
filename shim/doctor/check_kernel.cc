#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "libcni/base/text.h"
#include "shim/doctor/checks.h"
#include "shim/doctor/features.h"

namespace podwire::doctor {
namespace {

/// nat chains of family inet: Linux 5.2.
constexpr int kOldestMajor = 5;
constexpr int kOldestMinor = 2;

std::string listed(const std::vector<std::string>& words) {
  return join(words, ", ");
}

/// What is said of one feature. `missing` collects those that nobody needs.
class FeatureCheck {
 public:
  FeatureCheck(const Observation& seen, Findings& findings) : seen_(seen), findings_(findings) {}

  void look_at(const Feature& feature) {
    const bool needed = feature.needed(seen_);
    const Modules& modules = seen_.kernel.modules;
    if (can_be_asked(modules, feature.modules)) return look_at_answer(feature, needed);
    if (!modules.files_visible) {
      if (needed) unseen_.emplace_back(feature.name);
      return;
    }
    for (const std::string_view module : feature.modules) look_at_module(feature, module, needed);
  }

  void conclude() {
    if (!unseen_.empty()) {
      findings_.skipped(
          fmt::format("{}: cannot be told without loading modules, since /lib/modules is not visible "
                      "from here",
                      listed(unseen_)));
    }
    if (!unasked_.empty()) {
      findings_.skipped(fmt::format("{}: {}", listed(unasked_), seen_.kernel.capabilities.error().msg));
    }
    if (findings_.has_spoken()) return;
    findings_.ok(unneeded_.empty()
                     ? "the kernel has all that podwire's plugins use"
                     : fmt::format("the kernel has what the networks use; not there, and not used: {}",
                                   listed({unneeded_.begin(), unneeded_.end()})));
  }

 private:
  void look_at_answer(const Feature& feature, bool needed) {
    if (!seen_.kernel.capabilities) {
      if (needed) unasked_.emplace_back(feature.name);
      return;
    }
    const auto& answers = *seen_.kernel.capabilities;
    const auto answer = std::ranges::find(answers, feature.capability, &kernel::CapabilityAnswer::capability);
    if (answer == answers.end() || !answer->refusal) return;
    if (!needed) {
      unneeded_.emplace(feature.name);
      return;
    }
    findings_
        .problem(fmt::format("this kernel has no {} ({}), needed for {}", feature.name, *answer->refusal,
                             feature.needed_for))
        .advise(fmt::format("boot a kernel with {}", feature.config));
  }

  void look_at_module(const Feature& feature, std::string_view module, bool needed) {
    const Modules& modules = seen_.kernel.modules;
    const ModuleState state = modules.state(module);
    if (state == ModuleState::kAbsent && !needed) unneeded_.emplace(feature.name);
    if (!needed || state == ModuleState::kPresent) return;
    if (state == ModuleState::kAbsent) {
      findings_
          .problem(fmt::format("this kernel has no module {} ({}), needed for {}", module, feature.name,
                               feature.needed_for))
          .advise(fmt::format("install the modules of {}, or boot a kernel with {}", seen_.kernel.release,
                              feature.config));
      return;
    }
    if (modules.loads_on_demand) return;
    Finding& finding = findings_.problem(fmt::format(
        "module {} ({}) is not loaded, and this kernel loads none on demand", module, feature.name));
    if (modules.loading_disabled)
      finding.advise(
          fmt::format("kernel.modules_disabled is 1 until the next boot: name {} in "
                      "/etc/modules-load.d/podwire.conf and reboot",
                      module));
    else
      finding.run(fmt::format("modprobe {}", module));
  }

  const Observation& seen_;
  Findings& findings_;
  std::set<std::string> unneeded_;
  std::vector<std::string> unseen_;
  std::vector<std::string> unasked_;
};

}  // namespace

void check_kernel_version(const Observation& seen, Findings& findings) {
  int major = 0;
  int minor = 0;
  if (std::sscanf(seen.kernel.release.c_str(), "%d.%d", &major, &minor) !=
      2) {  // NOLINT(cert-err34-c): checked
    findings.skipped(fmt::format("cannot read the version of Linux {:?}", seen.kernel.release));
    return;
  }
  if (std::pair(major, minor) < std::pair(kOldestMajor, kOldestMinor)) {
    findings
        .problem(fmt::format("Linux {} is too old: nat chains of nftables family inet came with {}.{}",
                             seen.kernel.release, kOldestMajor, kOldestMinor))
        .advise("boot a newer kernel; podwire is tested from 6.1 on");
    return;
  }
  findings.ok(fmt::format("Linux {}", seen.kernel.release));
}

void check_kernel_features(const Observation& seen, Findings& findings) {
  FeatureCheck check(seen, findings);
  for (const Feature& feature : all_features()) check.look_at(feature);
  check.conclude();
}

void check_ipv6(const Observation& seen, Findings& findings) {
  const auto disabled = seen.sysctl("net/ipv6/conf/all/disable_ipv6");
  const bool used = uses_family(seen, Family::kV6);
  if (!used) {
    findings.ok(disabled ? "IPv6 is there" : "this kernel has no IPv6, and no network uses it");
  } else if (!disabled) {
    findings.problem("a network has IPv6 ranges, but this kernel has no IPv6")
        .advise("boot without ipv6.disable=1, or remove the IPv6 ranges");
  } else if (*disabled == "1") {
    findings
        .warning(
            "net.ipv6.conf.all.disable_ipv6 is 1: pods get IPv6 addresses and reach each other, but this "
            "node "
            "has none towards the outside")
        .run("sysctl -w net.ipv6.conf.all.disable_ipv6=0");
  }
}

void check_br_netfilter(const Observation& seen, Findings& findings) {
  const auto filtered = seen.sysctl("net/bridge/bridge-nf-call-iptables");
  const bool on = filtered == "1";
  if (seen.software.kubelet && !on) {
    findings
        .warning(
            "this is a Kubernetes node, and bridged frames do not pass iptables: a pod that asks a Service "
            "whose "
            "pod is on the same bridge gets its answer from the wrong address")
        .run("modprobe br_netfilter")
        .run("sysctl -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1");
    return;
  }
  findings.ok(on ? "frames between pods of one bridge pass the firewall's forward chains too "
                   "(net.bridge.bridge-nf-call-iptables is 1)"
                 : "frames between pods of one bridge pass no iptables");
}

void check_filesystems(const Observation& seen, Findings& findings) {
  const KernelView& kernel = seen.kernel;
  if (!uses_type(seen, "ebpf")) {
    std::vector<std::string> missing;
    if (!kernel.bpf_filesystem) missing.emplace_back("a BPF file system on /sys/fs/bpf");
    if (!kernel.cgroup2) missing.emplace_back("cgroup 2");
    if (!kernel.btf) missing.emplace_back("BTF");
    if (!missing.empty()) {
      findings.ok(fmt::format("not there, and used by the plugin ebpf alone: {}", join(missing, ", ")));
    }
    return;
  }
  if (!kernel.bpf_filesystem) {
    findings.problem("no BPF file system is mounted on /sys/fs/bpf, where the plugin ebpf keeps its programs")
        .run("mount -t bpf bpf /sys/fs/bpf");
  }
  if (!kernel.cgroup2) {
    findings.problem("no cgroup 2 hierarchy is mounted, which the plugin ebpf needs")
        .advise("boot with systemd.unified_cgroup_hierarchy=1");
  }
  if (!kernel.btf) {
    findings.problem("/sys/kernel/btf/vmlinux is missing, which the plugin ebpf needs")
        .advise("boot a kernel with CONFIG_DEBUG_INFO_BTF");
  }
}

}  // namespace podwire::doctor
