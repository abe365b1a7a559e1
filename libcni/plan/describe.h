// A plan in words an engineer can run: the same steps as ip, bridge, nft and sysctl command lines.
//
// Run by a POSIX shell with `set -e`, in the order given, the commands leave the kernel as
// kernel/executor.h's apply() does (netns-test/explain_test.cc compares). They need root, iproute2, nftables
// and procps.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/plan/file_step.h"
#include "libcni/plan/observed.h"
#include "libcni/plan/step.h"

namespace podwire::plan {

struct DescribeContext {
  std::string netns = "POD";  ///< name of the pod's namespace below /run/netns, as in `ip -n NAME`
};

/// One step in words.
struct StepText {
  std::string step;     ///< the name of its kind: "EnsureBridge"
  std::string comment;  ///< what it is for, one line
  /// Shell commands; one may have several lines (a here-document). None: what it asks for is in place.
  std::vector<std::string> commands = {};
};

/// In order. A shared step is described by what `observed` lacks, and what it makes is noted there, so that
/// the next plan finds it. Nothing is executed. Error, kInvalidEnvironment: a name that these tools have no
/// spelling for (a double quote in an nftables comment, '=' in a sysctl).
[[nodiscard]] Result<std::vector<StepText>> describe(const Plan& plan, Observed& observed,
                                                     const DescribeContext& context = {});

[[nodiscard]] StepText describe(const FileStep& step);

}  // namespace podwire::plan
