#include "bench/lease_pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <system_error>
#include <vector>

#include "libcni/base/fd.h"
#include "libcni/base/ip.h"

namespace podwire::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFirstHost = 2;

std::string address(std::size_t host) {
  return fmt::format("10.{}.{}.{}", 88 + (host >> 16), host >> 8 & 0xff, host & 0xff);
}

/// As long as the container ids of the usual runtimes.
std::string container_id(std::size_t host) {
  return fmt::format("{:064x}", host);
}

void write_file(int directory, const std::string& name, const std::string& text) {
  const Fd fd(::openat(directory, name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::system_error(errno, std::generic_category(), "cannot write lease " + name);
  }
}

std::vector<std::size_t> hosts_of(const PoolSpec& spec) {
  std::vector<std::size_t> hosts(spec.usable());
  for (std::size_t i = 0; i < hosts.size(); ++i) hosts[i] = kFirstHost + i;
  if (spec.scattered) {
    std::minstd_rand random(1);
    std::ranges::shuffle(hosts, random);
  }
  hosts.resize(std::min(spec.leases, hosts.size()));
  return hosts;
}

}  // namespace

LeasePool::LeasePool(fs::path directory, const PoolSpec& spec)
    : directory_(std::move(directory)), spec_(spec) {
  fs::create_directories(network_directory());
  const Fd fd(::open(network_directory().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  if (!fd) throw std::system_error(errno, std::generic_category(), network_directory());
  for (const std::size_t host : hosts_of(spec)) {
    write_file(fd.get(), address(host), container_id(host) + "\r\neth0");
  }
  // A pool that was filled by ADDs says which address was the last one.
  if (spec.leases > 0) write_file(fd.get(), "last_reserved_ip.0", address(kFirstHost + spec.leases - 1));
}

std::string LeasePool::conf() const {
  return fmt::format(
      R"({{"cniVersion":"1.0.0","name":"{}","type":"bridge","ipam":{{"type":"host-local","dataDir":"{}",)"
      R"("ranges":[[{{"subnet":"10.88.0.0/{}"}}]]}}}})",
      kNetwork, directory_.string(), spec_.prefix_length);
}

std::size_t LeasePool::count() const {
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(network_directory())) {
    if (Ip::parse(entry.path().filename().string())) ++count;
  }
  return count;
}

void LeasePool::disturb() const {
  const Fd fd(::open(network_directory().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  constexpr const char* kName = "foreign";
  if (!fd) throw std::system_error(errno, std::generic_category(), network_directory());
  write_file(fd.get(), kName, "");
  if (::unlinkat(fd.get(), kName, 0) != 0) throw std::system_error(errno, std::generic_category(), "unlink");
}

}  // namespace podwire::bench
