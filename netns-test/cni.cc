#include "netns-test/cni.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "libcni/base/text.h"

namespace podwire::netns {
namespace {

/// Sanitizer options and the search path of helpers that the reference plugins execute.
constexpr std::array kInherited{"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};

std::optional<JsonView> descend(const JsonView& document, std::string_view pointer) {
  std::optional<JsonView> here = document;
  std::vector<std::string> keys = split(pointer, '/');
  for (std::size_t i = 1; i < keys.size() && here; ++i) {
    if (here->is_array()) {
      auto elements = here->elements();
      const std::size_t index = std::strtoul(keys[i].c_str(), nullptr, 10);
      here = elements && index < elements->size() ? std::optional((*elements)[index]) : std::nullopt;
    } else {
      here = here->find(keys[i]);
    }
  }
  return here;
}

}  // namespace

const std::string& our_plugins() {
  static const std::string path = [] {
    const char* set = std::getenv("PODWIRE_BIN_DIR");
    return std::string(set != nullptr ? set : PODWIRE_BIN_DIR);
  }();
  return path;
}

std::string at(const JsonView& document, std::string_view pointer) {
  const std::optional<JsonView> found = descend(document, pointer);
  if (!found) return "";
  return found->is_string() ? found->string().value() : found->dump();
}

std::size_t size_at(const JsonView& document, std::string_view pointer) {
  const std::optional<JsonView> found = descend(document, pointer);
  if (!found) return 0;
  if (found->is_array()) return found->elements().value().size();
  return found->is_object() ? found->members().value().size() : 0;
}

std::string Reply::at(std::string_view pointer) const {
  return netns::at(json.view(), pointer);
}

Command command_of(const Call& call) {
  std::map<std::string, std::optional<std::string>> variables{
      {"CNI_COMMAND", call.verb},  {"CNI_CONTAINERID", call.id}, {"CNI_NETNS", call.netns},
      {"CNI_IFNAME", call.ifname}, {"CNI_ARGS", call.args},      {"CNI_PATH", call.path}};
  for (const char* name : kInherited) {
    if (const char* value = std::getenv(name)) variables[name] = value;
  }
  for (const auto& [name, value] : call.environment) variables[name] = value;
  Command command{.argv = {split(call.path, ':').front() + "/" + call.plugin},
                  .input = call.conf,
                  .stdin_kind = call.stdin_kind,
                  .environment = std::vector<std::string>{}};
  for (const auto& [name, value] : variables) {
    if (value) command.environment->push_back(name + "=" + *value);
  }
  return command;
}

Reply reply_of(Completed done) {
  Reply reply{.status = done.status, .out = std::move(done.out), .err = std::move(done.err), .json = {}};
  if (auto parsed = Json::parse(reply.out)) reply.json = *std::move(parsed);
  return reply;
}

Reply exec(const Place& place, const Call& call) {
  return reply_of(place.run(command_of(call)));
}

std::string with(std::string_view conf, std::string_view key, std::string_view value) {
  const std::size_t end = conf.rfind('}');
  return fmt::format("{},\"{}\":{}}}", conf.substr(0, end), key, value);
}

std::string with_prev(std::string_view conf, const Reply& add) {
  return with(conf, "prevResult", add.out);
}

testing::AssertionResult succeeds(const Reply& reply) {
  if (reply.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "exit status " << reply.status << "\nstdout: " << reply.out
                                     << "\nstderr: " << reply.err;
}

testing::AssertionResult fails_with(const Reply& reply, Code code, std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return testing::AssertionFailure() << what << "; exit status " << reply.status
                                       << "\nstdout: " << reply.out << "\nstderr: " << reply.err;
  };
  if (reply.status == 0) return wrong("expected a failure");
  if (!reply.json.view().is_object()) return wrong("stdout is not one JSON object");
  if (reply.at("/cniVersion").empty()) return wrong("no cniVersion");
  if (reply.at("/code") != std::to_string(static_cast<unsigned>(code))) {
    return wrong(fmt::format("expected code {}", static_cast<unsigned>(code)));
  }
  const std::string said = reply.at("/msg") + "\n" + reply.at("/details");
  if (said.find(text) == std::string::npos)
    return wrong(fmt::format("expected the message to contain '{}'", text));
  return testing::AssertionSuccess();
}

std::string bridge_conf(std::string_view version, std::string_view members) {
  return fmt::format(R"({{"cniVersion":"{}","name":"testnet","type":"bridge","bridge":"br0"{}{}}})", version,
                     members.empty() ? "" : ",", members);
}

std::string ipam(const std::vector<std::string>& subnets, std::string_view more) {
  std::vector<std::string> ranges;
  for (const std::string& subnet : subnets) ranges.push_back(fmt::format(R"([{{"subnet":"{}"}}])", subnet));
  return fmt::format(R"("ipam":{{"type":"host-local","ranges":[{}]{}{}}})", fmt::join(ranges, ","),
                     more.empty() ? "" : ",", more);
}

}  // namespace podwire::netns
