// Options that the pod commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace podwire::shim {

inline constexpr const char* kDefaultRunDirectory = "/run/podwire";

inline void add_run_directory(CLI::App& command, std::string& directory) {
  command.add_option("--run-dir", directory, "Pods are kept in its pods/")
      ->capture_default_str()
      ->type_name("DIR");
}

}  // namespace podwire::shim
