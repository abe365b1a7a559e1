#include "libcni/plugin/exec.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "libcni/base/text.h"
#include "libcni/plugin/child_process.h"

namespace podwire::plugin {
namespace {

std::vector<std::string> merge_environment(const EnvironmentOverrides& overrides) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced =
        std::ranges::any_of(overrides, [&](const auto& pair) { return pair.first == name; });
    if (!replaced) result.emplace_back(text);
  }
  for (const auto& [name, value] : overrides) result.push_back(name + '=' + value);
  return result;
}

std::string exit_text(int wait_status) {
  if (WIFEXITED(wait_status)) return fmt::format("exit status {}", WEXITSTATUS(wait_status));
  return fmt::format("killed by signal {} ({})", WTERMSIG(wait_status), ::strsignal(WTERMSIG(wait_status)));
}

/// The error object a plugin printed. A code of 0 or none is not the specification's: it becomes kDelegate.
Result<Error> decode_error(std::string_view text) {
  const Json document = TRY(Json::parse(text));
  const JsonView object = document.view();
  if (!object.is_object()) return object.type_error("an error object");
  if (!object.find("code") && !object.find("msg")) return object.type_error("an object with code and msg");
  Error error{.code = Code::kDelegate};
  if (const auto code = object.find("code")) {
    const std::int64_t value = TRY(code->integer(0, std::numeric_limits<std::uint32_t>::max()));
    if (value != 0) error.code = static_cast<Code>(value);
  }
  TRY(read(object, "msg", error.msg));
  TRY(read(object, "details", error.details));
  return error;
}

Error describe_failure(const ChildOutput& output) {
  const std::string status = exit_text(output.wait_status);
  if (!trim(output.out).empty()) {
    Result<Error> printed = decode_error(output.out);
    if (printed) return *printed;
    return {Code::kDelegate,
            fmt::format("netplugin failed but error parsing its diagnostic message \"{}\": {}",
                        trim(output.out), printed.error().msg)};
  }
  if (!trim(output.err).empty()) {
    return {Code::kDelegate, fmt::format("netplugin failed: \"{}\": {}", trim(output.err), status)};
  }
  return {Code::kDelegate, "netplugin failed with no error message: " + status};
}

/// Hands on what the plugin logged. It is not ours to fail for: a closed stderr loses the lines.
void pass_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(STDERR_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

}  // namespace

Result<std::string> find_in_path(std::string_view type, const std::vector<std::string>& path) {
  if (type.empty()) return fail(Code::kDelegate, "no plugin name provided");
  if (type.find_first_of("/\\") != std::string_view::npos || type == "." || type == "..") {
    return fail(Code::kDelegate, fmt::format("invalid plugin name: {}", type));
  }
  if (path.empty()) return fail(Code::kDelegate, "no paths provided");
  for (const std::string& directory : path) {
    // An empty element would mean the working directory, from which nothing may be executed (DLG-1).
    if (directory.empty()) continue;
    std::string candidate = fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", type);
    struct stat status {};  // a directory we cannot look into does not have it
    if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode)) return candidate;
  }
  return fail(Code::kDelegate,
              fmt::format("failed to find plugin \"{}\" in path [{}]", type, join(path, " ")));
}

Result<std::string> exec_plugin(const std::string& executable, const EnvironmentOverrides& overrides,
                                std::string_view standard_input, Stderr standard_error) {
  ChildProcess child = TRY(ChildProcess::start({.executable = executable,
                                                .environment = merge_environment(overrides),
                                                .capture_stderr = standard_error == Stderr::kQuoted}));
  ChildOutput output = TRY(child.communicate(standard_input));
  const bool succeeded = WIFEXITED(output.wait_status) && WEXITSTATUS(output.wait_status) == 0;
  const bool quoted = !succeeded && trim(output.out).empty();
  if (!quoted) pass_to_stderr(output.err);
  if (!succeeded) return std::unexpected(describe_failure(output));
  return std::move(output.out);
}

}  // namespace podwire::plugin
