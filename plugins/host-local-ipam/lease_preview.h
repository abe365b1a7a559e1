// The leases of one network looked at from outside, and what a verb would change: no lock is waited for,
// nothing is written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/plan/file_step.h"
#include "plugins/host-local-ipam/boot_id.h"
#include "plugins/host-local-ipam/lease_files.h"
#include "plugins/host-local-ipam/lease_index.h"
#include "plugins/host-local-ipam/lease_store.h"
#include "plugins/host-local-ipam/range.h"

namespace podwire::host_local {

/// Answers what LeaseStore would, and notes what it would write; allocate() takes either.
class LeasePreview {
 public:
  /// A directory that does not exist has no leases. `notices` gets a line for what our rights hide; it
  /// outlives the preview. Error: kIo.
  [[nodiscard]] static Result<LeasePreview> open(const std::filesystem::path& directory,
                                                 std::vector<std::string>& notices,
                                                 const std::string& boot_id_path = kBootIdPath);

  [[nodiscard]] Result<std::vector<Ip>> find(const std::string& record);
  [[nodiscard]] Result<bool> reserve(const Ip& ip, const std::string& record);
  [[nodiscard]] Result<std::optional<LeaseStore::Reserved>> reserve_first(
      const std::vector<Candidates>& candidates, const std::string& record);
  [[nodiscard]] Result<void> release(const Ip& ip, const std::string& record);
  [[nodiscard]] std::optional<Ip> read_last_reserved(std::size_t set) const;
  [[nodiscard]] Result<void> write_last_reserved(std::size_t set, const Ip& ip);

  /// Everything that would be written and removed, in order.
  [[nodiscard]] const std::vector<plan::FileStep>& files() const { return steps_; }

 private:
  LeasePreview(std::filesystem::path directory, std::string boot_id, std::vector<std::string>& notices)
      : boot_id_(std::move(boot_id)), index_(boot_id_), directory_(std::move(directory)), notices_(notices) {}
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<bool> take_current_index(std::optional<LeaseIndex> stored);
  [[nodiscard]] Result<void> read_files(const LeaseIndex* earlier_boot);
  void plan_file(plan::FileStep step, std::string_view name);

  std::string boot_id_;
  std::optional<LeaseFiles> files_;  ///< none: there is no such directory
  LeaseIndex index_;
  bool rebuilt_ = false;      ///< from the files: the index cannot be wrong
  std::vector<Ip> reserved_;  ///< by this preview
  std::filesystem::path directory_;
  std::vector<std::string>& notices_;
  std::vector<plan::FileStep> steps_;
};

}  // namespace podwire::host_local
