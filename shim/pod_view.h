// How pods are shown: `pod add`, `pod ls` and `pod show` print the same objects and words.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/json.h"
#include "shim/pod/directory.h"
#include "shim/pod/pod.h"

namespace podwire::shim {

/// Addresses of the pod's own interface, without those of the host's side.
[[nodiscard]] std::vector<std::string> pod_addresses(const pod::PodNetwork& network);
/// MAC of the pod's own interface; "" when the result does not tell.
[[nodiscard]] std::string pod_mac(const pod::PodNetwork& network);
/// Published ports, "8080:80/tcp".
[[nodiscard]] std::vector<std::string> pod_ports(const pod::PodNetwork& network);

/// The object of --json; its keys are documented in README.md.
[[nodiscard]] Result<Json> pod_json(const pod::Pod& pod, const pod::PodDirectory& directory);

/// Lines for people.
[[nodiscard]] std::string pod_text(const pod::Pod& pod, const pod::PodDirectory& directory);

}  // namespace podwire::shim
