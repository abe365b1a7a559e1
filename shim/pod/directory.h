// Where a pod lies on disk: <run-dir>/pods/<name>/
//
//   pod.json      state
//   ns/net ns/ipc ns/uts   the namespaces, bind-mounted so that they outlive every process
//   volume/       the directory that the pod's containers share
//   shm/          their /dev/shm
//   resolv.conf   present when a network's result has DNS
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"
#include "shim/pod/pod.h"

namespace podwire::pod {

class PodDirectory {
 public:
  PodDirectory(const std::filesystem::path& run_directory, std::string_view name)
      : name_(name), path_(run_directory / "pods" / name) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path volume() const { return path_ / "volume"; }
  [[nodiscard]] std::filesystem::path shm() const { return path_ / "shm"; }
  [[nodiscard]] std::filesystem::path resolv_conf() const { return path_ / "resolv.conf"; }
  /// "net", "ipc" or "uts".
  [[nodiscard]] std::filesystem::path ns(std::string_view kind) const { return path_ / "ns" / kind; }
  [[nodiscard]] bool exists() const;

  /// Takes the name: makes the directory, empty. Error: kIo, `pod "x" exists already` when it does.
  [[nodiscard]] Result<void> create() const;
  /// Makes what is in it. Error: kIo.
  [[nodiscard]] Result<void> populate() const;

  /// One operation on a pod at a time, until the descriptor is closed. Waits up to 60 s, the time an ADD may
  /// take. Errors: kUnknownContainer, `no such pod: x`; kTryAgainLater.
  [[nodiscard]] Result<Fd> lock() const;

  /// Error: kUnknownContainer when the directory is gone; kDecode when pod.json is damaged. A pod that was
  /// killed before its first write has no pod.json: it reads as a pod with a name and nothing else.
  [[nodiscard]] Result<Pod> load() const;
  [[nodiscard]] Result<void> save(const Pod& pod) const;

  /// Unmounts the namespaces and removes everything. What is gone already is fine. Error: kIo; also when
  /// something is mounted inside the volume, whose files must not be removed by mistake.
  [[nodiscard]] Result<void> remove() const;

 private:
  std::string name_;
  std::filesystem::path path_;
};

/// Names of the pods below a run directory, sorted. Error: kIo when it exists and cannot be read.
[[nodiscard]] Result<std::vector<std::string>> list_pods(const std::filesystem::path& run_directory);

}  // namespace podwire::pod
