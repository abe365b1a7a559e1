// podwire explain
#include <fmt/format.h>

#include <memory>

#include "shim/cni_attachment.h"
#include "shim/explain/script.h"

namespace podwire::shim {
namespace {

struct Options {
  AttachmentOptions attachment;
  std::vector<std::string> addresses;
  bool json = false;
};

/// `ip -n` knows namespaces by their name; the usual spellings of its path are taken, too.
Result<std::string> netns_name(const std::string& netns) {
  std::string_view name = netns;
  for (const std::string_view directory : {"/run/netns/", "/var/run/netns/"}) {
    if (name.starts_with(directory)) name.remove_prefix(directory.size());
  }
  const bool is_name = !name.empty() && name != "." && name != ".." && !name.contains('/');
  if (is_name) return std::string(name);
  return fail(Code::kInvalidEnvironment,
              fmt::format("--netns {}: expected a name, as in `ip netns add NAME`", netns),
              "a namespace elsewhere gets one by `ip netns attach NAME PID`");
}

Result<std::vector<Cidr>> parse_addresses(const std::vector<std::string>& texts) {
  std::vector<Cidr> addresses;
  for (const std::string& text : texts) {
    const auto address = Cidr::parse(text);
    if (!address) {
      return fail(Code::kInvalidEnvironment, fmt::format("--ip {}: {}", text, address.error().msg),
                  "expected ADDRESS/LENGTH");
    }
    addresses.push_back(*address);
  }
  return addresses;
}

Result<int> run(const Options& options) {
  const spec::NetworkList list = TRY(load_list(options.attachment.network, options.attachment.conflist));
  ExplainRequest request{.list = list};
  request.conf = TRY(runtime_conf(options.attachment));
  request.netns = TRY(netns_name(options.attachment.netns));
  if (request.conf.container_id.empty()) request.conf.container_id = request.netns;
  request.assumed_addresses = TRY(parse_addresses(options.addresses));
  const Explanation explanation = TRY(explain(request));
  if (options.json) {
    for (const std::string& notice : explanation.notices) fmt::print(stderr, "note: {}\n", notice);
  }
  TRY(print(options.json ? steps_json(explanation) : script(explanation)));
  return 0;
}

}  // namespace

void register_explain(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  options->attachment.netns = "POD";
  CLI::App* command = parent.add_subcommand(
      "explain", "Show an ADD as ip, bridge, nft and sysctl commands; nothing is touched");
  command
      ->add_option("CONFLIST", options->attachment.conflist,
                   "Network list: a file, or a network's name in --conf-dir")
      ->required();
  command
      ->add_option("--netns", options->attachment.netns,
                   "The pod's network namespace as `ip -n` names it; need not exist")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--id", options->attachment.id, "Container ID; default: the namespace's name")
      ->type_name("ID");
  add_request_options(*command, options->attachment);
  command
      ->add_option("--ip", options->addresses,
                   "Address that an IPAM plugin would return which is not podwire's, may be repeated")
      ->type_name("ADDRESS/LENGTH")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "Print a JSON array of {plugin, step, comment, commands}");
  add_conf_directory(*command, options->attachment.network);
  command->footer(
      "Needs no root; without it, what is in nftables and in leases of others is not known. The commands do "
      "to the\n"
      "kernel what the plugins would, and fit this node as it is now: run them before it changes.\n"
      "Examples:\n"
      "  podwire explain conf/10-bridge.conflist\n"
      "  ip netns add web && podwire explain conf/10-bridge.conflist --netns web | sh");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
