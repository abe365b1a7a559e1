// Other processes, identified beyond reuse of their numbers.
#pragma once

#include <optional>
#include <string_view>

#include "libcni/base/error.h"
#include "shim/pod/pod.h"

namespace podwire::pod {

/// Field 22 of /proc/<pid>/stat; nothing when the text is not one. The command name, in parentheses, may hold
/// spaces and parentheses.
[[nodiscard]] std::optional<std::uint64_t> parse_start_time(std::string_view stat);

/// Error: kIo when there is no such process.
[[nodiscard]] Result<ProcessId> identify(pid_t pid);

/// Is it still that process, and not a zombie?
[[nodiscard]] bool is_alive(const ProcessId& process);

/// SIGKILL, and waits until it is gone, up to 10 s. Not being there is success. Error: kKernel.
[[nodiscard]] Result<void> kill_and_wait(const ProcessId& process);

}  // namespace podwire::pod
