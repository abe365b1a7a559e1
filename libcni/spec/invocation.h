// One execution of a plugin: its environment and its standard input, parsed (SPEC section 2).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/json.h"
#include "libcni/spec/cni_args.h"
#include "libcni/spec/result.h"
#include "libcni/spec/version.h"

namespace podwire::spec {

enum class Verb : std::uint8_t { kAdd, kDel, kCheck, kGc, kStatus, kVersion };
[[nodiscard]] std::string_view text(Verb verb);

/// Identity of an attachment on the host (SPEC "Lifecycle": containerID and interface name, per network).
struct Attachment {
  std::string network;
  std::string container_id;
  std::string ifname;
  auto operator<=>(const Attachment&) const = default;
};

/// The CNI_* variables after validation. Fields a verb does not use are empty.
struct Environment {
  Verb verb = Verb::kVersion;
  std::string container_id;
  std::string netns;  ///< a path; may be empty for DEL
  std::string ifname;
  std::string args;               ///< CNI_ARGS as given
  std::vector<std::string> path;  ///< CNI_PATH split at ':', empty elements dropped
  bool netns_override = false;    ///< CNI_NETNS_OVERRIDE=1|true: the netns may be the plugin's own (D8)
};

using Getenv = std::function<std::optional<std::string>(const char* name)>;

/// Checks ENV-2 to ENV-6. Missing or invalid variables: kInvalidEnvironment; all missing ones are named:
/// `required env variables [CNI_CONTAINERID,CNI_NETNS] missing`.
[[nodiscard]] Result<Environment> parse_environment(const Getenv& getenv);

/// Keys of the network configuration that every plugin shares.
struct NetConf {
  Json document;     ///< the whole configuration as received; delegates get `text` verbatim
  std::string text;  ///< stdin, byte for byte (DLG-3)
  Version version = Version::v0_1_0;
  std::string name;
  std::string type;
  std::string ipam_type;  ///< "" when there is no IPAM
  Dns dns;
  bool has_dns = false;  ///< the key "dns" is an object with at least one key
  std::optional<AddResult> prev_result;
  /// Why prevResult could not be decoded. ADD and CHECK must report it, DEL must go on without.
  std::optional<Error> prev_result_error;
  std::optional<std::vector<Attachment>> valid_attachments;  ///< GC; null counts as an empty list (D14)
  std::string log_level = "warn";                            ///< trace, debug, info, warn, error, off
  std::string log_file;

  [[nodiscard]] JsonView view() const { return document.view(); }
};

/// Parses and checks what is common: JSON (kDecode), name (kInvalidNetworkConfig), cniVersion
/// (kIncompatibleVersion), in this order; then type, dns, ipam.type, cni.dev/valid-attachments (without it
/// the older key cni.dev/attachments), prevResult.
[[nodiscard]] Result<NetConf> parse_net_conf(std::string text);

/// What a verb of a plugin is called with.
struct Invocation {
  Environment env;
  NetConf conf;

  [[nodiscard]] Attachment attachment() const { return {conf.name, env.container_id, env.ifname}; }
};

/// Version gates of the verbs (ENV-10): CHECK from 0.4.0, GC and STATUS from 1.1.0. Error:
/// kIncompatibleVersion.
[[nodiscard]] Result<void> check_verb_allowed(Verb verb, Version version);

/// The address a caller asks for through any of the usual doors, without precedence: see the plugins'
/// READMEs. `mac` requests: runtimeConfig.mac, args.cni.mac, CNI_ARGS MAC; the first of them that is set.
/// Error: kInvalidNetworkConfig with the door's name; kDecode or kInvalidEnvironment if the door is
/// malformed.
[[nodiscard]] Result<std::optional<Mac>> requested_mac(const Invocation& invocation);

}  // namespace podwire::spec
