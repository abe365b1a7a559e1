// The leases of one network, locked: files, index, and the rules that keep both true.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"
#include "plugins/host-local-ipam/boot_id.h"
#include "plugins/host-local-ipam/file_lock.h"
#include "plugins/host-local-ipam/lease_files.h"
#include "plugins/host-local-ipam/lease_index.h"
#include "plugins/host-local-ipam/range.h"
#include "plugins/host-local-ipam/rebuild.h"

namespace podwire::host_local {

struct StoreOptions {
  std::chrono::milliseconds lock_timeout = kLockTimeout;
  std::string boot_id_path = kBootIdPath;
  /// Where to put what went wrong without making the verb fail. Outlives the store. May be null.
  std::vector<std::string>* notices = nullptr;
};

/// From open() to its end a store holds the directory's lock, so one verb sees one state. Its end writes the
/// index; an index that cannot be written costs the next verb a walk over the files and nothing else: a
/// notice, not an error. Opening drops leases of an earlier boot and empty files (see rebuild.h), if the
/// index is not current.
class LeaseStore {
 public:
  /// Creates the directory. Errors: kIo, kTryAgainLater.
  [[nodiscard]] static Result<std::unique_ptr<LeaseStore>> open_or_create(
      const std::filesystem::path& directory, const StoreOptions& options = {});
  /// Null when there is no such directory, and so no lease.
  [[nodiscard]] static Result<std::unique_ptr<LeaseStore>> open(const std::filesystem::path& directory,
                                                                const StoreOptions& options = {});
  LeaseStore(const LeaseStore&) = delete;
  LeaseStore& operator=(const LeaseStore&) = delete;
  ~LeaseStore();

  /// Addresses whose file holds this very record, in no order; releasing them from the back is cheapest.
  [[nodiscard]] Result<std::vector<Ip>> find(const std::string& record);
  /// False: the address is taken.
  [[nodiscard]] Result<bool> reserve(const Ip& ip, const std::string& record);
  /// Reserves the first free address of the candidates; nullopt: there is none. `range` is where it was
  /// found.
  struct Reserved {
    Ip ip;
    const Range* range = nullptr;
  };
  [[nodiscard]] Result<std::optional<Reserved>> reserve_first(const std::vector<Candidates>& candidates,
                                                              const std::string& record);
  /// Releases one lease of this record. Gone already: success.
  [[nodiscard]] Result<void> release(const Ip& ip, const std::string& record);
  [[nodiscard]] std::optional<Ip> read_last_reserved(std::size_t set) const {
    return files_.read_last_reserved(set);
  }
  [[nodiscard]] Result<void> write_last_reserved(std::size_t set, const Ip& ip) {
    return files_.write_last_reserved(set, ip);
  }
  /// Removes every file named like an address whose record `keep` refuses. Goes on after errors and returns
  /// them.
  [[nodiscard]] Result<std::vector<Error>> retain(std::function<bool(std::string_view record)> keep);

  [[nodiscard]] const LeaseFiles& files() const { return files_; }

 private:
  LeaseStore(LeaseFiles files, Fd lock, const StoreOptions& options);
  [[nodiscard]] static Result<std::unique_ptr<LeaseStore>> lock_and_load(LeaseFiles files,
                                                                         const StoreOptions& options);
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<void> rebuild_once();
  [[nodiscard]] Result<std::optional<std::vector<Ip>>> find_verified(const std::string& record) const;
  [[nodiscard]] std::optional<Reserved> first_free(const std::vector<Candidates>& candidates) const;
  [[nodiscard]] Result<bool> create(const Ip& ip, const std::string& record);
  [[nodiscard]] Result<bool> agrees_with_names() const;
  [[nodiscard]] Result<void> write_index();
  void adopt(Rebuilt rebuilt);
  void notice(const Error& error) const;

  LeaseFiles files_;
  Fd lock_;
  std::string boot_id_;
  std::vector<std::string>* notices_;
  LeaseIndex index_;
  bool indexable_ = true;  ///< the file system is this machine's alone
  bool rebuilt_ = false;   ///< in this session: the index cannot be wrong
  bool changed_ = false;
};

}  // namespace podwire::host_local
