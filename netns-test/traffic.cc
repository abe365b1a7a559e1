#include "netns-test/traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace podwire::netns {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr std::string_view kHello = "hello\n";

/// IPv4 travels as ::ffff:a.b.c.d, so that every socket here is an AF_INET6 one.
sockaddr_in6 address_of(const std::string& text, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  const std::string mapped = text.find(':') == std::string::npos ? "::ffff:" + text : text;
  if (inet_pton(AF_INET6, mapped.c_str(), &address.sin6_addr) != 1) throw std::invalid_argument(text);
  return address;
}

std::string text_of(const sockaddr_in6& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(AF_INET6, &address.sin6_addr, buffer.data(), buffer.size());
  const std::string_view text = buffer.data();
  return std::string(text.starts_with("::ffff:") ? text.substr(7) : text);
}

const sockaddr* generic(const sockaddr_in6& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
sockaddr* generic(sockaddr_in6& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

Fd open_socket(const Place& place, int type) {
  const Inside inside(place);
  Fd fd(socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int off = 0;
  const int on = 1;
  if (!fd || setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0 ||
      setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    throw std::system_error(errno, std::generic_category(), "socket");
  }
  return fd;
}

Fd open_server(const Place& place, int type) {
  Fd fd = open_socket(place, type);
  const sockaddr_in6 any = address_of("::", kEchoPort);
  if (bind(fd.get(), generic(any), sizeof any) != 0 || (type == SOCK_STREAM && listen(fd.get(), 1) != 0)) {
    throw std::system_error(errno, std::generic_category(), "bind");
  }
  return fd;
}

bool ready(const Fd& fd, short events) {
  pollfd wait{.fd = fd.get(), .events = events, .revents = 0};
  return poll(&wait, 1, kPatienceMs) == 1 && (wait.revents & events) != 0;
}

std::string last_error(const std::string& what) {
  return what + ": " + std::generic_category().message(errno);
}

/// Reads the greeting and returns what is wrong with it.
std::string expect_hello(const Fd& from) {
  std::array<char, 64> buffer{};
  if (!ready(from, POLLIN)) return "nothing arrived";
  const ssize_t n = recv(from.get(), buffer.data(), buffer.size(), 0);
  if (n < 0) return last_error("recv");
  return std::string_view(buffer.data(), static_cast<std::size_t>(n)) == kHello ? "" : "garbage arrived";
}

std::string say_hello(const Fd& to) {
  return send(to.get(), kHello.data(), kHello.size(), MSG_NOSIGNAL) < 0 ? last_error("send") : "";
}

/// Both directions over connected sockets.
std::string converse(const Fd& client, const Fd& server) {
  for (const auto& [from, to] : {std::pair(&client, &server), std::pair(&server, &client)}) {
    if (std::string error = say_hello(*from); !error.empty()) return error;
    if (std::string error = expect_hello(*to); !error.empty()) return error;
  }
  return "";
}

std::string connect_error(const Fd& client) {
  if (!ready(client, POLLOUT)) return "connection timed out";
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : "connect: " + std::generic_category().message(error);
}

}  // namespace

bool ping(const Place& from, const std::string& address) {
  return from.run({"ping", "-n", "-q", "-c", "1", "-i", "0.2", "-w", "10", address}).ok();
}

Exchange tcp_exchange(const Place& client, const Place& server, const std::string& address,
                      std::uint16_t port) {
  const Fd listener = open_server(server, SOCK_STREAM);
  const Fd caller = open_socket(client, SOCK_STREAM);
  const sockaddr_in6 target = address_of(address, port);
  if (connect(caller.get(), generic(target), sizeof target) != 0 && errno != EINPROGRESS) {
    return {.client = "", .error = last_error("connect")};
  }
  if (std::string error = connect_error(caller); !error.empty())
    return {.client = "", .error = std::move(error)};
  if (!ready(listener, POLLIN)) return {.client = "", .error = "connected to something else"};
  sockaddr_in6 peer{};
  socklen_t size = sizeof peer;
  const Fd accepted(accept4(listener.get(), generic(peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!accepted) return {.client = "", .error = last_error("accept")};
  return {.client = text_of(peer), .error = converse(caller, accepted)};
}

Exchange udp_exchange(const Place& client, const Place& server, const std::string& address,
                      std::uint16_t port) {
  const Fd receiver = open_server(server, SOCK_DGRAM);
  const Fd sender = open_socket(client, SOCK_DGRAM);
  const sockaddr_in6 target = address_of(address, port);
  if (connect(sender.get(), generic(target), sizeof target) != 0)
    return {.client = "", .error = last_error("connect")};
  if (std::string error = say_hello(sender); !error.empty()) return {.client = "", .error = std::move(error)};
  if (!ready(receiver, POLLIN)) return {.client = "", .error = "nothing arrived"};
  std::array<char, 64> buffer{};
  sockaddr_in6 peer{};
  socklen_t size = sizeof peer;
  const ssize_t n = recvfrom(receiver.get(), buffer.data(), buffer.size(), 0, generic(peer), &size);
  if (n < 0) return {.client = "", .error = last_error("recvfrom")};
  sendto(receiver.get(), buffer.data(), static_cast<std::size_t>(n), 0, generic(peer), size);
  return {.client = text_of(peer), .error = expect_hello(sender)};
}

UdpReceiver::UdpReceiver(const Place& place) : socket_(open_server(place, SOCK_DGRAM)) {}

std::string UdpReceiver::next() const {
  std::array<char, 256> buffer{};
  if (!ready(socket_, POLLIN)) return "";
  const ssize_t n = recv(socket_.get(), buffer.data(), buffer.size(), 0);
  return n < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(n));
}

bool send_udp(const Place& from, const std::string& address, const std::string& text) {
  const Fd sender = open_socket(from, SOCK_DGRAM);
  const sockaddr_in6 target = address_of(address, kEchoPort);
  return sendto(sender.get(), text.data(), text.size(), 0, generic(target), sizeof target) ==
         static_cast<ssize_t>(text.size());
}

}  // namespace podwire::netns
