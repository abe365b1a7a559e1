#include "libcni/runtime/cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "libcni/runtime/base64.h"
#include "libcni/runtime/file.h"

namespace podwire::runtime {
namespace {

constexpr std::string_view kKind = "cniCacheV1";
// Attachment data may hold secrets of the capabilities' users: root only, as libcni has it.
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr auto kLockLimit = std::chrono::seconds(10);
constexpr auto kLockPause = std::chrono::milliseconds(10);

Json encode_args(const RuntimeConf& conf) {
  Json pairs = Json::array();
  for (const auto& [key, value] : conf.args) pairs.push_back(Json(std::vector<std::string>{key, value}));
  return pairs;
}

Json encode(const CachedAttachment& entry) {
  Json object = Json::object();
  object.set("kind", kKind);
  object.set("containerId", entry.conf.container_id);
  object.set("config", base64_encode(entry.config));
  object.set("ifName", entry.conf.ifname);
  object.set("networkName", entry.network);
  if (!entry.conf.netns.empty()) object.set("netns", entry.conf.netns);
  if (!entry.conf.args.empty()) object.set("cniArgs", encode_args(entry.conf));
  if (!entry.conf.capability_args.empty()) object.set("capabilityArgs", entry.conf.capability_args);
  if (entry.result) object.set("result", *entry.result);
  return object;
}

Result<std::vector<std::pair<std::string, std::string>>> decode_args(const JsonView& array) {
  std::vector<std::pair<std::string, std::string>> args;
  for (const JsonView& element : TRY(array.elements())) {
    const std::vector<std::string> pair = TRY(element.strings());
    if (pair.size() != 2) return element.type_error("a pair of strings");
    args.emplace_back(pair[0], pair[1]);
  }
  return args;
}

bool is_cni_cache_v1(const JsonView& object) {
  const auto kind = object.find("kind");
  return kind && kind->is_string() && kind->string().value_or("") == kKind;
}

Result<CachedAttachment> decode(const JsonView& object) {
  if (!is_cni_cache_v1(object))
    return fail(Code::kDecode, fmt::format("cached attachment is not of kind {}", kKind));
  CachedAttachment entry;
  std::string config;
  TRY(read(object, "containerId", entry.conf.container_id));
  TRY(read(object, "config", config));
  entry.config = TRY(base64_decode(config));
  TRY(read(object, "ifName", entry.conf.ifname));
  TRY(read(object, "networkName", entry.network));
  TRY(read(object, "netns", entry.conf.netns));
  if (const auto args = object.find("cniArgs")) entry.conf.args = TRY(decode_args(*args));
  if (const auto args = object.find("capabilityArgs")) {
    if (!args->is_object()) return args->type_error("an object");
    entry.conf.capability_args = args->copy();
  }
  if (const auto result = object.find("result")) entry.result = result->copy();
  return entry;
}

}  // namespace

Result<std::filesystem::path> Cache::file(const spec::Attachment& attachment) const {
  const auto& [network, id, ifname] = attachment;
  if (network.empty() || id.empty() || ifname.empty()) {
    return fail(
        Code::kIo,
        fmt::format("cache file path requires network name (\"{}\"), container ID (\"{}\"), and interface "
                    "name (\"{}\")",
                    network, id, ifname));
  }
  return results() / fmt::format("{}-{}-{}", network, id, ifname);
}

Result<void> Cache::write(const CachedAttachment& entry) const {
  const std::filesystem::path path = TRY(file(entry.conf.attachment(entry.network)));
  TRY(ensure_directory(results(), kDirectoryMode));
  return write_file_atomic(path, encode(entry).dump(), kFileMode);
}

Result<std::optional<VersionedResult>> Cache::result(const spec::Attachment& attachment,
                                                     spec::Version fallback) const {
  const auto bytes = read_file(TRY(file(attachment)));
  if (!bytes || !*bytes) return std::nullopt;
  const Json document = TRY(Json::parse(**bytes));
  const JsonView object = document.view();
  if (!is_cni_cache_v1(object)) return TRY(decode_versioned(object, fallback));
  const auto result = object.find("result");
  if (!result) return std::nullopt;
  return TRY(decode_versioned(*result, fallback));
}

Result<std::optional<CachedAttachment>> Cache::find(const spec::Attachment& attachment) const {
  const std::optional<std::string> bytes = TRY(read_file(TRY(file(attachment))));
  if (!bytes) return std::nullopt;
  const Json document = TRY(Json::parse(*bytes));
  return TRY(decode(document.view()));
}

Result<void> Cache::remove(const spec::Attachment& attachment) const {
  return remove_file(TRY(file(attachment)));
}

Result<std::vector<CachedAttachment>> Cache::list() const {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator it(results(), error), end; !error && it != end;
       it.increment(error)) {
    files.push_back(it->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Code::kIo, fmt::format("cannot list {}: {}", results().string(), error.message()));
  }
  std::ranges::sort(files);
  std::vector<CachedAttachment> entries;
  for (const std::filesystem::path& path : files) {
    const auto bytes = read_file(path);
    if (!bytes || !*bytes) continue;
    const auto document = Json::parse(**bytes);
    if (!document) continue;
    auto entry = decode(document->view());
    if (!entry || entry->network.empty() || entry->conf.ifname.empty()) continue;
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<Fd> Cache::lock(int operation) const {
  TRY(ensure_directory(results(), kDirectoryMode));
  Fd fd(::open(results().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(Code::kIo, "cannot open " + results().string(), errno);
  const auto deadline = std::chrono::steady_clock::now() + kLockLimit;
  while (::flock(fd.get(), operation | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail_errno(Code::kIo, "cannot lock " + results().string(), errno);
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(Code::kTryAgainLater, "attachments are being added, removed or collected: try again later");
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return fd;
}

Result<Fd> Cache::lock_shared() const {
  return lock(LOCK_SH);
}
Result<Fd> Cache::lock_exclusive() const {
  return lock(LOCK_EX);
}

}  // namespace podwire::runtime
