// Reading netlink attributes out of foreign bytes: every length is checked against what is left, a malformed
// tail ends the list. Nothing is copied; the views live as long as the bytes.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace podwire::kernel {

struct Attribute {
  std::uint16_t type = 0;  ///< without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  std::span<const std::uint8_t> value;
};

/// A list of attributes (struct nlattr), iterable in the order of the wire.
class Attributes {
 public:
  class Iterator {
   public:
    explicit Iterator(std::span<const std::uint8_t> rest) : rest_(rest) { read(); }
    const Attribute& operator*() const { return *current_; }
    Iterator& operator++() {
      read();
      return *this;
    }
    bool operator==(std::nullptr_t) const { return !current_; }

   private:
    void read();
    std::span<const std::uint8_t> rest_;
    std::optional<Attribute> current_;
  };

  Attributes() = default;
  explicit Attributes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  /// Those of a message, behind its family header of `header_size` bytes; none when the message is shorter.
  [[nodiscard]] static Attributes of(const nlmsghdr& message, std::size_t header_size);

  [[nodiscard]] Iterator begin() const { return Iterator(bytes_); }
  [[nodiscard]] static std::nullptr_t end() { return nullptr; }

  /// The first of that type: its value.
  [[nodiscard]] std::optional<std::span<const std::uint8_t>> find(int type) const;
  /// As a nested list; an empty one when absent.
  [[nodiscard]] Attributes nested(int type) const;
  /// As a number in network byte order; nothing when absent or not 4 bytes.
  [[nodiscard]] std::optional<std::uint32_t> be32(int type) const;
  /// As text up to the first NUL; "" when absent.
  [[nodiscard]] std::string_view text(int type) const;

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace podwire::kernel
