#include "plugins/host-local-ipam/resolv_conf.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "libcni/base/text.h"

namespace podwire::host_local {
namespace {

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

}  // namespace

spec::Dns parse_resolv_conf(std::string_view text) {
  spec::Dns dns;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() < 2 || fields[0].starts_with('#') || fields[0].starts_with(';')) continue;
    if (fields[0] == "nameserver") dns.nameservers.push_back(fields[1]);
    if (fields[0] == "domain") dns.domain = fields[1];
    if (fields[0] == "search") dns.search.insert(dns.search.end(), fields.begin() + 1, fields.end());
    if (fields[0] == "options") dns.options.insert(dns.options.end(), fields.begin() + 1, fields.end());
  }
  return dns;
}

Result<spec::Dns> read_resolv_conf(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  std::ostringstream text;
  // Copying an empty file sets failbit on `text`; only the source tells whether reading went wrong.
  if (file) text << file.rdbuf();
  if (!file) return fail_errno(Code::kIo, fmt::format("cannot read resolvConf {}", path), errno);
  return parse_resolv_conf(text.str());
}

}  // namespace podwire::host_local
