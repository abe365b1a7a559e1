// The result cache: one file per attachment, in the place and format that libcni uses, so that both can take
// turns on one host (cni/libcni/api.go; checklist CA-1 to CA-8).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/fd.h"
#include "libcni/runtime/runtime_conf.h"
#include "libcni/runtime/versioned_result.h"

namespace podwire::runtime {

/// What a cache file says.
struct CachedAttachment {
  std::string network;
  std::string config;  ///< bytes of the network list at the time of ADD
  RuntimeConf conf;
  std::optional<Json> result;  ///< of the last plugin, in that plugin's version
};

class Cache {
 public:
  /// Files lie in `<directory>/results`.
  explicit Cache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// `<directory>/results/<network>-<containerID>-<ifname>`. Error: kIo when a part is empty.
  [[nodiscard]] Result<std::filesystem::path> file(const spec::Attachment& attachment) const;

  /// Written whole or not at all. Error: kIo.
  [[nodiscard]] Result<void> write(const CachedAttachment& entry) const;

  /// Nothing when there is no file, it cannot be read, or it holds no result. A file that is not cniCacheV1
  /// is read as the bare result that libcni wrote before 0.8. Error: it holds something that is no result.
  [[nodiscard]] Result<std::optional<VersionedResult>> result(const spec::Attachment& attachment,
                                                              spec::Version fallback) const;

  /// The whole entry; nothing when there is no file. Error: kDecode when it is not cniCacheV1.
  [[nodiscard]] Result<std::optional<CachedAttachment>> find(const spec::Attachment& attachment) const;

  /// A file that is gone is fine.
  [[nodiscard]] Result<void> remove(const spec::Attachment& attachment) const;

  /// Every attachment, by file name; files that are unreadable, foreign, or without a network and an
  /// interface name are passed over (CA-8). Error: kIo when the directory exists and cannot be listed.
  [[nodiscard]] Result<std::vector<CachedAttachment>> list() const;

  /// Keeps GC apart from operations on single attachments (SPEC "Lifecycle"): shared by those, exclusive to
  /// GC. Held until the descriptor is closed. It lies on the directory itself, so only podwire heeds it.
  /// Error: kTryAgainLater after 10 s.
  [[nodiscard]] Result<Fd> lock_shared() const;
  [[nodiscard]] Result<Fd> lock_exclusive() const;

 private:
  [[nodiscard]] std::filesystem::path results() const { return directory_ / "results"; }
  [[nodiscard]] Result<Fd> lock(int operation) const;

  std::filesystem::path directory_;
};

}  // namespace podwire::runtime
