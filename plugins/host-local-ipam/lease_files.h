// The files of a lease directory, as the reference writes and reads them. No locking, no index.
//
//   <ip>                 mode 0600, "containerID\r\nifname"; older ones hold "containerID" alone
//   last_reserved_ip.N   mode 0600, the address handed out last for range set N
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"
#include "libcni/base/ip.h"
#include "plugins/host-local-ipam/file_create.h"

namespace podwire::host_local {

/// Who holds a lease.
struct Owner {
  std::string container_id;
  std::string ifname;

  [[nodiscard]] std::string record() const { return container_id + "\r\n" + ifname; }
  [[nodiscard]] const std::string& legacy_record() const { return container_id; }
};

/// What stands under the name of an address.
struct LeaseFile {
  bool regular = false;  ///< else a directory, socket, link ...: nobody's lease, but the address is taken
  bool empty = false;    ///< no bytes at all: its writer died between creating and writing
  FileId id;
  std::string record;  ///< content without surrounding white space
};

/// "last_reserved_ip.N"
[[nodiscard]] std::string last_reserved_name(std::size_t set);

class LeaseFiles {
 public:
  /// Error: kIo. nullopt: there is no such directory.
  [[nodiscard]] static Result<std::optional<LeaseFiles>> open(const std::filesystem::path& path);
  /// Creates missing directories with mode 0755. Error: kIo.
  [[nodiscard]] static Result<LeaseFiles> open_or_create(const std::filesystem::path& path);

  [[nodiscard]] int directory() const { return directory_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// False on file systems that other hosts write to as well (NFS, CIFS, Ceph, FUSE, ...): there neither a
  /// boot id nor a cached directory time says anything about what the others did.
  [[nodiscard]] bool is_local() const;

  /// The addresses whose canonical text is the name of an entry, in directory order.
  [[nodiscard]] Result<std::vector<Ip>> list() const;
  /// nullopt: nothing of that name.
  [[nodiscard]] Result<std::optional<LeaseFile>> read(const Ip& ip) const;
  /// The file appears with its whole content or not at all. nullopt: the name is taken.
  [[nodiscard]] Result<std::optional<FileId>> create(const Ip& ip, std::string_view record) const;
  [[nodiscard]] Result<void> remove(const Ip& ip) const;  ///< gone already: success

  /// nullopt when there is none or it is not an address: round robin then starts over.
  [[nodiscard]] std::optional<Ip> read_last_reserved(std::size_t set) const;
  [[nodiscard]] Result<void> write_last_reserved(std::size_t set, const Ip& ip) const;

  /// Modification time of the directory in nanoseconds. Error: kIo.
  [[nodiscard]] Result<std::int64_t> mtime() const;
  /// Gives the directory a modification time that no other writer will produce by chance, and returns it.
  /// Error: kIo when the file system or our rights do not allow that.
  [[nodiscard]] Result<std::int64_t> stamp() const;

 private:
  LeaseFiles(Fd directory, std::string path) : directory_(std::move(directory)), path_(std::move(path)) {}
  [[nodiscard]] std::string name_of(std::string_view entry) const { return path_ + "/" + std::string(entry); }

  Fd directory_;
  std::string path_;
};

}  // namespace podwire::host_local
