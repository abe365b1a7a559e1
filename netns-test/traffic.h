// Packets between places. Sockets are opened inside a namespace and then used from outside of it, so one
// thread plays client and server: no background servers, no races, no sleeps.
#pragma once

#include <cstdint>
#include <string>

#include "netns-test/node.h"

namespace podwire::netns {

/// One ICMP echo is answered within ten seconds.
[[nodiscard]] bool ping(const Place& from, const std::string& address);

/// What the two ends of an exchange saw.
struct Exchange {
  std::string client;  ///< address of the client, as the server saw it
  std::string error;   ///< "" when a line went each way

  [[nodiscard]] bool ok() const { return error.empty(); }
};

inline constexpr std::uint16_t kEchoPort = 7777;

/// A server listens in `server` on kEchoPort; a client in `client` connects to `address`:`port` and both say
/// a line.
[[nodiscard]] Exchange tcp_exchange(const Place& client, const Place& server, const std::string& address,
                                    std::uint16_t port = kEchoPort);
[[nodiscard]] Exchange udp_exchange(const Place& client, const Place& server, const std::string& address,
                                    std::uint16_t port = kEchoPort);

/// A UDP socket bound to kEchoPort in `place`, both families.
class UdpReceiver {
 public:
  explicit UdpReceiver(const Place& place);
  /// Next datagram's text, waiting for it; "" when none comes.
  [[nodiscard]] std::string next() const;

 private:
  Fd socket_;
};

/// Sends one datagram to kEchoPort. False when the kernel refused to.
bool send_udp(const Place& from, const std::string& address,
              const std::string& text);  // NOLINT(modernize-use-nodiscard)

}  // namespace podwire::netns
