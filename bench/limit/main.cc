// limit: the physical limit of an ADD and a DEL of a pod on a bridge.
//
// It makes the fewest requests to the kernel that give the pod which podwire's bridge gives, and nothing
// else: no configuration is read, no address is leased, no owner is looked up, no error is explained, no
// connection tracking is flushed. What it takes is the price of Linux; what a plugin takes beyond that is the
// plugin's own.
//
// It is called as a plugin is, so that both are timed alike. See settings.h for the environment.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "bench/limit/netlink.h"
#include "bench/limit/nft.h"
#include "bench/limit/pod.h"
#include "bench/limit/settings.h"

namespace podwire::limit {
namespace {

/// A result of CNI 1.0.0 with the addresses alone.
void print_result(const Settings& settings) {
  std::fputs("{\"cniVersion\":\"1.0.0\",\"ips\":[", stdout);
  const char* separator = "";
  for (const char* rest = settings.ips; *rest != '\0';) {
    const int length = static_cast<int>(std::strcspn(rest, ","));
    std::printf("%s{\"address\":\"%.*s\"}", separator, length, rest);
    rest += length;
    if (*rest == ',') ++rest;
    separator = ",";
  }
  std::fputs("]}\n", stdout);
}

void add(const Settings& settings) {
  Socket host(NETLINK_ROUTE);
  const int bridge = ensure_bridge(host, settings);
  if (settings.masquerade) {
    Socket netfilter(NETLINK_NETFILTER);
    add_masquerade(netfilter, settings);
  }
  add_pod(host, settings, bridge);
  print_result(settings);
}

/// The elements go first: their grace period passes while the link's is waited for.
void del(const Settings& settings) {
  if (settings.masquerade) {
    Socket netfilter(NETLINK_NETFILTER);
    remove_masquerade(netfilter, settings);
  }
  Socket host(NETLINK_ROUTE);
  delete_link(host, settings);
}

void run() {
  const Settings settings = read_settings();
  if (std::strcmp(settings.command, "ADD") == 0) {
    add(settings);
  } else if (std::strcmp(settings.command, "DEL") == 0) {
    del(settings);
  } else if (std::strcmp(settings.command, "VERSION") == 0) {
    std::puts("{\"cniVersion\":\"1.0.0\",\"supportedVersions\":[\"1.0.0\"]}");
  } else {
    die("CNI_COMMAND: expected ADD, DEL or VERSION", EINVAL);
  }
}

}  // namespace
}  // namespace podwire::limit

int main() {
  podwire::limit::run();
  return 0;
}
