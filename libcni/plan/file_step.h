// Files that an ADD writes besides what it does to the kernel: the leases of host-local. They are no Step,
// because the executor does not carry them out; a plan that is only shown has them too.
#pragma once

#include <cstdint>
#include <string>

namespace podwire::plan {

struct FileStep {
  enum class Action : std::uint8_t {
    kMakeDirectory,  ///< with those above it; there already is fine
    kCreate,         ///< mode 0600; there already is an error
    kReplace,        ///< mode 0600
    kRemove,         ///< gone already is fine
  };
  std::string name;     ///< "Lease"
  std::string comment;  ///< what it is for
  Action action = Action::kCreate;
  std::string path = {};
  std::string content = {};
};

}  // namespace podwire::plan
