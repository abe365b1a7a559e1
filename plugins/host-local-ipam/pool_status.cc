#include "plugins/host-local-ipam/pool_status.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "plugins/host-local-ipam/file_lock.h"
#include "plugins/host-local-ipam/lease_files.h"
#include "plugins/host-local-ipam/lease_index.h"
#include "plugins/host-local-ipam/rebuild.h"

namespace podwire::host_local {
namespace {

bool has_free(const LeaseIndex& index, const RangeSet& set) {
  return std::ranges::any_of(plan_candidates(set, std::nullopt), [&](const Candidates& run) {
    return index.next_free(run.first, run.last).has_value();
  });
}

const RangeSet* find_exhausted(const LeaseIndex& index, const std::vector<RangeSet>& sets) {
  const auto found = std::ranges::find_if(sets, [&](const RangeSet& set) { return !has_free(index, set); });
  return found == sets.end() ? nullptr : &*found;
}

/// The directory, or the nearest one above it that exists, takes new entries.
Result<void> check_writable(const std::filesystem::path& directory) {
  std::filesystem::path existing = directory;
  struct stat status{};
  while (::stat(existing.c_str(), &status) != 0 && errno == ENOENT) {
    if (!existing.has_relative_path()) break;
    existing = existing.parent_path();
    if (existing.empty()) existing = ".";
  }
  if (::access((existing / ".").c_str(), W_OK | X_OK) == 0) return {};
  return fail_errno(Code::kNotAvailable, fmt::format("cannot keep leases in {}", directory.string()), errno);
}

std::unexpected<Error> exhausted(const RangeSet& set) {
  return fail(Code::kNotAvailable, fmt::format("no IP addresses available in range set: {}", text(set)));
}

/// Names alone settle it while there is a free one. When there is not, what the files hold decides.
Result<void> check_files(const LeaseFiles& files, const std::vector<RangeSet>& sets,
                         const std::string& boot_id, const LeaseIndex* earlier_boot) {
  if (find_exhausted(TRY(index_names(files)), sets) == nullptr) return {};
  const Rebuilt view = TRY(rebuild(files, boot_id, {.earlier_boot = earlier_boot, .remove = false}));
  if (const RangeSet* set = find_exhausted(view.index, sets)) return exhausted(*set);
  return {};
}

}  // namespace

Result<void> check_pool(const std::filesystem::path& directory, const std::vector<RangeSet>& sets,
                        const std::string& boot_id_path) {
  TRY(check_writable(directory));
  const auto files = TRY(LeaseFiles::open(directory));
  if (!files) return {};
  const std::string boot_id = read_boot_id(boot_id_path);
  // Under the lock a current index is the whole answer. Whoever holds the lock is changing what we would look
  // at, so then the names are read instead, which needs no lock.
  const auto lock = try_lock(files->directory());
  const auto index =
      files->is_local() ? LeaseIndex::open(files->directory(), IndexFile::Access::kRead) : std::nullopt;
  const std::string earlier = index ? index->boot_id() : "";
  const bool rebooted = !earlier.empty() && !boot_id.empty() && earlier != boot_id;
  if (lock && index && !rebooted && index->is_current(TRY(files->mtime()))) {
    const RangeSet* set = find_exhausted(*index, sets);
    if (!index->damaged()) return set == nullptr ? Result<void>{} : exhausted(*set);
  }
  return check_files(*files, sets, boot_id, rebooted ? &*index : nullptr);
}

}  // namespace podwire::host_local
