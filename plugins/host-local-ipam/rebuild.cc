#include "plugins/host-local-ipam/rebuild.h"

#include <algorithm>

namespace podwire::host_local {
namespace {

bool died_with_boot(const LeaseIndex& earlier, const Ip& ip, const LeaseFile& file) {
  return std::ranges::any_of(earlier.find(record_hash(file.record)), [&](const IndexedLease& known) {
    return known.ip == ip && known.file == file.id;
  });
}

bool is_left_out(const Ip& ip, const LeaseFile& file, const RebuildPolicy& policy) {
  if (!file.regular) return false;
  if (file.empty) return true;
  if (policy.keep && !policy.keep(file.record)) return true;
  return policy.earlier_boot != nullptr && died_with_boot(*policy.earlier_boot, ip, file);
}

Result<void> add_file(const LeaseFiles& files, const Ip& ip, const RebuildPolicy& policy, LeaseIndex& index) {
  const auto file = files.read(ip);
  if (!file) {
    index.mark_used(ip);
    return std::unexpected(file.error());
  }
  if (!*file) return {};
  if (!is_left_out(ip, **file, policy)) {
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
  for (const Ip& ip : TRY(files.list())) {
    auto added = add_file(files, ip, policy, rebuilt.index);
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
