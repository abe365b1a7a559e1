#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libcni/base/text.h"
#include "shim/doctor/checks.h"

namespace podwire::doctor {
namespace {

namespace fs = std::filesystem;

/// podwire has plugins of these types.
bool is_type_of_ours(std::string_view type) {
  return type == "bridge" || type == "host-local";
}

std::string whole_text(const Error& error) {
  return error.details.empty() ? error.msg : fmt::format("{} ({})", error.msg, error.details);
}

void report_unloadable(const Observation& seen, Findings& findings) {
  for (const ConfFile& file : *seen.configuration.files) {
    if (file.network) continue;
    // The loader names the file.
    findings.problem(whole_text(file.network.error())).advise(fmt::format("correct {}", file.path.string()));
  }
}

void report_refusals(const Observation& seen, Findings& findings) {
  for (const ConfFile* file : seen.configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      for (const Error& refusal : attacher.refusals) {
        findings
            .problem(fmt::format("{}: network {:?}: ADD would fail: {}", file->path.string(),
                                 file->network->list.name, whole_text(refusal)))
            .advise(fmt::format("correct {}", file->path.string()));
      }
    }
  }
}

void report_double_names(const Observation& seen, Findings& findings) {
  std::map<std::string, const ConfFile*> first;
  for (const ConfFile* file : seen.configuration.networks()) {
    const auto [other, inserted] = first.try_emplace(file->network->list.name, file);
    if (inserted) continue;
    findings
        .warning(fmt::format("network {:?} is defined twice, in {} and in {}", other->first,
                             other->second->path.string(), file->path.string()))
        .advise("give each network a name of its own, or remove one of the files");
  }
}

class PluginCheck {
 public:
  PluginCheck(const Configuration& configuration, Findings& findings)
      : configuration_(configuration), findings_(findings) {}

  void look_at(const ConfFile& file, const NamedPlugin& plugin) {
    const std::string network = file.network->list.name;
    if (plugin.executable.empty()) {
      Finding& finding =
          findings_.problem(fmt::format("network {:?} names the plugin {:?}, which is not in {}", network,
                                        plugin.type, join(configuration_.plugin_path, " ")));
      finding.advise("install it into one of these directories, or name the directory with --plugin-dir");
      return;
    }
    if (!plugin.runnable) {
      findings_.problem(fmt::format("network {:?}: {} may not be executed", network, plugin.executable))
          .run(fmt::format("chmod 755 {}", plugin.executable));
    } else if (!plugin.ours && is_type_of_ours(plugin.type)) {
      Finding& finding =
          findings_.warning(fmt::format("network {:?}: the plugin {:?} is {}, which is not podwire's",
                                        network, plugin.type, plugin.executable));
      if (plugin.podwires.empty())
        finding.advise("install podwire's, if it is meant");
      else
        finding.run(fmt::format("install -m 755 {} {}", plugin.podwires, plugin.executable));
    }
  }

 private:
  const Configuration& configuration_;
  Findings& findings_;
};

}  // namespace

void check_conf_files(const Observation& seen, Findings& findings) {
  const Configuration& configuration = seen.configuration;
  if (!configuration.files) {
    findings.problem(whole_text(configuration.files.error()));
    return;
  }
  if (configuration.files->empty()) {
    findings.warning(fmt::format("no network is configured in {}", configuration.directory.string()))
        .advise("copy a list of podwire's conf/ there, or name another directory with --conf-dir");
    return;
  }
  report_unloadable(seen, findings);
  report_refusals(seen, findings);
  report_double_names(seen, findings);
  if (findings.has_spoken()) return;
  std::vector<std::string> names;
  for (const ConfFile* file : configuration.networks()) names.push_back(file->network->list.name);
  findings.ok(fmt::format("networks: {}", join(names, ", ")));
}

void check_conf_order(const Observation& seen, Findings& findings) {
  if (!seen.configuration.files || seen.configuration.files->empty()) return;
  const auto networks = seen.configuration.networks();
  const auto ours =
      std::ranges::find_if(networks, [](const ConfFile* file) { return file->network->is_ours(); });
  const fs::path& first = seen.configuration.files->front().path;
  if (ours != networks.end() && (*ours)->path != first) {
    const fs::path renamed = (*ours)->path.parent_path() / ("00-" + (*ours)->path.filename().string());
    Finding& finding =
        findings.warning(fmt::format("container runtimes take the first file, {}, and not podwire's {}",
                                     first.string(), (*ours)->path.string()));
    if (renamed < first)
      finding.run(fmt::format("mv {} {}", (*ours)->path.string(), renamed.string()));
    else
      finding.advise(
          fmt::format("give it a name that sorts before {}, or remove that file", first.filename().string()));
    return;
  }
  const std::size_t others = seen.configuration.files->size() - 1;
  if (others > 0 && !seen.software.runtimes.empty()) {
    findings
        .warning(fmt::format("{} takes {} and none of the {} other files",
                             join(seen.software.runtimes, " or "), first.string(), others))
        .advise("move those that are not meant for it to another directory, and name that with --conf-dir");
    return;
  }
  findings.ok(fmt::format("container runtimes take {}", first.string()));
}

void check_plugins(const Observation& seen, Findings& findings) {
  PluginCheck check(seen.configuration, findings);
  for (const ConfFile* file : seen.configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      check.look_at(*file, attacher.plugin);
      if (attacher.ipam) check.look_at(*file, *attacher.ipam);
    }
  }
}

}  // namespace podwire::doctor
