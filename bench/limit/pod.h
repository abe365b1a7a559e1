// A pod on a bridge by the fewest requests: four datagrams for ADD, one for DEL.
#pragma once

#include "bench/limit/netlink.h"
#include "bench/limit/settings.h"

namespace podwire::limit {

/// Makes the bridge with its gateway addresses, and switches forwarding on, when there is no such bridge.
/// `host` is a socket in the host's namespace, where the caller is. Returns the bridge's index.
int ensure_bridge(Socket& host, const Settings& settings);

/// The pod's link, addresses, routes; the port forwards and the addresses are announced when it returns.
/// The process is inside the pod's namespace afterwards.
void add_pod(Socket& host, const Settings& settings, int bridge);

/// RTM_DELLINK of the host end. An absent one is success.
void delete_link(Socket& host, const Settings& settings);

}  // namespace podwire::limit
