// Raw netlink for a program that must cost nothing else: messages in one fixed buffer, several per datagram,
// one acknowledgement for all of them. libc alone; no allocation, no exceptions.
#pragma once

#include <linux/netlink.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace podwire::limit {

/// Prints a CNI error object to stdout and exits with status 1.
[[noreturn]] void die(const char* what, int error_number);

/// Messages to be sent as one datagram. Each begin() starts the next message; put_ and nest functions append
/// attributes to it. Running out of room (a programming error: all messages have a known size) aborts.
class Batch {
 public:
  template <typename Header>
  Batch& begin(int type, int flags, const Header& header) {
    return begin_bytes(type, flags, &header, sizeof header);
  }
  Batch& put(int attribute, const void* data, std::size_t size);
  Batch& put_text(int attribute, const char* text);  ///< NUL included
  Batch& put_u8(int attribute, std::uint8_t value) { return put(attribute, &value, sizeof value); }
  Batch& put_u32(int attribute, std::uint32_t value) { return put(attribute, &value, sizeof value); }
  Batch& put_be32(int attribute, std::uint32_t value);
  /// A family's header inside an attribute, as VETH_INFO_PEER wants it.
  Batch& put_raw(const void* data, std::size_t size);
  /// Opens a nested attribute; returns what end() needs.
  std::size_t nest(int attribute);
  void end(std::size_t nest);

  [[nodiscard]] const char* data() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Sequence number of the last message; the first has 1.
  [[nodiscard]] std::uint32_t last() const { return count_; }
  /// Asks for an acknowledgement of the last message.
  void acknowledge_last();

 private:
  Batch& begin_bytes(int type, int flags, const void* header, std::size_t size);
  char* extend(std::size_t size);
  [[nodiscard]] nlmsghdr* message();

  static constexpr std::size_t kCapacity = 8192;
  alignas(nlmsghdr) char bytes_[kCapacity];
  std::size_t size_ = 0;
  std::size_t message_ = 0;  ///< offset of the message being written
  std::uint32_t count_ = 0;
};

/// A netlink socket of the namespace the process is in at open().
class Socket {
 public:
  explicit Socket(int protocol);

  /// Sends the batch and waits until its last message has been carried out. Returns 0 or the errno of the
  /// first message that failed; messages behind a failed one are carried out all the same (rtnetlink).
  int request(Batch& batch);
  /// Like request(), for an nf_tables transaction: the message before the last has been marked by
  /// acknowledge_last(), the last one ends the transaction.
  int commit(const Batch& batch);
  /// Like request(), for a batch whose last message is answered by a message: copies that into reply.
  int get(Batch& batch, char* reply, std::size_t size);
  /// The index of a link, by ioctl: no lock is taken. 0: there is none.
  [[nodiscard]] int link_index(const char* name) const;

 private:
  void send(const Batch& batch) const;
  int await(std::uint32_t last, char* reply, std::size_t size);
  int fd_;
};

}  // namespace podwire::limit
