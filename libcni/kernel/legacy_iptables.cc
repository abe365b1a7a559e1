#include "libcni/kernel/legacy_iptables.h"

#include <netinet/in.h>  // before the kernel's own headers, which then leave these types out

#include <fcntl.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>

#include "libcni/base/fd.h"
#include "libcni/base/text.h"

namespace podwire::kernel {
namespace {

constexpr std::string_view kNat = "nat";
/// The table may grow between the question for its size and that for its content.
constexpr int kAttempts = 10;

struct Dialect {
  const char* names;  ///< tables that the namespace has
  int domain;
  int level;
  int get_info;
  int get_entries;
};
constexpr Dialect kIpv4{.names = "/proc/thread-self/net/ip_tables_names",
                        .domain = AF_INET,
                        .level = SOL_IP,
                        .get_info = IPT_SO_GET_INFO,
                        .get_entries = IPT_SO_GET_ENTRIES};
constexpr Dialect kIpv6{.names = "/proc/thread-self/net/ip6_tables_names",
                        .domain = AF_INET6,
                        .level = SOL_IPV6,
                        .get_info = IP6T_SO_GET_INFO,
                        .get_entries = IP6T_SO_GET_ENTRIES};
// Both families have structures of one layout, but for the entries.
static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo));
static_assert(offsetof(ipt_get_entries, entrytable) == offsetof(ip6t_get_entries, entrytable));
constexpr std::size_t kEntriesOffset = offsetof(ipt_get_entries, entrytable);

/// A kernel without legacy iptables has no such file.
bool has_nat_table(const Dialect& dialect) {
  const Fd file(::open(dialect.names, O_RDONLY | O_CLOEXEC));
  std::array<char, 512> buffer{};
  const ssize_t size = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
  if (size <= 0) return false;
  const auto names = split({buffer.data(), static_cast<std::size_t>(size)}, '\n');
  return std::ranges::find(names, kNat) != names.end();
}

std::unexpected<Error> refused() {
  return fail_errno(Code::kKernel, "cannot read table nat of legacy iptables", errno);
}

/// Where `text` stands with a NUL before it, from `from` on.
std::size_t find_field(std::string_view blob, std::string_view text, std::size_t from) {
  for (auto at = blob.find(text, from); at != std::string_view::npos; at = blob.find(text, at + 1)) {
    if (at > 0 && blob[at - 1] == '\0') return at;
  }
  return std::string_view::npos;
}

}  // namespace

Result<std::string> read_legacy_nat(Family family) {
  const Dialect& dialect = family == Family::kV4 ? kIpv4 : kIpv6;
  if (!has_nat_table(dialect)) return std::string();
  const Fd socket(::socket(dialect.domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!socket) return refused();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ipt_getinfo info{};
    std::ranges::copy(kNat, info.name);
    socklen_t size = sizeof info;
    if (::getsockopt(socket.get(), dialect.level, dialect.get_info, &info, &size) != 0) return refused();
    std::string reply(kEntriesOffset + info.size, '\0');
    std::memcpy(reply.data(), info.name, sizeof info.name);
    std::memcpy(reply.data() + offsetof(ipt_get_entries, size), &info.size, sizeof info.size);
    size = static_cast<socklen_t>(reply.size());
    if (::getsockopt(socket.get(), dialect.level, dialect.get_entries, reply.data(), &size) == 0) {
      return reply.substr(kEntriesOffset);
    }
    if (errno != EAGAIN) return refused();
  }
  return fail(Code::kTryAgainLater, "table nat of legacy iptables keeps changing");
}

std::size_t count_legacy_text(std::string_view blob, std::string_view text) {
  const std::string field = std::string(text) + '\0';
  std::size_t count = 0;
  for (auto at = find_field(blob, field, 0); at != std::string_view::npos;
       at = find_field(blob, field, at + 1)) {
    ++count;
  }
  return count;
}

std::vector<std::string> legacy_comments(std::string_view blob, std::string_view prefix) {
  std::vector<std::string> comments;
  for (auto at = find_field(blob, prefix, 0); at != std::string_view::npos;
       at = find_field(blob, prefix, at + 1)) {
    const auto end = blob.find('\0', at);
    if (end != std::string_view::npos) comments.emplace_back(blob.substr(at, end - at));
  }
  std::ranges::sort(comments);
  comments.erase(std::ranges::unique(comments).begin(), comments.end());
  return comments;
}

}  // namespace podwire::kernel
