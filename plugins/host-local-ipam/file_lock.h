// The lock that both implementations of host-local take: flock(2) on the file `lock` of a lease directory.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"

namespace podwire::host_local {

/// How long a verb waits for its turn. Ours hold the lock for well under a millisecond, the reference for
/// less than a second with 60,000 leases; a runtime gives the whole ADD at least a minute. Ten seconds tell
/// "busy" from "stuck".
inline constexpr std::chrono::milliseconds kLockTimeout{10'000};

/// Waits for the lock (created, mode 0750, where missing) in `directory`, whose name is `path`. The lock is
/// held until the descriptor is closed. The wait sleeps in the kernel; it borrows SIGALRM of the calling
/// thread and gives it back. Errors: kTryAgainLater after the timeout, kIo.
[[nodiscard]] Result<Fd> acquire_lock(int directory, const std::string& path,
                                      std::chrono::milliseconds timeout = kLockTimeout);

/// The lock if it exists and is free; never waits, creates nothing.
[[nodiscard]] std::optional<Fd> try_lock(int directory);

}  // namespace podwire::host_local
