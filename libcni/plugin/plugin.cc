#include "libcni/plugin/plugin.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "libcni/base/fd.h"
#include "libcni/plugin/log.h"

namespace podwire::plugin {
namespace {

using spec::Verb;

/// RES-3: results are indented by four spaces, as the reference prints them.
constexpr int kIndent = 4;

/// The cniVersion an error is labelled with: the configuration's when it could be read.
std::string label_of(const std::string& text) {
  const auto document = Json::parse(text);
  if (document) {
    if (const auto version = document->view().find("cniVersion"); version && version->is_string()) {
      if (auto value = version->string(); value && !value->empty()) return *value;
    }
  }
  return std::string(spec::text(spec::kCurrentVersion));
}

Result<std::string> call_add(const Plugin& plugin, const Call& call) {
  const spec::AddResult result = TRY(plugin.add(call));
  return TRY(spec::encode_result(result, call.invocation.conf.version)).dump(kIndent);
}

/// The callback of a verb; what it prints.
Result<std::string> dispatch(const Plugin& plugin, const Call& call) {
  const Verb verb = call.invocation.env.verb;
  if (verb == Verb::kAdd) return call_add(plugin, call);
  const auto function = verb == Verb::kDel     ? plugin.del
                        : verb == Verb::kCheck ? plugin.check
                        : verb == Verb::kGc    ? plugin.gc
                                               : plugin.status;
  TRY(function(call));
  return std::string();
}

Outcome failure(const Error& error, const std::string& input, Log& log) {
  log.write(Level::kError,
            error.details.empty() ? error.msg : fmt::format("{}; {}", error.msg, error.details));
  return {.exit_status = 1, .out = spec::encode_error(error, label_of(input)), .err = log.take_stderr()};
}

Outcome print_about(const Plugin& plugin) {
  std::string versions;
  for (const spec::Version version : spec::kAllVersions) {
    versions += fmt::format("{}{}", versions.empty() ? "" : ", ", spec::text(version));
  }
  return {.exit_status = 0,
          .out = {},
          .err = fmt::format("{}\nCNI protocol versions supported: {}\n", plugin.about, versions)};
}

Outcome print_version(const Io& io) {
  const auto input = io.peek_stdin();
  return {.exit_status = 0, .out = spec::encode_version_info(label_of(input.value_or(""))), .err = {}};
}

/// Everything after the environment is known.
Outcome run_verb(const Plugin& plugin, std::span<const Plugin* const> builtin, spec::Environment env,
                 const Io& io, Log& log) {
  const auto text = io.read_stdin();
  if (!text) return failure(text.error(), "", log);
  auto conf = spec::parse_net_conf(*text);
  if (!conf) return failure(conf.error(), *text, log);
  if (const auto configured = log.configure(*conf); !configured)
    return failure(configured.error(), *text, log);
  if (const auto allowed = spec::check_verb_allowed(env.verb, conf->version); !allowed) {
    return failure(allowed.error(), *text, log);
  }
  const spec::Invocation invocation{.env = std::move(env), .conf = std::move(*conf)};
  std::vector<std::string> notices;
  auto out = dispatch(plugin, Call{.invocation = invocation, .builtin = builtin, .notices = notices});
  for (const std::string& notice : notices) log.write(Level::kWarn, notice);
  if (!out) return failure(out.error(), *text, log);
  log.write(Level::kInfo, fmt::format("{} {} {} done", spec::text(invocation.env.verb),
                                      invocation.env.container_id, invocation.env.ifname));
  return {.exit_status = 0, .out = std::move(*out), .err = log.take_stderr()};
}

Result<std::string> read_stdin() {
  auto text = read_to_end(STDIN_FILENO);
  if (!text) return fail_errno(Code::kIo, "error reading from stdin", text.error());
  return *std::move(text);
}

/// What is readable now, up to a pipe's worth; a closed or silent stdin gives nothing.
std::optional<std::string> peek_all(int fd) {
  std::string text;
  std::array<char, 16384> buffer{};
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  while (text.size() < 65536 && ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN) != 0) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  if (text.empty()) return std::nullopt;
  return text;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

Outcome run(const Plugin& plugin, std::span<const Plugin* const> builtin, const Io& io) {
  if (io.getenv("CNI_COMMAND").value_or("").empty()) return print_about(plugin);
  Log log(plugin.name);
  auto env = spec::parse_environment(io.getenv);
  if (!env) return failure(env.error(), io.peek_stdin().value_or(""), log);
  if (env->verb == Verb::kVersion) return print_version(io);
  return run_verb(plugin, builtin, std::move(*env), io, log);
}

int plugin_main(const Plugin& plugin, std::span<const Plugin* const> builtin) {
  const Io io{.getenv = [](const char* name) -> std::optional<std::string> {
                const char* value = std::getenv(name);
                return value == nullptr ? std::nullopt : std::optional<std::string>(value);
              },
              .read_stdin = read_stdin,
              .peek_stdin = [] { return peek_all(STDIN_FILENO); }};
  const Outcome outcome = run(plugin, builtin, io);
  // stderr may be closed; only stdout carries the protocol.
  static_cast<void>(write_all(STDERR_FILENO, outcome.err));
  return write_all(STDOUT_FILENO, outcome.out) ? outcome.exit_status : static_cast<int>(Code::kIo);
}

}  // namespace podwire::plugin
