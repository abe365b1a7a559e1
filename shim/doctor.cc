// podwire doctor
#include <algorithm>
#include <chrono>
#include <thread>

#include "shim/command.h"
#include "shim/doctor/checks.h"
#include "shim/doctor/fixes.h"
#include "shim/doctor/report.h"
#include "shim/network_options.h"
#include "shim/pod_options.h"

namespace podwire::shim {
namespace {

/// What an ADD or DEL under way leaves for a moment looks like a leftover; a second look tells them apart.
constexpr std::chrono::milliseconds kSecondLook{500};

struct Options {
  NetworkOptions network;
  std::string run_directory = kDefaultRunDirectory;
  bool json = false;
  bool quiet = false;
};

/// The options that podwire needs again when somebody runs a fix.
doctor::ObserveOptions observe_options(const Options& options) {
  std::string plugins;
  for (const std::string& directory : options.network.plugin_directories) {
    plugins += " --plugin-dir " + doctor::shell_word(directory);
  }
  const NetworkOptions defaults;
  std::string cache;
  if (options.network.cache_directory != defaults.cache_directory) {
    cache = " --cache-dir " + doctor::shell_word(options.network.cache_directory);
  }
  std::string run;
  if (options.run_directory != kDefaultRunDirectory)
    run = " --run-dir " + doctor::shell_word(options.run_directory);
  return {.conf_directory = options.network.conf_directory,
          .plugin_path = plugin_path(options.network),
          .cache_directory = options.network.cache_directory,
          .run_directory = options.run_directory,
          .cni_options = plugins + cache,
          .pod_options = plugins + run};
}

bool is_about_attachments(const doctor::Finding& finding) {
  const auto checks = doctor::all_checks();
  const auto check = std::ranges::find(checks, finding.check, &doctor::Check::name);
  const bool bad =
      finding.severity == doctor::Severity::kWarning || finding.severity == doctor::Severity::kProblem;
  return bad && check != checks.end() && check->group == "attachments";
}

bool was_said(const doctor::Findings& findings, const doctor::Finding& wanted) {
  return std::ranges::any_of(findings.all(), [&](const doctor::Finding& finding) {
    return finding.check == wanted.check && finding.message == wanted.message;
  });
}

doctor::Findings look(const doctor::ObserveOptions& options) {
  const doctor::Findings first = doctor::examine(doctor::observe(options));
  if (std::ranges::none_of(first.all(), is_about_attachments)) return first;
  std::this_thread::sleep_for(kSecondLook);
  doctor::Findings second = doctor::examine(doctor::observe(options));
  second.drop([&](const doctor::Finding& finding) {
    return is_about_attachments(finding) && !was_said(first, finding);
  });
  return second;
}

Result<int> run(const Options& options) {
  const doctor::Findings findings = look(observe_options(options));
  TRY(print(options.json ? doctor::report_json(findings).dump(2) + "\n"
                         : doctor::report_text(findings, options.quiet)));
  return doctor::count(findings).problems > 0 ? 1 : 0;
}

}  // namespace

void register_doctor(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(
      "doctor", "Look at this machine and say what keeps pods from being made or from being reached");
  auto* json = command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("-q,--quiet", options->quiet, "Print warnings and problems only")->excludes(json);
  add_conf_directory(*command, options->network);
  add_plugin_directories(*command, options->network);
  add_cache_directory(*command, options->network);
  add_run_directory(*command, options->run_directory);
  command->footer(
      "Looks at the kernel, sysctls, networks, attachments, and other software, and prints a line for each "
      "check; "
      "below\n"
      "what is out of order stands the fix. Changes nothing. Without root it says what it could not check.\n"
      "Exit status:\n"
      "  0    there is no problem; there may be warnings\n"
      "  1    there is a problem, or the report could not be printed\n"
      "Examples:\n"
      "  podwire doctor\n"
      "  podwire doctor --quiet --conf-dir ./conf\n"
      "  podwire doctor --json | jq -r '.findings[] | select(.severity == \"problem\") | .commands[]'");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
