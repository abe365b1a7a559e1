// One netlink conversation: requests with their acknowledgements, dumps and batches, on rtnetlink and
// nfnetlink.
//
// The socket belongs to the network namespace it was opened in, for ever: two of them drive host and pod from
// one thread. It asks for extended acknowledgements (the kernel's own words end up in our errors) and strict
// checking of dump requests; takes datagrams from the kernel (port 0) only; matches sequence numbers; and
// repeats a dump that the kernel marks as interrupted (NLM_F_DUMP_INTR), because half of a changing list is a
// wrong list.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"

struct nl_msg;

namespace podwire::kernel {

/// A refusal by the kernel: errno and the extended acknowledgement ("" when it gave none).
struct KernelError {
  int number = 0;
  std::string text;

  /// Code::kKernel, "<what>: <strerror> (<text>)".
  [[nodiscard]] Error as_error(std::string_view what) const;
};

template <typename T>
using KernelResult = std::expected<T, KernelError>;

/// A request under construction, on libnl's nl_msg. Attribute calls append; they fail only when memory does
/// (and then abort: a plugin that cannot allocate 4 KiB cannot do anything else).
class Message {
 public:
  /// NLM_F_REQUEST is added; `flags` such as NLM_F_CREATE | NLM_F_EXCL.
  Message(std::uint16_t type, std::uint16_t flags);
  ~Message();
  Message(Message&& other) noexcept;
  Message& operator=(Message&& other) noexcept;

  /// Appends the fixed header of the family: ifinfomsg, ifaddrmsg, rtmsg, nfgenmsg, ...
  template <typename Header>
  Message& header(const Header& value) {
    append_header(&value, sizeof value);
    return *this;
  }
  Message& put(int attribute, std::string_view text);  ///< NUL-terminated string
  Message& put_u8(int attribute, std::uint8_t value);
  Message& put_u16(int attribute, std::uint16_t value);   ///< host order, as rtnetlink wants it
  Message& put_u32(int attribute, std::uint32_t value);   ///< host order
  Message& put_be32(int attribute, std::uint32_t value);  ///< network order, as nf_tables wants it
  Message& put_be64(int attribute, std::uint64_t value);
  Message& put_flag(int attribute);  ///< NLA_FLAG: present, empty
  Message& put_bytes(int attribute, std::span<const std::uint8_t> bytes);
  /// Attributes appended inside `body` are nested in `attribute` (NLA_F_NESTED set).
  Message& nest(int attribute, const std::function<void(Message&)>& body);

  [[nodiscard]] nl_msg* raw() { return message_; }
  [[nodiscard]] nlmsghdr* nl_header();

 private:
  void append_header(const void* data, std::size_t size);
  nl_msg* message_;
};

class Netlink {
 public:
  /// `protocol`: NETLINK_ROUTE or NETLINK_NETFILTER; in the calling thread's network namespace.
  [[nodiscard]] static Result<Netlink> open(int protocol);

  /// Sends one request and waits for its acknowledgement.
  [[nodiscard]] KernelResult<void> request(Message& message);
  /// Sends one request that is answered by one message (a GET of one object); gives `reply` that message.
  [[nodiscard]] KernelResult<void> get(Message& message, const std::function<void(const nlmsghdr&)>& reply);
  /// Sends a dump request (NLM_F_DUMP is added). `entry` is called once per object after the whole dump has
  /// arrived uninterrupted, never for a dump that is repeated.
  [[nodiscard]] KernelResult<void> dump(Message& message, const std::function<void(const nlmsghdr&)>& entry);
  /// Sends the messages in one datagram, in order, and waits for the acknowledgement of each that asked for
  /// one with NLM_F_ACK. Returns the first failure; `failed`, if given, gets that message's index.
  [[nodiscard]] KernelResult<void> batch(std::span<Message> messages, std::size_t* failed = nullptr);
  /// For ioctl(2) requests on devices of the socket's namespace, which every socket takes.
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Netlink(Fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] KernelResult<void> send(std::span<Message> messages);
  [[nodiscard]] KernelResult<std::size_t> receive();
  [[nodiscard]] KernelResult<bool> collect_dump(std::vector<char>& collected);

  Fd fd_;
  std::uint32_t sequence_ = 0;
  std::unique_ptr<char[]> buffer_;  ///< one datagram; allocated at the first answer
};

}  // namespace podwire::kernel
