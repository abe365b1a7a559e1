// A directory of host-local's leases, filled by writing the files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace podwire::bench {

/// 10.88.0.0/`prefix_length`. Usable are all of its addresses but network, gateway (.1) and broadcast.
struct PoolSpec {
  int prefix_length = 16;
  std::size_t leases = 0;  ///< at most usable()
  /// Which addresses have no lease: the last ones, or some chosen at random (always the same ones).
  bool scattered = false;

  [[nodiscard]] std::size_t usable() const { return (std::size_t{1} << (32 - prefix_length)) - 3; }
};

/// Files <directory>/<network>/<address>, "containerID CR LF ifname", as both implementations write them.
class LeasePool {
 public:
  /// Makes the directory. Throws when a file cannot be written.
  LeasePool(std::filesystem::path directory, const PoolSpec& spec);

  static constexpr const char* kNetwork = "bench";

  /// The network configuration of a plugin that has this pool.
  [[nodiscard]] std::string conf() const;
  /// Files of leases now.
  [[nodiscard]] std::size_t count() const;
  /// What a foreign writer does to the directory: a cache of its content is out of date afterwards.
  void disturb() const;

 private:
  [[nodiscard]] std::filesystem::path network_directory() const { return directory_ / kNetwork; }

  std::filesystem::path directory_;
  PoolSpec spec_;
};

}  // namespace podwire::bench
