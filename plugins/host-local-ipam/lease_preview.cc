#include "plugins/host-local-ipam/lease_preview.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "plugins/host-local-ipam/rebuild.h"

namespace podwire::host_local {
namespace {

using Action = plan::FileStep::Action;

bool contains(const std::vector<Ip>& ips, const Ip& ip) {
  return std::ranges::find(ips, ip) != ips.end();
}

}  // namespace

Result<LeasePreview> LeasePreview::open(const std::filesystem::path& directory,
                                        std::vector<std::string>& notices, const std::string& boot_id_path) {
  LeasePreview preview(directory, read_boot_id(boot_id_path), notices);
  preview.files_ = TRY(LeaseFiles::open(directory));
  if (preview.files_) {
    TRY(preview.load());
  } else {
    preview.plan_file({.name = "LeaseDirectory",
                       .comment = "where the leases of this network are",
                       .action = Action::kMakeDirectory},
                      "");
  }
  return preview;
}

/// As LeaseStore does, but that an index which somebody is changing right now is no use.
Result<void> LeasePreview::load() {
  const auto lock = try_lock(files_->directory());
  auto stored =
      files_->is_local() ? LeaseIndex::open(files_->directory(), IndexFile::Access::kRead) : std::nullopt;
  const std::string earlier = stored ? stored->boot_id() : "";
  const bool rebooted = !earlier.empty() && !boot_id_.empty() && earlier != boot_id_;
  if (rebooted) return read_files(&*stored);
  if (lock && TRY(take_current_index(std::move(stored)))) return {};
  return read_files(nullptr);
}

/// Compared with the names, too: damage would show only slot by slot.
Result<bool> LeasePreview::take_current_index(std::optional<LeaseIndex> stored) {
  if (!stored || !stored->is_current(TRY(files_->mtime()))) return false;
  const std::vector<Ip> names = TRY(files_->list());
  const bool all_known = std::ranges::all_of(names, [&](const Ip& ip) { return stored->is_used(ip); });
  if (!all_known || stored->damaged() || names.size() != stored->address_count()) return false;
  index_ = std::move(*stored);
  return true;
}

Result<void> LeasePreview::read_files(const LeaseIndex* earlier_boot) {
  Rebuilt rebuilt = TRY(rebuild(*files_, boot_id_, {.earlier_boot = earlier_boot, .remove = false}));
  if (!rebuilt.errors.empty()) {
    notices_.push_back(
        fmt::format("{} lease files cannot be read, their addresses are taken to be leased: {}",
                    rebuilt.errors.size(), rebuilt.errors.front().msg));
  }
  index_ = std::move(rebuilt.index);
  rebuilt_ = true;
  for (const Ip& ip : TRY(files_->list())) {
    if (index_.is_used(ip)) continue;
    plan_file({.name = "DropLease",
               .comment = fmt::format("{} was leased in an earlier boot, or its file is empty", ip.text()),
               .action = Action::kRemove},
              ip.text());
  }
  return {};
}

void LeasePreview::plan_file(plan::FileStep step, std::string_view name) {
  step.path = name.empty() ? directory_.string() : (directory_ / name).string();
  steps_.push_back(std::move(step));
}

Result<std::vector<Ip>> LeasePreview::find(const std::string& record) {
  std::vector<Ip> ips;
  if (!files_) return ips;
  for (const IndexedLease& lease : index_.find(record_hash(record))) {
    const auto file = TRY(files_->read(lease.ip));
    if (file && file->record == record) {
      ips.push_back(lease.ip);
    } else if (!rebuilt_) {
      TRY(read_files(nullptr));
      return find(record);
    }
  }
  return ips;
}

Result<bool> LeasePreview::reserve(const Ip& ip, const std::string& record) {
  if (index_.is_used(ip) || contains(reserved_, ip)) return false;
  reserved_.push_back(ip);
  plan_file({.name = "Lease",
             .comment = fmt::format("{} is the pod's from now on", ip.text()),
             .action = Action::kCreate,
             .content = record},
            ip.text());
  return true;
}

Result<std::optional<LeaseStore::Reserved>> LeasePreview::reserve_first(
    const std::vector<Candidates>& candidates, const std::string& record) {
  for (const Candidates& run : candidates) {
    const auto ip = index_.next_free(run.first, run.last);
    if (ip && TRY(reserve(*ip, record))) return LeaseStore::Reserved{.ip = *ip, .range = run.range};
  }
  return std::nullopt;
}

Result<void> LeasePreview::release(const Ip& ip, const std::string&) {
  const std::string path = (directory_ / ip.text()).string();
  std::erase(reserved_, ip);
  std::erase_if(steps_, [&](const plan::FileStep& step) {
    return step.action == Action::kCreate && step.path == path;
  });
  return {};
}

std::optional<Ip> LeasePreview::read_last_reserved(std::size_t set) const {
  if (!files_) return std::nullopt;
  const std::string name = last_reserved_name(set);
  if (::faccessat(files_->directory(), name.c_str(), R_OK, 0) != 0 && errno == EACCES) {
    notices_.push_back(
        fmt::format("cannot read {}: an ADD may hand out a later address", (directory_ / name).string()));
  }
  return files_->read_last_reserved(set);
}

Result<void> LeasePreview::write_last_reserved(std::size_t set, const Ip& ip) {
  plan_file({.name = "LastReserved",
             .comment = "the next ADD begins to search behind it",
             .action = Action::kReplace,
             .content = ip.text()},
            last_reserved_name(set));
  return {};
}

}  // namespace podwire::host_local
