// The namespaces of a pod, and the process that keeps the one that cannot be kept by a mount.
//
// Network, IPC and UTS namespaces live as long as a bind mount of their nsfs file. A PID namespace lives as
// long as its first process, so one is needed: the holder. It runs nothing, owns nothing, reaps orphans, and
// when it dies the kernel kills every process of the pod.
#pragma once

#include "libcni/base/error.h"
#include "libcni/base/fd.h"
#include "shim/pod/directory.h"
#include "shim/pod/pod.h"

namespace podwire::pod {

/// A holder that exits when this object goes, unless commit() was called: whoever dies between making the
/// namespaces and recording them leaves no process behind.
class Holder {
 public:
  /// Makes network, IPC, UTS and PID namespaces, sets the host name to the pod's, brings `lo` up, and starts
  /// the holder in them. The caller's own namespaces do not change. Needs CAP_SYS_ADMIN. Error: kKernel.
  [[nodiscard]] static Result<Holder> start(const std::string& host_name);

  [[nodiscard]] const ProcessId& process() const { return process_; }

  /// Bind-mounts the namespaces under the pod's directory. Error: kKernel.
  [[nodiscard]] Result<void> pin(const PodDirectory& directory) const;

  /// Lets the holder live on its own. Error: kKernel when it has died already.
  [[nodiscard]] Result<void> commit();

 private:
  Holder(ProcessId process, Fd commit) : process_(process), commit_(std::move(commit)) {}

  ProcessId process_;
  Fd commit_;  ///< a byte means live, end of file means exit
};

}  // namespace podwire::pod
