#include "bench/limit/netlink.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace podwire::limit {
namespace {

/// Acknowledgements and single links; dumps, which need more, are not made.
constexpr std::size_t kReceiveBuffer = 8192;

}  // namespace

void die(const char* what, int error_number) {
  constexpr int kKernelErrorCode = 100;  // Code::kKernel
  std::printf("{\"cniVersion\":\"1.0.0\",\"code\":%d,\"msg\":\"limit: %s: %s\"}\n", kKernelErrorCode, what,
              std::strerror(error_number));
  std::exit(EXIT_FAILURE);
}

char* Batch::extend(std::size_t size) {
  const std::size_t aligned = NLMSG_ALIGN(size);
  if (size_ + aligned > kCapacity) std::abort();
  char* start = bytes_ + size_;
  std::memset(start, 0, aligned);
  size_ += aligned;
  if (message_ < size_ && count_ > 0) message()->nlmsg_len = static_cast<std::uint32_t>(size_ - message_);
  return start;
}

nlmsghdr* Batch::message() {
  return reinterpret_cast<nlmsghdr*>(bytes_ + message_);
}

Batch& Batch::begin_bytes(int type, int flags, const void* header, std::size_t size) {
  message_ = size_;
  ++count_;
  extend(sizeof(nlmsghdr));
  message()->nlmsg_type = static_cast<std::uint16_t>(type);
  message()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  message()->nlmsg_seq = count_;
  return put_raw(header, size);
}

Batch& Batch::put_raw(const void* data, std::size_t size) {
  if (size > 0) std::memcpy(extend(size), data, size);
  return *this;
}

Batch& Batch::put(int attribute, const void* data, std::size_t size) {
  const nlattr head{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + size),
                    .nla_type = static_cast<std::uint16_t>(attribute)};
  put_raw(&head, sizeof head);
  return put_raw(data, size);
}

Batch& Batch::put_text(int attribute, const char* text) {
  return put(attribute, text, std::strlen(text) + 1);
}

Batch& Batch::put_be32(int attribute, std::uint32_t value) {
  return put_u32(attribute, htonl(value));
}

std::size_t Batch::nest(int attribute) {
  const std::size_t start = size_;
  put(attribute | NLA_F_NESTED, nullptr, 0);
  return start;
}

void Batch::end(std::size_t nest) {
  reinterpret_cast<nlattr*>(bytes_ + nest)->nla_len = static_cast<std::uint16_t>(size_ - nest);
}

void Batch::acknowledge_last() {
  message()->nlmsg_flags |= NLM_F_ACK;
}

Socket::Socket(int protocol) : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
  if (fd_ < 0) die("netlink socket", errno);
}

void Socket::send(const Batch& batch) const {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_, batch.data(), batch.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
               sizeof kernel) < 0) {
    die("netlink send", errno);
  }
}

int Socket::await(std::uint32_t last, char* reply, std::size_t size) {
  alignas(nlmsghdr) static char buffer[kReceiveBuffer];
  int first_error = 0;
  for (;;) {
    const ssize_t received = ::recv(fd_, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) die("netlink receive", errno);
    auto remaining = static_cast<unsigned>(received);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(header, remaining);
         header = NLMSG_NEXT(header, remaining)) {
      int error = 0;
      if (header->nlmsg_type == NLMSG_ERROR) {
        error = -reinterpret_cast<const nlmsgerr*>(header + 1)->error;
      } else if (reply != nullptr) {
        std::memcpy(reply, header, header->nlmsg_len < size ? header->nlmsg_len : size);
      }
      if (first_error == 0) first_error = error;
      // nf_tables refuses a whole batch by an error for its first message.
      if (header->nlmsg_seq == last || (error != 0 && header->nlmsg_seq == 1)) return first_error;
    }
  }
}

int Socket::request(Batch& batch) {
  batch.acknowledge_last();
  send(batch);
  return await(batch.last(), nullptr, 0);
}

int Socket::commit(const Batch& batch) {
  send(batch);
  return await(batch.last() - 1, nullptr, 0);
}

int Socket::get(Batch& batch, char* reply, std::size_t size) {
  send(batch);
  return await(batch.last(), reply, size);
}

int Socket::link_index(const char* name) const {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (::ioctl(fd_, SIOCGIFINDEX, &request) == 0) return request.ifr_ifindex;
  if (errno != ENODEV) die("SIOCGIFINDEX", errno);
  return 0;
}

}  // namespace podwire::limit
