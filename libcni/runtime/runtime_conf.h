// What a runtime knows about one attachment besides the network it joins (libcni calls it RuntimeConf).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libcni/base/json.h"
#include "libcni/spec/invocation.h"

namespace podwire::runtime {

struct RuntimeConf {
  std::string container_id;
  std::string netns;  ///< a path; may be empty for DEL when the netns is gone
  std::string ifname;
  std::vector<std::pair<std::string, std::string>> args;  ///< CNI_ARGS, in order
  Json capability_args = Json::object();                  ///< capability name → its argument

  [[nodiscard]] spec::Attachment attachment(const std::string& network) const {
    return {network, container_id, ifname};
  }
};

/// CNI_ARGS as the plugin gets it: "K=V;K=V".
[[nodiscard]] std::string args_text(const std::vector<std::pair<std::string, std::string>>& args);

/// "K=V" pairs as a user types them. Error: kInvalidEnvironment when a pair has no '=', an empty half, or a
/// character that CNI_ARGS cannot carry (';', a second '='), ARG-1 and ARG-5.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_arg(std::string_view text);

}  // namespace podwire::runtime
