#include "libcni/kernel/netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <fmt/format.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace podwire::kernel {
namespace {

/// The kernel caps a dump's datagram at 32 KiB (NLMSG_GOODSIZE rounding in netlink_dump()); a smaller buffer
/// would truncate it.
constexpr std::size_t kReceiveBuffer = 32768;
/// A dump restarted this often is of a table that changes all the time; saying so beats a wrong answer.
constexpr int kMaxDumpAttempts = 20;

/// Out of memory while building a message of a few hundred bytes: nothing sensible is left to do.
void check(int libnl_status) {
  if (libnl_status < 0) std::abort();
}

std::unexpected<KernelError> kernel_error(int number, std::string text = {}) {
  return std::unexpected(KernelError{.number = number, .text = std::move(text)});
}

/// The extended acknowledgement (struct nlmsgerr's attributes) of an error message, "" when there is none.
std::string extended_ack(const nlmsghdr& header, const nlmsgerr& error) {
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::size_t offset = NLMSG_HDRLEN + sizeof(nlmsgerr);
  if ((header.nlmsg_flags & NLM_F_CAPPED) == 0 && error.msg.nlmsg_len > sizeof(nlmsghdr)) {
    offset += error.msg.nlmsg_len - sizeof(nlmsghdr);
  }
  if (offset > header.nlmsg_len) return {};
  const auto* start = reinterpret_cast<const char*>(&header) + offset;
  const auto* attribute = nla_find(reinterpret_cast<const nlattr*>(start),
                                   static_cast<int>(header.nlmsg_len - offset), NLMSGERR_ATTR_MSG);
  if (attribute == nullptr) return {};
  const auto* text = static_cast<const char*>(nla_data(attribute));
  return {text, ::strnlen(text, static_cast<std::size_t>(nla_len(attribute)))};
}

/// The verdict in an NLMSG_ERROR message; error 0 is an acknowledgement.
KernelResult<void> verdict(const nlmsghdr& header) {
  if (header.nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr))) return kernel_error(EBADMSG);
  const auto& error = *static_cast<const nlmsgerr*>(nlmsg_data(&header));
  if (error.error == 0) return {};
  return kernel_error(-error.error, extended_ack(header, error));
}

std::unexpected<KernelError> kernel_error_of(const nlmsghdr& header) {
  const auto status = verdict(header);
  return status ? kernel_error(EBADMSG, "acknowledgement inside a dump") : std::unexpected(status.error());
}

/// Makes room for a batch beyond the default buffer (208 KiB: some 2,000 set elements). The kernel wants the
/// whole datagram to fit in the buffer and keeps 32 bytes of it for itself (netlink_sendmsg()).
bool enlarge_send_buffer(int fd, const std::vector<iovec>& parts) {
  constexpr std::size_t kReserve = 4096;
  std::size_t size = kReserve;
  for (const iovec& part : parts) size += part.iov_len;
  const int wanted = static_cast<int>(size);
  return ::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) == 0;
}

}  // namespace

Error KernelError::as_error(std::string_view what) const {
  std::string message = fmt::format("{}: {}", what, ::strerror(number));
  if (!text.empty()) message += fmt::format(" ({})", text);
  return {.code = Code::kKernel, .msg = std::move(message), .details = {}};
}

Message::Message(std::uint16_t type, std::uint16_t flags)
    : message_(nlmsg_alloc_simple(type, NLM_F_REQUEST | static_cast<int>(flags))) {
  if (message_ == nullptr) std::abort();
}

Message::~Message() {
  nlmsg_free(message_);
}

Message::Message(Message&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}

Message& Message::operator=(Message&& other) noexcept {
  std::swap(message_, other.message_);
  return *this;
}

nlmsghdr* Message::nl_header() {
  return nlmsg_hdr(message_);
}

void Message::append_header(const void* data, std::size_t size) {
  check(nlmsg_append(message_, const_cast<void*>(data), size, NLMSG_ALIGNTO));
}

Message& Message::put(int attribute, std::string_view text) {
  check(nla_put_string(message_, attribute, std::string(text).c_str()));
  return *this;
}

Message& Message::put_u8(int attribute, std::uint8_t value) {
  check(nla_put_u8(message_, attribute, value));
  return *this;
}

Message& Message::put_u16(int attribute, std::uint16_t value) {
  check(nla_put_u16(message_, attribute, value));
  return *this;
}

Message& Message::put_u32(int attribute, std::uint32_t value) {
  check(nla_put_u32(message_, attribute, value));
  return *this;
}

Message& Message::put_be32(int attribute, std::uint32_t value) {
  return put_u32(attribute, htonl(value));
}

Message& Message::put_be64(int attribute, std::uint64_t value) {
  check(nla_put_u64(message_, attribute, htobe64(value)));
  return *this;
}

Message& Message::put_flag(int attribute) {
  check(nla_put_flag(message_, attribute));
  return *this;
}

Message& Message::put_bytes(int attribute, std::span<const std::uint8_t> bytes) {
  check(nla_put(message_, attribute, static_cast<int>(bytes.size()), bytes.data()));
  return *this;
}

Message& Message::nest(int attribute, const std::function<void(Message&)>& body) {
  nlattr* start = nla_nest_start(message_, attribute | NLA_F_NESTED);
  if (start == nullptr) std::abort();
  body(*this);
  // Not nla_nest_end(): it drops an empty nest, and an empty nest can be the whole point (IFLA_INFO_DATA).
  start->nla_len = static_cast<std::uint16_t>(static_cast<char*>(nlmsg_tail(nl_header())) -
                                              reinterpret_cast<char*>(start));
  return *this;
}

Result<Netlink> Netlink::open(int protocol) {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd) return fail_errno(Code::kKernel, "cannot open a netlink socket", errno);
  const int on = 1;
  // Kernels before 4.12 and 4.20 lack these; they cost only precision in messages and in dumps.
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  return Netlink(std::move(fd));
}

KernelResult<void> Netlink::send(std::span<Message> messages) {
  std::vector<iovec> parts;
  parts.reserve(messages.size());
  for (Message& message : messages) {
    nlmsghdr* header = message.nl_header();
    header->nlmsg_seq = ++sequence_;
    header->nlmsg_pid = 0;
    parts.push_back({.iov_base = header, .iov_len = header->nlmsg_len});
  }
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const msghdr out{.msg_name = &kernel,
                   .msg_namelen = sizeof kernel,
                   .msg_iov = parts.data(),
                   .msg_iovlen = parts.size(),
                   .msg_control = nullptr,
                   .msg_controllen = 0,
                   .msg_flags = 0};
  bool enlarged = false;
  while (::sendmsg(fd_.get(), &out, 0) < 0) {
    if (errno == EINTR) continue;
    if (errno != EMSGSIZE || enlarged || !enlarge_send_buffer(fd_.get(), parts)) return kernel_error(errno);
    enlarged = true;
  }
  return {};
}

/// One datagram from the kernel into buffer_; its size.
KernelResult<std::size_t> Netlink::receive() {
  // Not zeroed: most answers fill one page of eight, and every page touched is a page fault.
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kReceiveBuffer);
  for (;;) {
    sockaddr_nl sender{};
    iovec part{.iov_base = buffer_.get(), .iov_len = kReceiveBuffer};
    msghdr in{.msg_name = &sender,
              .msg_namelen = sizeof sender,
              .msg_iov = &part,
              .msg_iovlen = 1,
              .msg_control = nullptr,
              .msg_controllen = 0,
              .msg_flags = 0};
    const ssize_t size = ::recvmsg(fd_.get(), &in, 0);
    if (size < 0) {
      if (errno == EINTR) continue;
      return kernel_error(errno);
    }
    if ((in.msg_flags & MSG_TRUNC) != 0) return kernel_error(EMSGSIZE);
    if (sender.nl_pid != 0) continue;  // any process may send to our port; only the kernel is port 0
    return static_cast<std::size_t>(size);
  }
}

KernelResult<void> Netlink::request(Message& message) {
  message.nl_header()->nlmsg_flags |= NLM_F_ACK;
  return batch(std::span(&message, 1));
}

KernelResult<void> Netlink::get(Message& message, const std::function<void(const nlmsghdr&)>& reply) {
  if (auto sent = send(std::span(&message, 1)); !sent) return sent;
  for (;;) {
    const auto size = receive();
    if (!size) return std::unexpected(size.error());
    auto remaining = static_cast<unsigned>(*size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer_.get()); NLMSG_OK(header, remaining);
         header = NLMSG_NEXT(header, remaining)) {
      if (header->nlmsg_seq != sequence_) continue;
      if (header->nlmsg_type == NLMSG_ERROR) return verdict(*header);
      reply(*header);
      return {};
    }
  }
}

/// Receives one dump to its end into `collected`; true when it was interrupted and is worth nothing.
KernelResult<bool> Netlink::collect_dump(std::vector<char>& collected) {
  bool interrupted = false;
  for (;;) {
    const auto size = receive();
    if (!size) return std::unexpected(size.error());
    auto remaining = static_cast<unsigned>(*size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer_.get()); NLMSG_OK(header, remaining);
         header = NLMSG_NEXT(header, remaining)) {
      if (header->nlmsg_seq != sequence_) continue;
      interrupted = interrupted || (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (header->nlmsg_type == NLMSG_ERROR) return kernel_error_of(*header);
      if (header->nlmsg_type == NLMSG_DONE) {
        const int status = nlmsg_datalen(header) >= 4 ? *static_cast<const int*>(nlmsg_data(header)) : 0;
        if (status < 0) return kernel_error(-status);
        return interrupted;
      }
      const auto* bytes = reinterpret_cast<const char*>(header);
      collected.insert(collected.end(), bytes, bytes + NLMSG_ALIGN(header->nlmsg_len));
    }
  }
}

KernelResult<void> Netlink::dump(Message& message, const std::function<void(const nlmsghdr&)>& entry) {
  message.nl_header()->nlmsg_flags |= NLM_F_DUMP;
  std::vector<char> collected;
  for (int attempt = 0; attempt < kMaxDumpAttempts; ++attempt) {
    if (auto sent = send(std::span(&message, 1)); !sent) return sent;
    collected.clear();
    const auto interrupted = collect_dump(collected);
    if (!interrupted) return std::unexpected(interrupted.error());
    if (*interrupted) continue;
    auto remaining = static_cast<unsigned>(collected.size());
    for (auto* header = reinterpret_cast<nlmsghdr*>(collected.data()); NLMSG_OK(header, remaining);
         header = NLMSG_NEXT(header, remaining)) {
      entry(*header);
    }
    return {};
  }
  return kernel_error(EAGAIN, "the dump was interrupted by changes every time");
}

KernelResult<void> Netlink::batch(std::span<Message> messages, std::size_t* failed) {
  const std::uint32_t first = sequence_ + 1;
  std::size_t awaited = 0;
  for (Message& message : messages) awaited += (message.nl_header()->nlmsg_flags & NLM_F_ACK) != 0 ? 1U : 0U;
  if (auto sent = send(messages); !sent) return sent;
  KernelResult<void> outcome;
  while (awaited > 0) {
    const auto size = receive();
    if (!size) return std::unexpected(size.error());
    auto remaining = static_cast<unsigned>(*size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer_.get()); NLMSG_OK(header, remaining);
         header = NLMSG_NEXT(header, remaining)) {
      const std::uint32_t index = header->nlmsg_seq - first;
      if (index >= messages.size() || header->nlmsg_type != NLMSG_ERROR) continue;
      auto status = verdict(*header);
      if (!status && outcome) {
        outcome = std::move(status);
        if (failed != nullptr) *failed = index;
      }
      const bool asked = (messages[index].nl_header()->nlmsg_flags & NLM_F_ACK) != 0;
      if (asked) --awaited;
      // nf_tables refuses a whole batch (a stale generation, say) by one error for its first message.
      if (!asked && !outcome) return outcome;
    }
  }
  return outcome;
}

}  // namespace podwire::kernel
