#include "shim/explain/script.h"

#include <fmt/format.h>

#include "libcni/base/json.h"
#include "libcni/plan/shell.h"

namespace podwire::shim {
namespace {

constexpr std::string_view kUnknown = "not podwire's: what it would do is not known without executing it";

/// One comment, whatever the text holds: a line end in a name would begin a command.
std::string comment(std::string_view text) {
  std::string line = "# ";
  for (const char c : text) line += c >= 0 && c < ' ' ? '?' : c;
  return line += '\n';
}

std::string step_lines(const plan::StepText& step) {
  std::string lines = comment(
      fmt::format("{}: {}{}", step.step, step.comment, step.commands.empty() ? " (is in place)" : ""));
  for (const std::string& command : step.commands) lines += command + '\n';
  return lines;
}

std::string header(const Explanation& explanation) {
  const std::string netns = plan::shell_word(explanation.netns);
  std::string lines =
      comment(fmt::format("ADD of network {} for container {}, interface {}, by podwire's plugins.",
                          explanation.network, explanation.container_id, explanation.ifname));
  lines += comment(fmt::format(
      "The runtime makes the pod's namespace: ip netns add {0}; ip -n {0} link set lo up", netns));
  for (const std::string& notice : explanation.notices) lines += comment("Note: " + notice);
  return lines + "set -e\n";
}

}  // namespace

std::string script(const Explanation& explanation) {
  std::string text = header(explanation);
  for (const ExplainedPart& part : explanation.parts) {
    text += '\n' + comment(fmt::format("=== {}", part.plugin));
    if (!part.known) text += comment(kUnknown);
    for (const plan::StepText& step : part.steps) text += step_lines(step);
  }
  return text;
}

std::string steps_json(const Explanation& explanation) {
  Json array = Json::array();
  const auto add = [&](const std::string& plugin, const plan::StepText& step) {
    Json commands = Json::array();
    for (const std::string& command : step.commands) commands.push_back(command);
    Json object = Json::object();
    object.set("plugin", plugin).set("step", step.step).set("comment", step.comment);
    object.set("commands", std::move(commands));
    array.push_back(std::move(object));
  };
  for (const ExplainedPart& part : explanation.parts) {
    if (!part.known) add(part.plugin, {.step = "Unknown", .comment = std::string(kUnknown)});
    for (const plan::StepText& step : part.steps) add(part.plugin, step);
  }
  return array.dump(2) + "\n";
}

}  // namespace podwire::shim
