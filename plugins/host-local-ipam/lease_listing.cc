#include "plugins/host-local-ipam/lease_listing.h"

#include <algorithm>

#include "libcni/base/text.h"
#include "plugins/host-local-ipam/lease_index.h"

namespace podwire::host_local {
namespace {

/// "containerID CR LF ifname", or "containerID" alone.
Owner parse_record(const std::string& record) {
  const auto line_end = record.find_first_of("\r\n");
  if (line_end == std::string::npos) return {.container_id = record, .ifname = {}};
  return {.container_id = record.substr(0, line_end),
          .ifname = std::string(trim(std::string_view(record).substr(line_end)))};
}

/// The index that an earlier boot left, if it did.
std::optional<LeaseIndex> earlier_index(const LeaseFiles& files, const std::string& boot_id) {
  if (!files.is_local()) return std::nullopt;
  auto index = LeaseIndex::open(files.directory(), IndexFile::Access::kRead);
  if (!index || index->boot_id().empty() || boot_id.empty() || index->boot_id() == boot_id)
    return std::nullopt;
  return index;
}

bool knew(const std::optional<LeaseIndex>& index, const Ip& ip, const LeaseFile& file) {
  if (!index) return false;
  return std::ranges::any_of(index->find(record_hash(file.record)), [&](const IndexedLease& lease) {
    return lease.ip == ip && lease.file == file.id;
  });
}

}  // namespace

Result<std::vector<ListedLease>> list_leases(const std::filesystem::path& directory,
                                             const std::string& boot_id_path) {
  std::vector<ListedLease> leases;
  const auto files = TRY(LeaseFiles::open(directory));
  if (!files) return leases;
  const auto earlier = earlier_index(*files, read_boot_id(boot_id_path));
  for (const Ip& ip : TRY(files->list())) {
    const auto file = TRY(files->read(ip));
    if (!file) continue;  // released meanwhile
    leases.push_back({.ip = ip,
                      .owner = file->regular ? parse_record(file->record) : Owner{},
                      .mtime = file->id.mtime,
                      .dropped_next = file->regular && (file->empty || knew(earlier, ip, *file))});
  }
  std::ranges::sort(leases, {}, &ListedLease::ip);
  return leases;
}

}  // namespace podwire::host_local
