// The three verbs on one attachment, ADD, DEL and CHECK, take the same arguments.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "libcni/runtime/runtime.h"
#include "shim/command.h"
#include "shim/network_options.h"

namespace podwire::shim {

struct AttachmentOptions {
  NetworkOptions network;
  std::string conflist;
  std::string netns;
  std::string id;
  std::string ifname = "eth0";
  std::vector<std::string> capabilities;  ///< "name=json"
  std::vector<std::string> args;          ///< "K=V"
};

/// A netns is required but for DEL, which has to work after it is gone.
enum class NetnsOption : std::uint8_t { kRequired, kOptional };

/// --ifname, --cap, --args.
void add_request_options(CLI::App& command, AttachmentOptions& options);
void add_attachment_options(CLI::App& command, AttachmentOptions& options, NetnsOption netns);

/// Errors: kInvalidEnvironment with the argument that is malformed.
[[nodiscard]] Result<runtime::RuntimeConf> runtime_conf(const AttachmentOptions& options);

}  // namespace podwire::shim
