#include "plugins/host-local-ipam/lease_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace podwire::host_local {

LeaseStore::LeaseStore(LeaseFiles files, Fd lock, const StoreOptions& options)
    : files_(std::move(files)),
      lock_(std::move(lock)),
      boot_id_(read_boot_id(options.boot_id_path)),
      notices_(options.notices),
      index_(boot_id_),
      indexable_(files_.is_local()) {}

Result<std::unique_ptr<LeaseStore>> LeaseStore::lock_and_load(LeaseFiles files, const StoreOptions& options) {
  Fd lock = TRY(acquire_lock(files.directory(), files.path(), options.lock_timeout));
  std::unique_ptr<LeaseStore> store(new LeaseStore(std::move(files), std::move(lock), options));
  TRY(store->load());
  return store;
}

Result<std::unique_ptr<LeaseStore>> LeaseStore::open_or_create(const std::filesystem::path& directory,
                                                               const StoreOptions& options) {
  return lock_and_load(TRY(LeaseFiles::open_or_create(directory)), options);
}

Result<std::unique_ptr<LeaseStore>> LeaseStore::open(const std::filesystem::path& directory,
                                                     const StoreOptions& options) {
  auto files = TRY(LeaseFiles::open(directory));
  if (!files) return nullptr;
  return lock_and_load(std::move(*files), options);
}

LeaseStore::~LeaseStore() {
  if (const auto written = write_index(); !written) notice(written.error());
}

void LeaseStore::notice(const Error& error) const {
  if (notices_ != nullptr) notices_->push_back(fmt::format("host-local: {}", error.msg));
}

void LeaseStore::adopt(Rebuilt rebuilt) {
  index_ = std::move(rebuilt.index);
  rebuilt_ = changed_ = true;
  for (const Error& error : rebuilt.errors) notice(error);
}

Result<void> LeaseStore::load() {
  auto stored = indexable_ ? LeaseIndex::open(files_.directory(), IndexFile::Access::kWrite) : std::nullopt;
  if (!stored) return rebuild_once();
  // An unknown boot id, then or now, proves no reboot.
  const std::string earlier = stored->boot_id();
  const bool rebooted = !earlier.empty() && !boot_id_.empty() && earlier != boot_id_;
  if (!rebooted && stored->is_current(TRY(files_.mtime()))) {
    index_ = std::move(*stored);
    return {};
  }
  adopt(TRY(rebuild(files_, boot_id_, {.earlier_boot = rebooted ? &*stored : nullptr})));
  return {};
}

Result<void> LeaseStore::rebuild_once() {
  adopt(TRY(rebuild(files_, boot_id_, {})));
  return {};
}

Result<void> LeaseStore::write_index() {
  if (!changed_ || !indexable_) return {};
  if (index_.in_memory()) TRY(in_context(index_.save(files_.directory()), files_.path()));
  // Last of all: whatever changes the directory from here on is somebody else.
  index_.end_change(TRY(files_.stamp()));
  if (index_.damaged()) return fail(Code::kIo, fmt::format("cannot write the index in {}", files_.path()));
  return {};
}

Result<std::optional<std::vector<Ip>>> LeaseStore::find_verified(const std::string& record) const {
  std::vector<Ip> ips;
  for (const IndexedLease& lease : index_.find(record_hash(record))) {
    const auto file = TRY(files_.read(lease.ip));
    // A file with another record is a stale index, or two records with one hash; a rebuilt index tells them
    // apart.
    if (file && file->record == record) {
      ips.push_back(lease.ip);
    } else if (!rebuilt_) {
      return std::nullopt;
    }
  }
  if (index_.damaged()) return std::nullopt;
  return ips;
}

Result<std::vector<Ip>> LeaseStore::find(const std::string& record) {
  if (auto ips = TRY(find_verified(record))) return std::move(*ips);
  TRY(rebuild_once());
  return TRY(find_verified(record)).value_or(std::vector<Ip>{});
}

Result<bool> LeaseStore::create(const Ip& ip, const std::string& record) {
  changed_ = true;
  index_.begin_change();
  const auto file = TRY(files_.create(ip, record));
  if (!file) return false;
  index_.insert(record_hash(record), {.ip = ip, .file = *file});
  return true;
}

Result<bool> LeaseStore::reserve(const Ip& ip, const std::string& record) {
  if (TRY(create(ip, record))) return true;
  // Taken, as the index knew: fine. Otherwise the file may be a left-over that a rebuild removes.
  if (rebuilt_ || (index_.is_used(ip) && !index_.damaged())) return false;
  TRY(rebuild_once());
  return create(ip, record);
}

std::optional<LeaseStore::Reserved> LeaseStore::first_free(const std::vector<Candidates>& candidates) const {
  for (const Candidates& run : candidates) {
    if (const auto ip = index_.next_free(run.first, run.last)) return Reserved{.ip = *ip, .range = run.range};
  }
  return std::nullopt;
}

Result<bool> LeaseStore::agrees_with_names() const {
  const std::vector<Ip> names = TRY(files_.list());
  const bool all_known = std::ranges::all_of(names, [&](const Ip& ip) { return index_.is_used(ip); });
  return all_known && !index_.damaged() && names.size() == index_.address_count();
}

Result<std::optional<LeaseStore::Reserved>> LeaseStore::reserve_first(
    const std::vector<Candidates>& candidates, const std::string& record) {
  for (;;) {
    const auto found = first_free(candidates);
    if (found && !index_.damaged() && TRY(create(found->ip, record))) return found;
    if (rebuilt_) {
      if (!found) return std::nullopt;
      // Somebody creates files without taking the lock; leave him the address.
      index_.mark_used(found->ip);
      continue;
    }
    // Before an exhausted pool is read through again and again, comparing the names tells whether that could
    // help.
    if (!found && TRY(agrees_with_names())) return std::nullopt;
    TRY(rebuild_once());
  }
}

Result<void> LeaseStore::release(const Ip& ip, const std::string& record) {
  changed_ = true;
  index_.begin_change();
  TRY(files_.remove(ip));
  index_.erase(record_hash(record), ip);
  return {};
}

Result<std::vector<Error>> LeaseStore::retain(std::function<bool(std::string_view record)> keep) {
  auto rebuilt = TRY(rebuild(files_, boot_id_, {.keep = std::move(keep)}));
  std::vector<Error> errors = std::exchange(rebuilt.errors, {});
  adopt(std::move(rebuilt));
  return errors;
}

}  // namespace podwire::host_local
