// Errors as values. Every fallible function returns Result<T>; the CNI error code travels from the place
// where the failure arose to stdout, and each hop adds what it was doing.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace podwire {

/// CNI error codes. 1-99 are the specification's (SPEC 1.1.0, "Error"); 100 and above are podwire's,
/// listed with cause and cure in docs/errors.md.
enum class Code : std::uint32_t {
  kIncompatibleVersion = 1,
  kUnsupportedField = 2,
  kUnknownContainer = 3,
  kInvalidEnvironment = 4,
  kIo = 5,
  kDecode = 6,
  kInvalidNetworkConfig = 7,
  kInvalidNetns = 8,
  kTryAgainLater = 11,
  kNotAvailable = 50,
  kNotAvailableLimited = 51,

  kKernel = 100,               ///< the kernel refused a request that was well-formed
  kInterfaceExists = 101,      ///< CNI_IFNAME is taken inside the netns
  kLinkConflict = 102,         ///< a link of that name exists on the host and is something else
  kAddressConflict = 103,      ///< the bridge carries another address, or the address is in use
  kPoolExhausted = 104,        ///< no address is free in the range set
  kAddressNotAvailable = 105,  ///< a requested address is outside the ranges or taken
  kDuplicateAllocation = 106,  ///< this attachment holds an address already
  kMissing = 107,              ///< CHECK: something that ADD made is missing or altered
  kDelegate = 108,             ///< a delegated plugin could not be run or did not speak CNI
};

struct Error {
  Code code = Code::kKernel;
  std::string msg;
  std::string details;

  /// Puts "what: " before the message.
  [[nodiscard]] Error in(std::string_view what) && {
    msg.insert(0, ": ").insert(0, what);
    return std::move(*this);
  }
};

template <typename T>
using Result = std::expected<T, Error>;

/// Shorthand: `return fail(Code::kIo, "cannot open x")`.
[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string msg, std::string details = {}) {
  return std::unexpected(Error{code, std::move(msg), std::move(details)});
}

/// fail() with the text of an errno appended: "cannot open x: No such file or directory".
[[nodiscard]] std::unexpected<Error> fail_errno(Code code, std::string_view what, int error_number);

/// Adds context to the error of a result, if it has one.
template <typename T>
[[nodiscard]] Result<T> in_context(Result<T> result, std::string_view what) {
  if (!result) return std::unexpected(std::move(result).error().in(what));
  return result;
}

namespace detail {
template <typename T>
T take(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
}  // namespace detail

}  // namespace podwire

/// Value of a Result, or return its error from the enclosing function. May be nested.
#define TRY(expr) TRY_NAMED_(expr, TRY_JOIN_(try_result_, __COUNTER__))
#define TRY_JOIN_(a, b) TRY_JOIN_NOW_(a, b)
#define TRY_JOIN_NOW_(a, b) a##b
#define TRY_NAMED_(expr, name)                                  \
  __extension__({                                               \
    auto name = (expr);                                         \
    if (!name) return std::unexpected(std::move(name).error()); \
    ::podwire::detail::take(std::move(name));                   \
  })
