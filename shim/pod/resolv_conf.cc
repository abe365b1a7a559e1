#include "shim/pod/resolv_conf.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"

namespace podwire::pod {
namespace {

void append_new(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::ranges::find(all, one) == all.end()) all.push_back(one);
  }
}

}  // namespace

std::string resolv_conf_text(std::span<const spec::Dns> networks) {
  spec::Dns merged;
  for (const spec::Dns& dns : networks) {
    append_new(merged.nameservers, dns.nameservers);
    append_new(merged.search, dns.search);
    append_new(merged.options, dns.options);
    if (merged.domain.empty()) merged.domain = dns.domain;
  }
  std::string text;
  for (const std::string& server : merged.nameservers) text += fmt::format("nameserver {}\n", server);
  // Of "domain" and "search" the last one counts: "search" goes last, because it says more.
  if (!merged.domain.empty()) text += fmt::format("domain {}\n", merged.domain);
  if (!merged.search.empty()) text += fmt::format("search {}\n", join(merged.search, " "));
  if (!merged.options.empty()) text += fmt::format("options {}\n", join(merged.options, " "));
  return text;
}

}  // namespace podwire::pod
