// What a command of podwire is: a function that hangs itself into the command line's tree. When its name is
// typed it leaves in `selected` what is to be done; main() does it and reports.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "libcni/base/error.h"

namespace podwire::shim {

/// The exit status, or the error to report (exit status 1).
using Action = std::function<Result<int>()>;

using Register = void (*)(CLI::App& parent, Action& selected);

void register_cni_add(CLI::App& parent, Action& selected);
void register_cni_del(CLI::App& parent, Action& selected);
void register_cni_check(CLI::App& parent, Action& selected);
void register_cni_gc(CLI::App& parent, Action& selected);
void register_cni_status(CLI::App& parent, Action& selected);
void register_cni_version(CLI::App& parent, Action& selected);

void register_pod_add(CLI::App& parent, Action& selected);
void register_pod_exec(CLI::App& parent, Action& selected);
void register_pod_ls(CLI::App& parent, Action& selected);
void register_pod_show(CLI::App& parent, Action& selected);
void register_pod_rm(CLI::App& parent, Action& selected);

void register_doctor(CLI::App& parent, Action& selected);
void register_explain(CLI::App& parent, Action& selected);
void register_completion(CLI::App& parent, Action& selected);
void register_man(CLI::App& parent, Action& selected);

/// The whole tree, from a table of all commands.
void build_command_line(CLI::App& app, Action& selected);

/// kInvalidEnvironment unless we are root: `podwire pod add needs root`.
[[nodiscard]] Result<void> require_root(std::string_view command);

/// "error 104: no IP addresses available (details)", without a newline.
[[nodiscard]] std::string error_text(const Error& error);

/// Prints to stdout. Error: kIo; a reader that went away is one.
[[nodiscard]] Result<void> print(std::string_view text);

}  // namespace podwire::shim
