// What a process of a pod sees of the file system: the host's, with the parts that belong to the pod
// exchanged.
#pragma once

#include "libcni/base/error.h"
#include "shim/pod/directory.h"

namespace podwire::pod {

/// Where the pod's shared directory appears inside the pod.
inline constexpr const char* kVolumePath = "/run/podwire/volume";

/// Gives the calling process a mount namespace of its own and lays out the pod's view in it. Called inside
/// the pod's network, IPC and PID namespaces:
///   /proc, /sys         of the pod's PID and network namespace
///   /dev/shm            shared by the pod
///   /dev/mqueue         of the pod's IPC namespace, where the host has it
///   kVolumePath         the shared volume; nothing else of the host's /run/podwire is visible
///   /etc/resolv.conf    from the networks' DNS, when they gave any
/// Mounts that keep other pods' namespaces alive are let go of. Error: kKernel.
[[nodiscard]] Result<void> lay_out_mounts(const PodDirectory& directory,
                                          const std::filesystem::path& run_directory);

}  // namespace podwire::pod
