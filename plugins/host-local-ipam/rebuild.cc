#include "plugins/host-local-ipam/rebuild.h"

#include <map>
#include <unordered_map>

namespace podwire::host_local {
namespace {

/// What the index of an earlier boot knew. Looked up once per record: one record may have many leases.
class EarlierBoot {
 public:
  explicit EarlierBoot(const LeaseIndex* index) : index_(index) {}

  [[nodiscard]] bool knew(const Ip& ip, const LeaseFile& file) {
    if (index_ == nullptr) return false;
    const std::uint64_t record = record_hash(file.record);
    const auto [known, inserted] = known_.try_emplace(record);
    if (inserted) {
      for (const IndexedLease& lease : index_->find(record))
        known->second.insert_or_assign(lease.ip, lease.file);
    }
    const auto found = known->second.find(ip);
    return found != known->second.end() && found->second == file.id;
  }

 private:
  const LeaseIndex* index_;
  std::unordered_map<std::uint64_t, std::map<Ip, FileId>> known_;
};

bool is_left_out(const Ip& ip, const LeaseFile& file, const RebuildPolicy& policy, EarlierBoot& earlier) {
  if (!file.regular) return false;
  if (file.empty) return true;
  if (policy.keep && !policy.keep(file.record)) return true;
  return earlier.knew(ip, file);
}

Result<void> add_file(const LeaseFiles& files, const Ip& ip, const RebuildPolicy& policy,
                      EarlierBoot& earlier, LeaseIndex& index) {
  const auto file = files.read(ip);
  if (!file) {
    index.mark_used(ip);
    return std::unexpected(file.error());
  }
  if (!*file) return {};
  if (!is_left_out(ip, **file, policy, earlier)) {
    if ((*file)->regular && !(*file)->empty) {
      index.insert(record_hash((*file)->record), {.ip = ip, .file = (*file)->id});
    } else {
      index.mark_used(ip);
    }
    return {};
  }
  const auto removed = policy.remove ? files.remove(ip) : Result<void>{};
  if (!removed) index.mark_used(ip);
  return removed;
}

}  // namespace

Result<Rebuilt> rebuild(const LeaseFiles& files, std::string_view boot_id, const RebuildPolicy& policy) {
  Rebuilt rebuilt{.index = LeaseIndex(boot_id)};
  EarlierBoot earlier(policy.earlier_boot);
  for (const Ip& ip : TRY(files.list())) {
    auto added = add_file(files, ip, policy, earlier, rebuilt.index);
    if (!added) rebuilt.errors.push_back(std::move(added).error());
  }
  return rebuilt;
}

Result<LeaseIndex> index_names(const LeaseFiles& files) {
  LeaseIndex index("");
  for (const Ip& ip : TRY(files.list())) index.mark_used(ip);
  return index;
}

}  // namespace podwire::host_local
