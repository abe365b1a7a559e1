// A plugin's standard input.
#include "fuzz/property.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/validate.h"

namespace podwire::fuzz {

void run(std::string_view input) {
  auto conf = spec::parse_net_conf(std::string(input));
  if (!conf) {
    require_printable(conf.error());
    return;
  }
  require(conf->text == input, "the text is kept for delegates");
  require(spec::validate_network_name(conf->name).has_value(), "the name is valid");
  const std::string dumped = conf->document.dump();
  const auto again = Json::parse(dumped);
  require(again && again->dump() == dumped, "a document is read back unchanged");
  if (conf->prev_result) require_round_trip(*conf->prev_result);
  if (conf->prev_result_error) require_printable(*conf->prev_result_error);
  const auto mac = spec::requested_mac({.env = {}, .conf = std::move(*conf)});
  if (!mac)
    require_printable(mac.error());
  else if (*mac)
    require(!(*mac)->is_zero() && !(*mac)->is_multicast(), "a requested MAC is usable");
}

}  // namespace podwire::fuzz
