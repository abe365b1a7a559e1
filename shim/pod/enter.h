// Running a command inside a pod.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "shim/pod/directory.h"

namespace podwire::pod {

/// Runs argv in all namespaces of the pod, in a mount namespace of its own (sandbox_view.h), with our
/// environment, streams, working directory and process group, and waits for it. SIGHUP, SIGINT, SIGQUIT,
/// SIGTERM, SIGUSR1, SIGUSR2 and SIGWINCH that somebody sends us go to the command; what the terminal sends
/// it gets itself. Returns its exit status, 128 + N when signal N killed it, 126 when argv[0] cannot be
/// executed, 127 when there is no such command. Errors: kUnknownContainer; kInvalidNetns when the pod is
/// incomplete; kKernel.
[[nodiscard]] Result<int> run_in_pod(const PodDirectory& directory,
                                     const std::filesystem::path& run_directory,
                                     const std::vector<std::string>& argv);

}  // namespace podwire::pod
