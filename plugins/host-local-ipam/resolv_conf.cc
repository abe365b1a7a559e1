#include "plugins/host-local-ipam/resolv_conf.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <vector>

#include "libcni/base/fd.h"
#include "libcni/base/text.h"

namespace podwire::host_local {

spec::Dns parse_resolv_conf(std::string_view text) {
  spec::Dns dns;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split_words(trim(line));
    if (fields.size() < 2 || fields[0].starts_with('#') || fields[0].starts_with(';')) continue;
    if (fields[0] == "nameserver") dns.nameservers.push_back(fields[1]);
    if (fields[0] == "domain") dns.domain = fields[1];
    if (fields[0] == "search") dns.search.insert(dns.search.end(), fields.begin() + 1, fields.end());
    if (fields[0] == "options") dns.options.insert(dns.options.end(), fields.begin() + 1, fields.end());
  }
  return dns;
}

Result<spec::Dns> read_resolv_conf(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto text = fd ? read_to_end(fd.get()) : std::unexpected(errno);
  if (!text) return fail_errno(Code::kIo, fmt::format("cannot read resolvConf {}", path), text.error());
  return parse_resolv_conf(*text);
}

}  // namespace podwire::host_local
