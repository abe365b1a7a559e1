// Network configurations on disk: files of a directory, sibling folders, look-up by name.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "libcni/spec/conflist.h"
#include "libcni/spec/validate.h"

namespace podwire::spec {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& file) {
  const auto failed = [&file] {
    return fail_errno(Code::kIo, fmt::format("error reading {}", file.string()), errno);
  };
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return failed();
  std::string bytes;
  std::array<char, 4096> chunk{};
  while (stream.read(chunk.data(), chunk.size()) || stream.gcount() > 0) {
    bytes.append(chunk.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) return failed();
  return bytes;
}

/// From the last '.', which may be the first character: ".conflist" is a file with this extension and no
/// stem.
std::string extension_of(const fs::path& file) {
  const std::string name = file.filename().string();
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(dot);
}

/// A plugin object of the sibling folder, as an element of the list.
Result<PluginConf> load_sibling(const fs::path& file) {
  NetworkList single = TRY(in_context(parse_single_plugin(TRY(read_file(file))), file.string()));
  return std::move(single.plugins.front());
}

Result<NetworkList> load_list_file(const fs::path& file, std::string bytes) {
  NetworkList list = TRY(in_context(parse_network_list(std::move(bytes)), file.string()));
  // A name that is not one (it may contain "..") has no folder; ADD refuses it with the proper message.
  if (!list.load_only_inlined_plugins && validate_network_name(list.name)) {
    for (const fs::path& sibling : TRY(conf_files(file.parent_path() / list.name, {".conf"}))) {
      list.plugins.push_back(TRY(load_sibling(sibling)));
    }
  }
  if (list.plugins.empty()) {
    return fail(Code::kInvalidNetworkConfig, fmt::format("{}: no plugin configs found", file.string()));
  }
  return list;
}

Result<NetworkList> load_single_file(const fs::path& file) {
  return in_context(parse_single_plugin(TRY(read_file(file))), file.string());
}

bool is_single_plugin(const fs::path& file, std::string_view bytes) {
  if (extension_of(file) == ".conflist") return false;
  const auto document = Json::parse(bytes);
  return document && document->view().find("type") && !document->view().find("plugins");
}

}  // namespace

Result<NetworkList> load_network_file(const fs::path& file) {
  std::string bytes = TRY(read_file(file));
  if (is_single_plugin(file, bytes)) return in_context(parse_single_plugin(std::move(bytes)), file.string());
  return load_list_file(file, std::move(bytes));
}

Result<std::vector<fs::path>> conf_files(const fs::path& directory,
                                         const std::vector<std::string>& extensions) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    // The entry itself, not what a link points to: a link counts as a file.
    if (fs::is_directory(entry->symlink_status())) continue;
    if (std::ranges::find(extensions, extension_of(entry->path())) != extensions.end())
      files.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail_errno(Code::kIo, fmt::format("cannot read directory {}", directory.string()), error.value());
  }
  std::ranges::sort(files, {}, &fs::path::native);
  return files;
}

Result<NetworkList> load_network(const fs::path& directory, std::string_view name) {
  const std::vector<fs::path> lists = TRY(conf_files(directory, {".conflist"}));
  for (const fs::path& file : lists) {
    NetworkList list = TRY(load_list_file(file, TRY(read_file(file))));
    if (list.name == name) return list;
  }
  const std::vector<fs::path> singles = TRY(conf_files(directory, {".conf", ".json"}));
  for (const fs::path& file : singles) {
    NetworkList list = TRY(load_single_file(file));
    if (list.name == name) return list;
  }
  if (lists.empty() && singles.empty()) {
    return fail(Code::kInvalidNetworkConfig,
                fmt::format("no net configurations found in {}", directory.string()));
  }
  return fail(Code::kInvalidNetworkConfig,
              fmt::format("no net configuration with name {:?} in {}", name, directory.string()));
}

}  // namespace podwire::spec
