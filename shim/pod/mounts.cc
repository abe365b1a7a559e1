#include "shim/pod/mounts.h"

#include "libcni/base/text.h"
#include "libcni/runtime/file.h"

namespace podwire::pod {
namespace {

constexpr std::size_t kMountPointField = 4;  // proc(5), mountinfo: id parent dev root mountpoint

}  // namespace

std::string unescape_mountinfo(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<std::string> mount_points_below(std::string_view mountinfo,
                                            const std::filesystem::path& directory) {
  const std::string prefix = directory.string() + '/';
  std::vector<std::string> points;
  for (const std::string& line : split(mountinfo, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() <= kMountPointField) continue;
    std::string point = unescape_mountinfo(fields[kMountPointField]);
    if (point.starts_with(prefix)) points.push_back(std::move(point));
  }
  return points;
}

Result<std::vector<std::string>> mounts_below(const std::filesystem::path& directory) {
  std::error_code gone;
  const std::filesystem::path real = std::filesystem::canonical(directory, gone);
  if (gone) return std::vector<std::string>{};
  const auto mountinfo = TRY(runtime::read_file("/proc/self/mountinfo"));
  if (!mountinfo) return fail(Code::kIo, "/proc is not mounted");
  return mount_points_below(*mountinfo, real);
}

}  // namespace podwire::pod
