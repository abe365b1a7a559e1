#include "netns-test/node.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace podwire::netns {
namespace {

namespace fs = std::filesystem;

constexpr auto kPollInterval = std::chrono::milliseconds(2);

int must(int result, const std::string& what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

Fd open_path(const std::string& path) {
  return Fd(must(open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
}
Fd current_net() {
  return open_path("/proc/thread-self/ns/net");
}
Fd current_mount() {
  return open_path("/proc/thread-self/ns/mnt");
}

void mount_tmpfs(const std::string& path) {
  must(mount("podwire-test", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"),
       "mount tmpfs on " + path);
}

/// Binds an entry of the directory behind `original` into the tmpfs that covers that directory now.
void bind_back(const Fd& original, const fs::directory_entry& entry) {
  const std::string source =
      "/proc/self/fd/" + std::to_string(original.get()) + "/" + entry.path().filename().string();
  if (entry.is_symlink()) {
    fs::copy_symlink(source, entry.path());
    return;
  }
  if (entry.is_directory()) {
    fs::create_directory(entry.path());
  } else {
    std::ofstream(entry.path()).flush();
  }
  must(mount(source.c_str(), entry.path().c_str(), nullptr, MS_BIND | MS_REC, nullptr), "bind " + source);
}

/// An empty tmpfs on `path`. Where the machine has no such directory, its parent is covered by a tmpfs into
/// which everything else is bound back: the machine's own file system must not even gain an empty directory.
void make_private(const fs::path& path) {
  if (!fs::exists(path)) {
    const fs::path parent = path.parent_path();
    const std::vector<fs::directory_entry> entries(fs::directory_iterator(parent), fs::directory_iterator{});
    const Fd original = open_path(parent);
    mount_tmpfs(parent);
    for (const fs::directory_entry& entry : entries) bind_back(original, entry);
    fs::create_directory(path);
  }
  mount_tmpfs(path);
}

/// Moves the test process, once, to a network without anything and to mounts that propagate nowhere: a helper
/// that forgets to enter a node then finds nothing to damage.
void leave_the_machine() {
  static const bool done = [] {
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
      throw std::runtime_error(std::string("kernel tests need root: run scripts/test as root (unshare: ") +
                               std::generic_category().message(errno) + ")");
    }
    must(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate /");
    make_private("/var/lib/cni");
    make_private("/run");
    return true;
  }();
  (void)done;
}

/// In the calling thread's network namespace. Not by `ip`: a bench makes thousands of pods.
void bring_up_loopback() {
  const Fd fd(must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  must(ioctl(fd.get(), SIOCSIFFLAGS, &request), "bring up lo");
}

}  // namespace

Completed Place::run(std::vector<std::string> argv) const {
  return run(Command{.argv = std::move(argv)});
}

Completed Place::run(const Command& command) const {
  const Inside inside(*this);
  return netns::run(command);
}

std::string Place::sh(const std::string& script) const {
  Completed done = run(Command{.argv = {"/bin/sh", "-euc", script}});
  if (!done.ok()) throw std::runtime_error("`" + script + "` failed: " + done.err);
  return std::move(done.out);
}

Inside::Inside(const Place& place) : net_(current_net()), mount_(current_mount()) {
  must(setns(place.ns_.mount->get(), CLONE_NEWNS), "setns(mount)");
  must(setns(place.ns_.net.get(), CLONE_NEWNET), "setns(net)");
}

Inside::~Inside() {
  // Staying in the wrong namespace would make every later line of the test a lie.
  if (setns(mount_.get(), CLONE_NEWNS) != 0 || setns(net_.get(), CLONE_NEWNET) != 0) std::terminate();
}

Node::Node() {
  leave_the_machine();
  const Fd home_net = current_net();
  const Fd home_mount = current_mount();
  must(unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare");
  must(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate /");
  mount_tmpfs("/run");
  mount_tmpfs("/var/lib/cni");
  if (fs::exists("/etc/cni")) mount_tmpfs("/etc/cni");
  fs::create_directory("/run/netns");
  ns_.net = current_net();
  ns_.mount = std::make_shared<Fd>(current_mount());
  must(setns(home_mount.get(), CLONE_NEWNS), "setns(mount)");
  must(setns(home_net.get(), CLONE_NEWNET), "setns(net)");
  sh("ip link set lo up");
}

void Node::write(const std::string& path, std::string_view text) const {
  const Inside inside(*this);
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

void Node::remove_netns(const Pod& pod) const {
  const Inside inside(*this);
  must(umount2(pod.netns().c_str(), MNT_DETACH), "umount " + pod.netns());
  fs::remove(pod.netns());
}

Pod::Pod(const Node& node, std::string name) : name_(std::move(name)) {
  const Inside inside(node);
  must(unshare(CLONE_NEWNET), "unshare(net)");
  std::ofstream(netns()).flush();
  must(mount("/proc/thread-self/ns/net", netns().c_str(), nullptr, MS_BIND, nullptr), "bind " + netns());
  ns_.net = current_net();
  ns_.mount = node.ns_.mount;
  bring_up_loopback();
}

Outside::Outside(const Node& node) {
  {
    const Inside inside(node);
    must(unshare(CLONE_NEWNET), "unshare(net)");
    ns_.net = current_net();
    ns_.mount = node.ns_.mount;
  }
  const std::string ours = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(node.ns_.net.get());
  // Without duplicate detection: while its link-local address is tentative, a router asks for no neighbour on
  // the behalf of others. The uplink of a real node has been up for long.
  sh("ip link set lo up; ip link add eth0 type veth peer name uplink netns " + ours +
     "; echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad"
     "; ip addr add 192.0.2.2/24 dev eth0; ip addr add 2001:db8:ffff::2/64 dev eth0; ip link set eth0 up");
  node.sh(
      "echo 0 > /proc/sys/net/ipv6/conf/uplink/accept_dad; ip addr add 192.0.2.1/24 dev uplink; "
      "ip addr add 2001:db8:ffff::1/64 dev uplink; ip link set uplink up");
}

bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

}  // namespace podwire::netns
