#include "libcni/plugin/ipam.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "libcni/plugin/exec.h"

namespace podwire::plugin {
namespace {

bool same_file(const std::string& a, const std::string& b) {
  if (a == b) return true;
  struct stat left{};
  struct stat right{};
  return ::stat(a.c_str(), &left) == 0 && ::stat(b.c_str(), &right) == 0 && left.st_dev == right.st_dev &&
         left.st_ino == right.st_ino;
}

/// "<directory of our executable>/<name>"; "" when it cannot be told.
std::string beside_us(std::string_view name) {
  std::array<char, 4096> buffer{};
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (size <= 0) return {};
  const std::string_view self(buffer.data(), static_cast<std::size_t>(size));
  return fmt::format("{}{}", self.substr(0, self.rfind('/') + 1), name);
}

/// How the IPAM plugin is reached: a function table of ours, or an executable.
struct Delegate {
  const Plugin* builtin = nullptr;
  std::string executable;
};

Result<Delegate> resolve(const Call& call) {
  const std::string& type = call.invocation.conf.ipam_type;
  Delegate delegate{.builtin = nullptr, .executable = TRY(find_in_path(type, call.invocation.env.path))};
  for (const Plugin* plugin : call.builtin) {
    if (plugin->name == type && same_file(delegate.executable, beside_us(type))) delegate.builtin = plugin;
  }
  return delegate;
}

Result<std::string> execute(const Call& call, const std::string& executable, spec::Verb verb) {
  return exec_plugin(executable, {{"CNI_COMMAND", std::string(spec::text(verb))}}, call.invocation.conf.text);
}

Result<spec::AddResult> execute_add(const Call& call, const std::string& executable) {
  const std::string out = TRY(execute(call, executable, spec::Verb::kAdd));
  const auto document = Json::parse(out);
  auto result = document ? spec::decode_result(document->view(), call.invocation.conf.version)
                         : Result<spec::AddResult>(std::unexpected(document.error()));
  if (result) return result;
  // Not the caller's configuration is at fault but the plugin.
  return fail(Code::kDelegate,
              fmt::format("IPAM plugin {:?} did not print a CNI result: {}", call.invocation.conf.ipam_type,
                          result.error().msg));
}

}  // namespace

Result<spec::AddResult> Ipam::add() {
  if (!present()) return spec::AddResult{};
  const Delegate delegate = TRY(resolve(call_));
  auto result =
      delegate.builtin != nullptr ? delegate.builtin->add(call_) : execute_add(call_, delegate.executable);
  if (result && result->ips.empty()) {
    result = fail(Code::kDelegate, "IPAM plugin returned missing IP config");
  }
  if (result) return result;
  Error error = std::move(result).error();
  // A builtin plugin that fails has released what it took; an executable may have been half way.
  if (delegate.builtin == nullptr) {
    if (const auto released = del(); !released)
      error.details += fmt::format("; IPAM DEL: {}", released.error().msg);
  }
  return std::unexpected(std::move(error));
}

Result<void> Ipam::delegate(spec::Verb verb, VerbFunction function) {
  if (!present()) return {};
  const Delegate delegate = TRY(resolve(call_));
  if (delegate.builtin != nullptr) return (delegate.builtin->*function)(call_);
  TRY(execute(call_, delegate.executable, verb));
  return {};
}

Result<void> Ipam::del() {
  return delegate(spec::Verb::kDel, &Plugin::del);
}
Result<void> Ipam::check() {
  return delegate(spec::Verb::kCheck, &Plugin::check);
}
Result<void> Ipam::gc() {
  return delegate(spec::Verb::kGc, &Plugin::gc);
}
Result<void> Ipam::status() {
  return delegate(spec::Verb::kStatus, &Plugin::status);
}

}  // namespace podwire::plugin
