// The entry that libFuzzer calls, for every target.
#include <cstddef>
#include <cstdint>

#include "fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  podwire::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
